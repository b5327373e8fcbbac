import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { replaceBetween, rowsTable, runtimeTable, suiteIds } from "../../scripts/runtime-table.mjs"
import { root } from "../../scripts/workspaces.mjs"

const text = readFileSync(join(root, "docs/runtimes.md"), "utf8")
const AGAIN = "run `npm test`, then `npm run docs:runtimes`"

function between(name: string): string[] {
  const part = text.slice(text.indexOf(`<!-- ${name} -->`), text.indexOf(`<!-- /${name} -->`))
  return part.split("\n").filter(line => line.startsWith("| ") && !line.startsWith("| ---"))
}

const cells = (line: string) =>
  line
    .split("|")
    .map(cell => cell.trim())
    .slice(1, -1)

describe("docs/runtimes.md", () => {
  const [head = "", ...rows] = between("conformance")

  it("has a run of every runtime", () => {
    const runtimes = ["better-sqlite3", "Node.js", "Bun", "workerd", "sql.js"]
    for (const runtime of runtimes)
      expect(
        rows.some(row => cells(row)[1]?.includes(runtime)),
        runtime,
      ).toBe(true)
  })

  it("has as many cases in every run as the suite has now", async () => {
    const { length } = await suiteIds()
    const at = cells(head).indexOf("cases")
    for (const row of rows) expect(Number(cells(row)[at]), `${AGAIN}: ${row}`).toBe(length)
  })

  it("says that every case passed", () => {
    for (const row of rows) {
      const [cases, passed, failed, notRun] = cells(row).slice(2).map(Number)
      expect([passed, failed, notRun], row).toEqual([cases, 0, 0])
    }
  })

  it("has what was counted in workerd", () => {
    const [, ...lines] = between("rows-written")
    expect(lines.map(line => cells(line)[0])).toContain("append one entry")
  })

  it("has the compatibility date that the tests hold", () => {
    const spec = readFileSync(join(root, "sqlite-store/test/durable-object/compatibility.spec.ts"), "utf8")
    const date = /EARLIEST = "(.*)"/.exec(spec)?.[1]
    expect(date).toBeDefined()
    expect(text).toContain(`\`${date}\``)
  })
})

describe("scripts/runtime-table.mjs", () => {
  const cases = [
    { id: "one", title: "", status: "passed" },
    { id: "two", title: "", status: "failed" },
    { id: "three", title: "", status: "not run", reason: "needs reopen" },
  ]
  const report = { name: "a store", runtime: "Node.js 1", passed: 1, failed: 1, notRun: 1, cases }

  it("writes a line for each run, and why cases did not pass", () => {
    const table = runtimeTable([{ report, versions: "Node.js 1, driver 2" }])
    expect(table.split("\n").slice(2)).toEqual([
      "| a store | Node.js 1, driver 2 | 3 | 1 | 1 | 1 |",
      "",
      "- a store: `two` failed",
      "- a store: `three` not run (needs reopen)",
    ])
  })

  it("writes the rows of each kind of write", () => {
    expect(
      rowsTable([{ write: "append", store: 2, textbook: 1 }])
        .split("\n")
        .at(-1),
    ).toBe("| append | 2 | 1 |")
  })

  it("changes what is between the marks only, and fails where there are none", () => {
    const document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
    const changed = "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n"
    expect(replaceBetween(document, "x", "new")).toBe(changed)
    expect(replaceBetween(changed, "x", "new")).toBe(changed)
    expect(() => replaceBetween(document, "y", "new")).toThrow("marks")
  })
})
