import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { prefixRange } from "../src/prefix-range.js"
import { text } from "./samples.js"

const order = (a: string, b: string) => Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"))

function inRange(id: string, prefix: string): boolean {
  const { from, below } = prefixRange(prefix)
  return order(from, id) <= 0 && (below === null || order(id, below) < 0)
}

/** Few, awkward code points, so that ids share prefixes and lie next to the bounds. */
const awkward = fc.string({
  unit: fc.constantFrom(
    ..."aAb%_\\[*/0:~",
    ...["\u0001", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff"],
    ...["\u{10000}", "\u{1f600}", "\u{10ffff}"],
  ),
  maxLength: 6,
})

describe("a range holds exactly the ids with the prefix, in UTF-8 byte order (LIST-1, LIST-2)", () => {
  test.each([
    ["ids and prefixes of awkward characters", awkward],
    ["arbitrary ids and prefixes", text],
  ])("%s", (_name, ids) => {
    fc.assert(
      fc.property(ids, ids, ids, (prefix, id, rest) => {
        expect(inRange(id, prefix)).toBe(id.startsWith(prefix))
        expect(inRange(prefix + rest, prefix)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  test("the bound itself never starts with the prefix and is well-formed without U+0000", () => {
    fc.assert(
      fc.property(awkward, prefix => {
        const { below } = prefixRange(prefix)
        if (below === null) {
          expect(prefix).toMatch(/^\u{10ffff}*$/u)
          return
        }
        expect(below.startsWith(prefix)).toBe(false)
        expect(below.isWellFormed()).toBe(true)
        expect(below).not.toContain("\0")
      }),
    )
  })

  test.each([
    ["", null],
    ["p/", "p0"],
    ["a%", "a&"],
    ["\u007f", "\u0080"],
    ["\u07ff", "\u0800"],
    ["x\ud7ff", "x\ue000"],
    ["x\uffff", "x\u{10000}"],
    ["x\u{1f600}", "x\u{1f601}"],
    ["a\u{10ffff}", "b"],
    ["a\u{10ffff}\u{10ffff}", "b"],
    ["\u{10ffff}", null],
    ["\u{10ffff}\u{10ffff}", null],
    ["\u{10fffe}", "\u{10ffff}"],
  ])("prefix %j is below %j", (prefix, below) => {
    expect(prefixRange(prefix)).toEqual({ from: prefix, below })
  })
})
