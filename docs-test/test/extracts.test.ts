import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/workspaces.mjs"
import { isTakenFrom, readDocs } from "./support/docs.js"

/** The lines of a region, or the whole file; without the marks of regions inside. */
function extract(from: string): string[] {
  const [file = "", region] = from.split("#")
  expect(existsSync(join(root, file)), `${file} exists`).toBe(true)
  const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n")
  const start = region === undefined ? 0 : lines.indexOf(`// #region ${region}`) + 1
  const end = region === undefined ? lines.length : lines.indexOf(`// #endregion ${region}`)
  expect(region === undefined || (start > 0 && end >= start), `${file} has the region ${region}`).toBe(true)
  return lines.slice(start, end).filter(line => !/^\/\/ #(end)?region /.test(line))
}

describe("code that the docs show from a file", () => {
  const taken = readDocs().flatMap(({ file, blocks }) => blocks.map(block => ({ file, ...block })))
  for (const { file, from, lines, at } of taken) {
    if (from === null) continue
    it(`is what the file has: ${file}:${at} from ${from}`, () => {
      const whole = extract(from)
      if (!isTakenFrom(lines, whole)) expect(lines).toEqual(whole)
    })
  }
})
