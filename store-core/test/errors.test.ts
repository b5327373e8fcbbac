import { runInNewContext } from "node:vm"
import { isStoreError, messageOf, STORE_ERROR_CODES, StoreError, showDocId } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"

const RETRYABLE = ["STORE_BUSY", "STORE_CONFLICT", "STORE_TIMEOUT", "STORE_UNAVAILABLE", "STORE_LOAD_SUPERSEDED"]

describe("ERROR-1: StoreError", () => {
  it.each(STORE_ERROR_CODES)("%s has its documented defaults", code => {
    const error = new StoreError(code, "said", { backend: "test" })
    expect(error).toBeInstanceOf(Error)
    expect({ ...error }).toEqual({
      name: "StoreError",
      code,
      backend: "test",
      retryable: RETRYABLE.includes(code),
      outcome: "none",
    })
    expect(error.message).toBe("said")
    expect(Object.hasOwn(error, "cause")).toBe(false)
    expect(Object.hasOwn(error, "docId")).toBe(false)
    expect(error.stack).toContain("StoreError")
  })

  it("carries what it is told", () => {
    const cause = new Error("underneath")
    const details = { backend: "test", docId: "a", retryable: false, outcome: "unknown", cause } as const
    expect(new StoreError("STORE_BUSY", "said", details)).toMatchObject(details)
    expect(new StoreError("STORE_FULL", "said", { backend: "test", retryable: true }).retryable).toBe(true)
  })

  it("keeps a cause of null", () => {
    expect(new StoreError("STORE_BACKEND", "said", { backend: "test", cause: null }).cause).toBe(null)
  })

  it("is recognised by its name and code, so that those of another copy and another realm are too", () => {
    class StoreErrorOfAnotherCopy extends Error {
      override name = "StoreError"
      code = "STORE_BUSY"
    }
    const ours = new StoreError("STORE_BUSY", "said", { backend: "test" })
    const elsewhere = runInNewContext('Object.assign(new Error("x"), { name: "StoreError", code: "STORE_BUSY" })')
    for (const error of [ours, new StoreErrorOfAnotherCopy(), elsewhere]) {
      expect([isStoreError(error), isStoreError(error, "STORE_BUSY"), isStoreError(error, "STORE_FULL")]).toEqual([
        true,
        true,
        false,
      ])
    }
  })

  it.each([
    [new Error("STORE_BUSY")],
    [Object.assign(new Error("no code"), { name: "StoreError" })],
    [Object.assign(new Error("a number"), { name: "StoreError", code: 5 })],
    [Object.assign(new Error("another's"), { code: "STORE_BUSY" })],
    ["StoreError"],
    [{ name: "Error", code: "STORE_BUSY" }],
    [{ code: "STORE_BUSY" }],
    [null],
    [undefined],
  ])("%s is none", value => {
    expect([isStoreError(value), isStoreError(value, "STORE_BUSY")]).toEqual([false, false])
  })
})

describe("ERROR-2: an id in a message", () => {
  it("is quoted and escaped", () => {
    expect(showDocId('a"\n')).toBe('"a\\"\\n"')
  })

  it("is cut beyond 80 characters", () => {
    expect(showDocId("x".repeat(78))).toBe(`"${"x".repeat(78)}"`)
    expect(showDocId("x".repeat(79))).toBe(`"${"x".repeat(76)}…"`)
  })
})

describe("what was thrown, whatever it was", () => {
  const throws = new Proxy(new Error("hidden"), {
    get: () => {
      throw new Error("the caller's own")
    },
  })
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error("the caller's own")
      },
    },
  )

  it("is a StoreError or is none", () => {
    expect([null, undefined, 7, "StoreError", () => {}, throws, hostile].map(thrown => isStoreError(thrown))).toEqual(
      Array(7).fill(false),
    )
  })

  it("has a message when it is an error that can be read", () => {
    const alike = { name: "StoreError", code: "STORE_BUSY", message: "said" }
    expect(
      [new Error("said"), new StoreError("STORE_BUSY", "said", { backend: "test" }), alike].map(messageOf),
    ).toEqual(["said", "said", "said"])
    expect([null, undefined, "said", { message: "said" }, throws, hostile].map(messageOf)).toEqual(Array(6).fill(null))
  })
})
