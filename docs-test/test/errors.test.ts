import { readFileSync } from "node:fs"
import { join } from "node:path"
import { STORE_ERROR_CODES, StoreError } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/workspaces.mjs"

const text = readFileSync(join(root, "docs/errors.md"), "utf8")
const sections = text.split(/^## /m).slice(1)
const titles = sections.map(section => section.slice(0, section.indexOf("\n")))

/** What the comment in the source says of each code. */
const comments = new Map(
  [...readFileSync(join(root, "store-core/src/errors.ts"), "utf8").matchAll(/^ \* - `(STORE_[A-Z_]+)`: (.*)$/gm)].map(
    ([, code = "", comment = ""]) => [code, comment],
  ),
)

function point(section: string, name: string): string {
  const found = new RegExp(`^- \\*\\*${name}:\\*\\* ([\\s\\S]*?)(?=\\n- |\\s*$)`, "m").exec(section)?.[1]
  return (found ?? "").replaceAll(/\s+/g, " ").trim()
}

describe("docs/errors.md", () => {
  it("has one heading for each code, in the order of the code", () => {
    expect(titles).toEqual([...STORE_ERROR_CODES])
  })

  it("is about the codes that the source comments on", () => {
    expect([...comments.keys()]).toEqual([...STORE_ERROR_CODES])
  })

  for (const code of STORE_ERROR_CODES) {
    const section = sections[titles.indexOf(code)] ?? ""
    const comment = comments.get(code) ?? ""

    it(`says of ${code} what the source says, and gives cause and remedy`, () => {
      const meaning = `${comment.slice(0, comment.indexOf("."))}.`
      expect(point(section, "Meaning").toLowerCase()).toBe(meaning.toLowerCase())
      expect(point(section, "Cause")).not.toBe("")
      expect(point(section, "Remedy")).not.toBe("")
    })

    it(`says whether ${code} is retryable`, () => {
      const { retryable } = new StoreError(code, "", { backend: "none" })
      expect(point(section, "Retryable")).toBe(retryable ? "yes" : "no")
    })
  }
})
