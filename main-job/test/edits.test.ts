import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { countEdits, type Edit, editsOf, finalText, type Script, textAfter } from "../src/edits.js"

const typed = (text: string): Script => ({ kind: "typed", text })
const recorded = (start: string, end: string, ...patches: [number, number, string][]): Script => ({
  kind: "recorded",
  trace: { start, end, patches },
})

/** What the edits mean, in the plainest way. */
function applyAll(edits: Iterable<Edit>): string {
  let text = ""
  for (const { index, deleted, inserted } of edits) {
    text = text.slice(0, index) + inserted + text.slice(index + deleted)
  }
  return text
}

describe("a typed text", () => {
  it("is typed one code point at a time", () => {
    expect([...editsOf(typed("a😀b"))]).toEqual([
      { index: 0, deleted: 0, inserted: "a" },
      { index: 1, deleted: 0, inserted: "😀" },
      { index: 3, deleted: 0, inserted: "b" },
    ])
  })

  it("has a wrong key now and then, deleted at once", () => {
    const edits = [...editsOf(typed("x".repeat(50)))]
    expect(edits).toHaveLength(52)
    expect(edits.slice(49)).toEqual([
      { index: 49, deleted: 0, inserted: expect.stringMatching(/^[a-z]$/) },
      { index: 49, deleted: 1, inserted: "" },
      { index: 49, deleted: 0, inserted: "x" },
    ])
  })

  it("comes out as it was, and is well-formed after every edit", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", "\u{1f600}", "\n", "\u{10ffff}", "字"), maxLength: 200 })
    fc.assert(
      fc.property(text, sample => {
        const script = typed(sample)
        expect(applyAll(editsOf(script))).toBe(sample)
        expect(finalText(script)).toBe(sample)
        for (let n = 0; n <= countEdits(script); n++) expect(textAfter(script, n).isWellFormed()).toBe(true)
      }),
    )
  })

  it("gives the same edits each time", () => {
    const script = typed("the same text ".repeat(30))
    expect([...editsOf(script)]).toEqual([...editsOf(script)])
  })

  it("of no characters has no edits", () => {
    expect(countEdits(typed(""))).toBe(0)
    expect(textAfter(typed(""), 0)).toBe("")
  })
})

describe("textAfter", () => {
  it("is what the first n edits made, for every n", () => {
    const script = recorded("", "", [0, 0, "hello"], [1, 3, "😀"], [3, 0, "!"], [0, 4, ""])
    const edits = [...editsOf(script)]
    for (let n = 0; n <= edits.length; n++) expect(textAfter(script, n)).toBe(applyAll(edits.slice(0, n)))
  })
})

describe("a recorded session", () => {
  it("counts positions and deletions in code points", () => {
    const script = recorded("", "😀éc", [0, 0, "😀😀b"], [1, 1, "é"], [2, 1, "c"])
    expect([...editsOf(script)]).toEqual([
      { index: 0, deleted: 0, inserted: "😀😀b" },
      { index: 2, deleted: 2, inserted: "é" },
      { index: 3, deleted: 1, inserted: "c" },
    ])
    expect(applyAll(editsOf(script))).toBe("😀éc")
  })

  it("begins with its start content", () => {
    const script = recorded("a😀", "a😀b", [2, 0, "b"])
    expect([...editsOf(script)]).toEqual([
      { index: 0, deleted: 0, inserted: "a😀" },
      { index: 3, deleted: 0, inserted: "b" },
    ])
  })

  it("leaves out patches that change nothing, for which Yjs makes no update", () => {
    expect(countEdits(recorded("", "a", [0, 0, ""], [0, 0, "a"], [1, 0, ""]))).toBe(1)
  })

  it.each([
    [5, 0],
    [0, 5],
    [3, 1],
  ])("refuses a patch at %i that deletes %i of 3", (position, deleted) => {
    expect(() => countEdits(recorded("abc", "", [position, deleted, "x"]))).toThrow(RangeError)
  })

  it("agrees with editing a list of code points", () => {
    const patch = fc.tuple(fc.nat(40), fc.nat(5), fc.string({ unit: fc.constantFrom("a", "😀", "é"), maxLength: 5 }))
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 40 }), wishes => {
        const points: string[] = []
        const patches = wishes.map(([at, count, text]): [number, number, string] => {
          const position = Math.min(at, points.length)
          const deleted = Math.min(count, points.length - position)
          points.splice(position, deleted, ...text)
          return [position, deleted, text]
        })
        const script = recorded("", points.join(""), ...patches)
        expect(applyAll(editsOf(script))).toBe(points.join(""))
        expect(textAfter(script, Number.POSITIVE_INFINITY)).toBe(points.join(""))
      }),
    )
  })
})
