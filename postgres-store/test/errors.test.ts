import { describe, expect, it } from "vitest"
import { isBroken, toStoreError } from "../src/errors.js"

const error = (message: string, properties: object = {}) => Object.assign(new Error(message), properties)

/** What a driver threw under a statement that commits; the code, whether it may be stored, whether the connection is of use. */
const UNDER_A_COMMIT: readonly (readonly [
  what: string,
  thrown: unknown,
  code: string,
  unknown: boolean,
  broken: boolean,
])[] = [
  ["the server refuses it", error("io", { code: "58030", severity: "ERROR" }), "STORE_BACKEND", false, false],
  ["the disk is full", error("full", { code: "53100", severity: "ERROR" }), "STORE_FULL", false, false],
  [
    "the disk of the log is full, and the server ends",
    error("full", { code: "53100", severity: "PANIC" }),
    "STORE_FULL",
    true,
    true,
  ],
  [
    "the server ends the connection",
    error("bye", { code: "XX000", severity: "FATAL" }),
    "STORE_UNAVAILABLE",
    true,
    true,
  ],
  [
    "an operator ends the connection",
    error("bye", { code: "57P01", severity: "FATAL" }),
    "STORE_UNAVAILABLE",
    true,
    true,
  ],
  ["the transaction took too long", error("late", { code: "25P04", severity: "FATAL" }), "STORE_TIMEOUT", true, true],
  ["another was first", error("key", { code: "23505", severity: "ERROR" }), "STORE_CONFLICT", false, false],
  ["it took too long", error("late", { code: "57014", severity: "ERROR" }), "STORE_TIMEOUT", false, false],
  ["the driver gave up waiting", error("Query read timeout"), "STORE_TIMEOUT", true, true],
  ["the socket breaks", error("write EPIPE", { code: "EPIPE" }), "STORE_UNAVAILABLE", true, true],
  ["the encryption breaks", error("bad record", { code: "ERR_SSL_DECRYPTION_FAILED" }), "STORE_BACKEND", true, true],
  ["the system says what nobody expects", error("no", { code: "EPERM" }), "STORE_BACKEND", true, true],
  ["the driver's code breaks off", error("unreachable"), "STORE_BACKEND", true, true],
  ["what is thrown is no error", "oops", "STORE_BACKEND", true, true],
  ["the client was closed before", error("Client was closed and is not queryable"), "STORE_UNAVAILABLE", false, true],
]

describe("an error under a statement that commits", () => {
  it.each(UNDER_A_COMMIT)("%s: says whether it may be stored (WRITE-3)", (_, thrown, code, unknown, broken) => {
    const outcome = unknown ? "unknown" : "none"
    expect(toStoreError(thrown, true)).toMatchObject({ code, outcome, cause: thrown })
    expect(toStoreError(thrown)).toMatchObject({ code, outcome: "none" })
    expect(isBroken(thrown)).toBe(broken)
  })

  it("whose outcome is unknown tells what to do about it (ERROR-2)", () => {
    expect(toStoreError(error("unreachable"), true).message).toBe(
      "Postgres: unreachable. Load the document to see whether the write is stored.",
    )
  })
})

describe("an error about the login", () => {
  it("says so, and not what to grant (ERROR-2)", () => {
    const refused = toStoreError(error("no", { code: "28P01", severity: "FATAL" }))
    expect(refused).toMatchObject({ code: "STORE_PERMISSION", retryable: false })
    expect(refused.message).toMatch(/^Postgres: no\. Check the user and the password/)
  })
})
