import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { document, type Entry } from "../../scripts/reliability.mjs"
import { PARTS, REPORTS } from "../../scripts/soak-parts.mjs"
import { root } from "../../scripts/workspaces.mjs"

const read = (file: string) => readFileSync(join(root, "docs", file), "utf8")
const entries: Entry[] = JSON.parse(read("reliability.json"))

describe("docs/reliability.md", () => {
  it("is what the script writes from the reports: no figure is put there by hand", () => {
    expect(read("reliability.md")).toBe(document(entries))
  })

  it("has parts that exist, once", () => {
    const names = entries.map(entry => entry.name)
    expect(names).toEqual(REPORTS.filter(name => names.includes(name)))
  })

  it("says what was not run, what was run smaller, and what failed", () => {
    const [one] = entries as [Entry]
    const smaller = { ...one, size: { ran: 5, full: 1000, unit: "rounds" } }
    expect(document([smaller])).toContain("5 of 1,000 rounds")
    expect(document([smaller])).toContain(`Not run: ${REPORTS.filter(name => name !== one.name).join(", ")}.`)
    const failed = document([{ ...one, failed: true }])
    expect(failed).toContain("**FAILED**")
    expect(failed).toContain("Failed. There are no figures.")
  })
})

describe("npm run soak", () => {
  it("runs commands that exist", () => {
    for (const { workspace, script } of PARTS) {
      const { scripts } = JSON.parse(readFileSync(join(root, workspace, "package.json"), "utf8"))
      expect(Object.keys(scripts), workspace).toContain(script)
    }
  })
})
