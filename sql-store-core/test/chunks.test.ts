import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cutBytes, cutText, joinBytes, joinText } from "../src/chunks.js"
import { PIECE_BYTES } from "../src/limits.js"
import { text } from "./samples.js"

const limit = fc.integer({ min: 4, max: 50 })
const utf8Length = (value: string) => Buffer.byteLength(value, "utf8")

describe("cutText", () => {
  test("pieces join to the text, fit the limit, and split no surrogate pair", () => {
    fc.assert(
      fc.property(text, limit, (value, most) => {
        const pieces = cutText(value, most)
        expect(joinText(pieces)).toBe(value)
        for (const piece of pieces) {
          expect(utf8Length(piece)).toBeLessThanOrEqual(most)
          expect(piece.isWellFormed()).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test("every piece but the last is as long as fits, so the cut is the same on every backend", () => {
    fc.assert(
      fc.property(text, limit, (value, most) => {
        const pieces = cutText(value, most)
        pieces.slice(0, -1).forEach((piece, at) => {
          const next = String.fromCodePoint(pieces[at + 1]?.codePointAt(0) ?? 0)
          const fits = utf8Length(piece) + utf8Length(next) <= most
          // A text that is short by the quick count is not cut at all.
          expect(fits).toBe(false)
        })
      }),
      { numRuns: 1000 },
    )
  })

  test("empty text is one empty piece", () => {
    expect(cutText("")).toEqual([""])
  })

  test("a pair that straddles the limit goes whole into the next piece", () => {
    expect(cutText("aaa😀b", 4)).toEqual(["aaa", "😀", "b"])
    expect(cutText("aaaa😀", 5)).toEqual(["aaaa", "😀"])
    expect(cutText("a😀", 5)).toEqual(["a😀"])
  })

  test("texts around the limit", () => {
    for (const [length, pieces] of [
      [PIECE_BYTES - 1, 1],
      [PIECE_BYTES, 1],
      [PIECE_BYTES + 1, 2],
      [2 * PIECE_BYTES, 2],
      [2 * PIECE_BYTES + 1, 3],
    ] as const) {
      expect(cutText("x".repeat(length))).toHaveLength(pieces)
    }
    expect(cutText("€".repeat(333_333))).toHaveLength(1)
    expect(cutText("€".repeat(333_334)).map(utf8Length)).toEqual([999_999, 3])
    expect(cutText("😀".repeat(250_001)).map(utf8Length)).toEqual([1_000_000, 4])
  })

  test("64 MiB of text", () => {
    const value = "aé€😀".repeat((64 * 1024 * 1024) / 10)
    const pieces = cutText(value)
    expect(pieces).toHaveLength(Math.ceil(utf8Length(value) / PIECE_BYTES))
    expect(joinText(pieces) === value).toBe(true)
  })

  test("a limit that may never make progress is refused", () => {
    expect(() => cutText("a", 3)).toThrow(RangeError)
    expect(() => cutBytes(new Uint8Array(1), 0)).toThrow(RangeError)
    expect(() => cutBytes(new Uint8Array(1), Number.NaN)).toThrow(RangeError)
  })
})

describe("cutBytes", () => {
  test("pieces join to the bytes and fit the limit", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), limit, (value, most) => {
        const pieces = cutBytes(value, most)
        expect(joinBytes(pieces)).toEqual(value)
        expect(pieces).toHaveLength(Math.max(1, Math.ceil(value.length / most)))
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(most)
      }),
    )
  })

  test("bytes that are a multiple of the limit have no empty piece behind them, and those that fit are not copied", () => {
    const bytes = Uint8Array.from({ length: 12 }, (_, i) => i)
    expect(cutBytes(bytes, 4).map(piece => [...piece])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ])
    expect(cutBytes(bytes, 12)[0]).toBe(bytes)
    expect(cutBytes(bytes, 13)[0]).toBe(bytes)
  })

  test("no bytes are one empty piece", () => {
    expect(cutBytes(new Uint8Array())).toEqual([new Uint8Array()])
  })

  test("joined bytes own exactly their buffer", () => {
    const joined = joinBytes(cutBytes(Buffer.from("abcdefgh"), 4))
    expect(joined.constructor).toBe(Uint8Array)
    expect([joined.byteOffset, joined.buffer.byteLength]).toEqual([0, 8])
  })
})
