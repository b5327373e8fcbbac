import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { problemsOf, rulesOf } from "../../scripts/check-spec.mjs"
import { elsewhere } from "../src/elsewhere.js"

const spec = `# Title
- **ID-1** A rule that goes on
  over two lines, and names **ID-9** in passing.
- **ID-2** Another.
`
const sound = [{ id: "a", rules: ["ID-1", "ID-2"] }]
const files = (file: string) => (file === "a.test.ts" ? 'it("opens")' : null)

function problems(cases = sound, elsewhere: Record<string, { file: string; title: string }[]> = {}) {
  return problemsOf(rulesOf(spec), cases, elsewhere, files)
}

describe("check:spec", () => {
  it("reads the rules of the list and no other", () => {
    expect(rulesOf(spec)).toEqual(["ID-1", "ID-2"])
  })

  it("finds nothing wrong where every rule has a case or a test elsewhere", () => {
    expect(problems()).toEqual([])
    const elsewhere = { "ID-2": [{ file: "a.test.ts", title: "opens" }] }
    expect(problems([{ id: "a", rules: ["ID-1"] }], elsewhere)).toEqual([])
  })

  it("names every rule without a case, unknown rule and repeated or ruleless case", () => {
    const cases = [
      { id: "a", rules: ["ID-1", "ID-9"] },
      { id: "a", rules: [] },
    ]
    expect(problems(cases)).toEqual([
      "two cases have the id a",
      "case a names ID-9, which is not in SPEC.md",
      "case a names no rule",
      "rule ID-2 has no case",
    ])
    expect(problemsOf(["ID-1", "ID-1"], [{ id: "a", rules: ["ID-1"] }], {}, files)).toEqual([
      "SPEC.md has the rule ID-1 twice",
    ])
  })

  it("finds the tests that the repository has elsewhere", () => {
    const read = (file: string) => {
      const path = join(import.meta.dirname, "../..", file)
      return existsSync(path) ? readFileSync(path, "utf8") : null
    }
    expect(problemsOf(Object.keys(elsewhere), [], elsewhere, read)).toEqual([])
  })

  it("checks that the tests elsewhere exist and are needed", () => {
    const cases = [{ id: "a", rules: ["ID-1"] }]
    expect(problems(cases, { "ID-2": [{ file: "gone.test.ts", title: "opens" }] })).toEqual([
      "elsewhere.ts names gone.test.ts for ID-2, which is not there",
    ])
    expect(problems(cases, { "ID-2": [{ file: "a.test.ts", title: "closes" }] })).toEqual([
      'a.test.ts has no test "closes", which elsewhere.ts names for ID-2',
    ])
    expect(problems(cases, { "ID-2": [] })).toEqual(["elsewhere.ts names no test for ID-2"])
    expect(problems(sound, { "ID-2": [{ file: "a.test.ts", title: "opens" }] })).toEqual([
      "elsewhere.ts names ID-2, which has a case",
    ])
    expect(problems(sound, { "ID-9": [{ file: "a.test.ts", title: "opens" }] })).toEqual([
      "elsewhere.ts names ID-9, which is not in SPEC.md",
    ])
  })
})
