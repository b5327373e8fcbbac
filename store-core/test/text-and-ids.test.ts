import { checkDocId, checkPrefix, compareUtf8, isStoreError, MAX_DOC_ID_BYTES } from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isStorableText, utf8LengthExceeds } from "../src/text.js"

const codePoints = fc.string({ unit: "binary" })

function refused(check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    if (!isStoreError(error, "STORE_INVALID_DOC_ID")) throw error
    return true
  }
}

describe("ids", () => {
  it.each([
    ["one byte", "a"],
    ["a space", " "],
    ["a line end", "\r\n"],
    ["a byte order mark first", "\ufeffa"],
    ["the last code point", "\u{10ffff}"],
    ["noncharacters", "\ufffe\uffff"],
    ["a path", "../x"],
    ["1,024 bytes of one byte", "a".repeat(1024)],
    ["1,024 bytes of two bytes", "é".repeat(512)],
    ["1,023 bytes of three bytes", "\uffff".repeat(341)],
    ["1,024 bytes of four bytes", "😀".repeat(256)],
  ])("ID-1: %s is an id and a prefix", (_, id) => {
    expect([refused(() => checkDocId(id, "test")), refused(() => checkPrefix(id, "test"))]).toEqual([false, false])
  })

  it.each([
    ["1,025 bytes of one byte", "a".repeat(1025)],
    ["1,025 bytes in 513 characters", `${"é".repeat(512)}a`],
    ["1,026 bytes of three bytes", "\uffff".repeat(342)],
    ["1,025 bytes in 513 units", `${"😀".repeat(256)}a`],
    ["U+0000 first", "\0a"],
    ["U+0000 alone", "\0"],
    ["U+0000 last", "a\0"],
    ["a high surrogate", "a\ud800"],
    ["a low surrogate", "\udc00a"],
    ["a pair the wrong way round", "\udc00\ud800"],
    ["null", null],
    ["a number", 1],
    ["a symbol", Symbol("a")],
    ["bytes", new Uint8Array([97])],
    ["a String object", new String("a")],
    ["a function", () => "a"],
    ["an object with toString", { toString: () => "a" }],
  ])("ID-2: %s is no id and no prefix", (_, id) => {
    expect([refused(() => checkDocId(id, "test")), refused(() => checkPrefix(id, "test"))]).toEqual([true, true])
  })

  it("ID-2, LIST-5: the empty string is a prefix and no id; undefined is neither", () => {
    expect([refused(() => checkDocId("", "test")), refused(() => checkPrefix("", "test"))]).toEqual([true, false])
    expect([refused(() => checkDocId(undefined, "test")), refused(() => checkPrefix(undefined, "test"))]).toEqual([
      true,
      true,
    ])
  })

  it("ID-1: a string is an id exactly when it is storable and has 1 to 1,024 bytes", () => {
    const check = (text: string) => {
      const bytes = new TextEncoder().encode(text).byteLength
      const valid = text.isWellFormed() && !text.includes("\0") && bytes > 0 && bytes <= MAX_DOC_ID_BYTES
      expect(refused(() => checkDocId(text, "test"))).toBe(!valid)
    }
    fc.assert(fc.property(codePoints, check))
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "\0", "\ud800", "\udc00", "é"), maxLength: 9 }), check),
    )
    fc.assert(fc.property(fc.constantFrom("a", "é", "€", "😀"), fc.nat(1030), (one, n) => check(one.repeat(n))))
  })

  it("ERROR-1, ERROR-2: says what was not valid, and for whose store", () => {
    const thrown = (check: () => void) => {
      try {
        check()
        return null
      } catch (error) {
        return error
      }
    }
    expect(thrown(() => checkDocId(7, "test"))).toMatchObject({
      backend: "test",
      message: expect.stringMatching(/^Document id is not valid: it is of type number, not a string\. /),
    })
    expect(thrown(() => checkPrefix("\0", "test"))).toMatchObject({
      backend: "test",
      message: expect.stringMatching(/^Prefix "\\u0000" is not valid: it contains U\+0000/),
    })
  })

  it("ERROR-2: the message shows the value, cut where it is long, and the remedy", () => {
    for (const value of ["x\0", "y".repeat(100_000_000)]) {
      try {
        checkDocId(value, "test")
        expect.unreachable()
      } catch (error) {
        const { message } = error as Error
        expect(message).toContain(JSON.stringify(value.slice(0, 40)))
        expect(message).toContain("Pass a well-formed string")
        expect(message.length).toBeLessThan(300)
      }
    }
  })
})

describe("text", () => {
  it("storable text has no U+0000 and no unpaired surrogate", () => {
    expect(["", "a", "😀", "\ud800", "\udc00", "\0", "a\0b", "\u{10ffff}"].map(isStorableText)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ])
  })

  it("the length in UTF-8 is exact to the byte", () => {
    fc.assert(
      fc.property(codePoints, fc.integer({ min: -2, max: 2 }), (text, offset) => {
        const bytes = new TextEncoder().encode(text).byteLength
        expect(utf8LengthExceeds(text, bytes + offset)).toBe(offset < 0)
      }),
    )
  })

  it("LIST-2: surrogates come behind all other units, the first of them too", () => {
    const ordered = ["\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"]
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) expect(Math.sign(compareUtf8(a, b)), `${i} ${j}`).toBe(Math.sign(i - j))
    }
  })

  it("LIST-2: two strings compare as their UTF-8 bytes do", () => {
    const sign = (n: number) => (n === 0 ? 0 : n < 0 ? -1 : 1)
    const close = fc.string({
      unit: fc.constantFrom("a", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}"),
      maxLength: 4,
    })
    for (const text of [codePoints, close]) {
      fc.assert(
        fc.property(text, text, (a, b) => {
          const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
          expect(sign(compareUtf8(a, b))).toBe(expected)
          expect(sign(compareUtf8(a, a))).toBe(0)
        }),
        { numRuns: 1000 },
      )
    }
  })
})
