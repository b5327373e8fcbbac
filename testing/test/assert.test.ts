import { StoreError } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { collect, deepEqual, equal, ok, rejects, show, storeError, within } from "../src/assert.js"

class Named {
  readonly a = 1
}

const details = { backend: "test", docId: "doc" }

describe("equal and ok", () => {
  it("tells values apart as Object.is does and names both", () => {
    equal(Number.NaN, Number.NaN)
    expect(() => equal(0, -0, "zero")).toThrow("zero: expected -0, got 0")
    expect(() => equal("1", 1)).toThrow('expected 1, got "1"')
    expect(() => ok(false, "the sky is blue")).toThrow("the sky is blue: expected true, got false")
  })
})

describe("deepEqual", () => {
  const same: [string, unknown, unknown][] = [
    ["nested objects", { a: [1, { b: "x" }] }, { a: [1, { b: "x" }] }],
    ["objects with and without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["bytes of equal content", Uint8Array.of(1, 2), Uint8Array.of(9, 1, 2).subarray(1)],
    ["the same object of a class", details, details],
  ]
  it.each(same)("takes %s as equal", (_, actual, expected) => deepEqual(actual, expected))

  const different: [string, unknown, unknown, string][] = [
    [
      "an undefined key and an absent one",
      { a: undefined },
      {},
      "value at a: expected nothing (no such key), got undefined",
    ],
    ["an absent key and an undefined one", {}, { a: undefined }, "value at a: expected undefined, got nothing"],
    ["a Buffer and a Uint8Array", Buffer.from([1]), Uint8Array.of(1), "expected Uint8Array [1], got Buffer [1]"],
    ["bytes of other content", [Uint8Array.of(1, 2)], [Uint8Array.of(1, 3)], "value at 0"],
    ["bytes of other length", Uint8Array.of(1), Uint8Array.of(1, 0), "expected Uint8Array [1, 0], got Uint8Array [1]"],
    ["bytes and an object that looks like them", { 0: 1 }, Uint8Array.of(1), "got {0: 1}"],
    ["other typed arrays", Int8Array.of(1), Uint8Array.of(1), "got Int8Array [1]"],
    ["an array and an object", [], {}, "expected {}, got []"],
    ["arrays of other lengths", [1, 2], [1], "value at length: expected 1, got 2"],
    ["a deep difference", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, "value at a.0.b: expected 2, got 1"],
    ["null and an object", null, {}, "expected {}, got null"],
    ["an object of a class and a plain one", new Named(), { a: 1 }, "got Named {a: 1}"],
  ]
  it.each(different)("tells %s apart", (_, actual, expected, message) => {
    expect(() => deepEqual(actual, expected)).toThrow(message)
  })

  it("says what was compared", () => {
    expect(() => deepEqual([1], [2], "records of doc")).toThrow("records of doc at 0: expected 2, got 1")
  })
})

describe("rejects (ERROR-1)", () => {
  const error = new StoreError("STORE_BUSY", 'Document "doc" is locked.', details)

  it("returns the error, given a promise or a function", async () => {
    expect(await rejects(Promise.reject(error), "STORE_BUSY")).toBe(error)
    expect(await rejects(() => Promise.reject(error), ["STORE_CONFLICT", "STORE_BUSY"])).toBe(error)
    const expected = { docId: "doc", outcome: "none", retryable: true, messageIncludes: ['"doc"', "locked"] } as const
    expect(await rejects(Promise.reject(error), "STORE_BUSY", expected)).toBe(error)
  })

  it("fails when the operation resolves, throws synchronously or has another code", async () => {
    await expect(rejects(Promise.resolve(7), "STORE_BUSY")).rejects.toThrow("STORE_BUSY, but it resolved with 7")
    const throwing = () => {
      throw error
    }
    await expect(rejects(throwing, "STORE_BUSY")).rejects.toThrow("threw synchronously")
    await expect(rejects(Promise.reject(error), "STORE_FULL")).rejects.toThrow("expected STORE_FULL, got STORE_BUSY")
  })

  it.each([
    ["docId", { docId: "other" }, 'docId of STORE_BUSY (Document "doc" is locked.): expected "other", got "doc"'],
    ["outcome", { outcome: "unknown" as const }, 'expected "unknown", got "none"'],
    ["retryable", { retryable: false }, "expected false, got true"],
    [
      "message",
      { messageIncludes: "remedy" },
      'whether the message of STORE_BUSY (Document "doc" is locked.) has "remedy" in it: expected true',
    ],
  ])("fails on another %s", async (_, expected, message) => {
    await expect(rejects(Promise.reject(error), "STORE_BUSY", expected)).rejects.toThrow(message)
  })

  it.each([
    ["is no Error", { name: "StoreError", code: "STORE_BUSY" }, "not an Error"],
    ["has another name", new Error("plain"), 'name is "Error"'],
    [
      "has an unknown code",
      Object.assign(new StoreError("STORE_BUSY", "x", details), { code: "BUSY" }),
      "unknown code",
    ],
    ["has no backend", Object.assign(new StoreError("STORE_BUSY", "x", details), { backend: "" }), 'backend is ""'],
    ["has no retryable", Object.assign(new StoreError("STORE_BUSY", "x", details), { retryable: 1 }), "retryable is 1"],
    ["has no outcome", Object.assign(new StoreError("STORE_BUSY", "x", details), { outcome: null }), "outcome is null"],
    [
      "has a docId that is no string",
      Object.assign(new StoreError("STORE_BUSY", "x", details), { docId: 1 }),
      "docId is 1",
    ],
    ["has no message", new StoreError("STORE_BUSY", "", details), "no message"],
  ])("fails when the error %s", (_, thrown, message) => {
    expect(() => storeError(thrown)).toThrow(message)
  })

  it("takes an error of another copy of the class", async () => {
    const foreign = Object.assign(new Error("locked"), {
      name: "StoreError",
      code: "STORE_BUSY",
      backend: "other",
      retryable: true,
      outcome: "none",
    })
    expect(await rejects(Promise.reject(foreign), "STORE_BUSY")).toBe(foreign)
  })
})

describe("collect, within and show", () => {
  it("collects everything and passes errors on", async () => {
    async function* twoThen(error?: Error) {
      yield 1
      yield 2
      if (error) throw error
    }
    expect(await collect(twoThen())).toEqual([1, 2])
    await expect(collect(twoThen(new Error("late")))).rejects.toThrow("late")
  })

  it("turns a hang into a failure with a name", async () => {
    await expect(within(new Promise(() => {}), 5, "the answer")).rejects.toThrow(
      "the answer: did not settle within 5 ms",
    )
    expect(await within(Promise.resolve(1), 1000, "x")).toBe(1)
    await expect(within(Promise.reject(new Error("own")), 1000, "x")).rejects.toThrow("own")
  })

  it("shows large values cut", () => {
    expect(show(new Uint8Array(1000))).toContain("(1000 bytes)")
    expect(show("x".repeat(500)).length).toBeLessThan(200)
    expect(show(Array.from({ length: 50 }, (_, i) => i))).toBe("[0, 1, 2, 3, 4, 5, 6, 7, … (50)]")
  })
})
