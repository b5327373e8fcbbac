import type { DocId } from "./store.js"

/**
 * The codes of `StoreError`. Each names a situation and one thing to do about it; recognise errors by code, since two
 * copies of this package in one program have two `StoreError` classes.
 *
 * - `STORE_INVALID_DOC_ID`: not an id (or prefix) of the contract. Pass a well-formed string of 1 to 1,024 UTF-8 bytes.
 * - `STORE_INVALID_RECORD`: not a record every backend could give back. The message says which property.
 * - `STORE_RECORD_TOO_LARGE`: over a limit of RECORD-5. Split it, or keep it elsewhere.
 * - `STORE_META_MISSING`: an entry for a document that does not exist. Write a `meta` record first.
 * - `STORE_META_MISMATCH`: a `meta` with another identity. Delete the document first, or use another id.
 * - `STORE_CONFLICT`: another writer of the same document kept winning. Reload, then try again.
 * - `STORE_BUSY`: the database stayed locked beyond the budget. Try again; look for a long transaction elsewhere.
 * - `STORE_IN_TRANSACTION`: the connection is inside a transaction the store did not begin. End it, or use `transact`.
 * - `STORE_FULL`: no space left. Free some; the store goes on working.
 * - `STORE_READ_ONLY`: the storage does not accept writes. Open it writable.
 * - `STORE_PERMISSION`: the user or process may not do this. Grant it.
 * - `STORE_CORRUPT`: what is stored makes no sense. `replace` repairs the document; restore a backup for a broken file.
 * - `STORE_LOAD_FAILED`: the load guard (GUARD-1). Load the document to its end first, or delete it.
 * - `STORE_LOAD_SUPERSEDED`: the document was replaced or deleted under an open load. Load again.
 * - `STORE_FORMAT_UNSUPPORTED`: not a store, or of another format. The message says what was found.
 * - `STORE_UNAVAILABLE`: the connection was lost or could not be made. Try again; see `outcome`.
 * - `STORE_TIMEOUT`: the database gave up waiting. Try again.
 * - `STORE_CLOSED`: the store was closed. Open another.
 * - `STORE_BACKEND`: an error of the driver that none of these describes. See `cause`.
 */
export const STORE_ERROR_CODES = [
  "STORE_INVALID_DOC_ID",
  "STORE_INVALID_RECORD",
  "STORE_RECORD_TOO_LARGE",
  "STORE_META_MISSING",
  "STORE_META_MISMATCH",
  "STORE_CONFLICT",
  "STORE_BUSY",
  "STORE_IN_TRANSACTION",
  "STORE_FULL",
  "STORE_READ_ONLY",
  "STORE_PERMISSION",
  "STORE_CORRUPT",
  "STORE_LOAD_FAILED",
  "STORE_LOAD_SUPERSEDED",
  "STORE_FORMAT_UNSUPPORTED",
  "STORE_UNAVAILABLE",
  "STORE_TIMEOUT",
  "STORE_CLOSED",
  "STORE_BACKEND",
] as const

export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number]

/** What a `StoreError` is made of, beside its message. */
export interface StoreErrorDetails {
  readonly backend: string
  readonly docId?: DocId | undefined
  /** Defaults to whether the code is one that passes by itself: BUSY, CONFLICT, TIMEOUT, UNAVAILABLE, LOAD_SUPERSEDED. */
  readonly retryable?: boolean | undefined
  /** Defaults to `"none"`. */
  readonly outcome?: "none" | "unknown" | undefined
  readonly cause?: unknown
}

const RETRYABLE: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>([
  "STORE_BUSY",
  "STORE_CONFLICT",
  "STORE_TIMEOUT",
  "STORE_UNAVAILABLE",
  "STORE_LOAD_SUPERSEDED",
])

/** The error every method of a store rejects with. */
export class StoreError extends Error {
  override readonly name = "StoreError"
  readonly code: StoreErrorCode
  /** Which kind of store: `"memory"`, `"sqlite"`, … */
  readonly backend: string
  /** Absent where no single document is concerned. */
  declare readonly docId?: DocId
  /** Whether the same call may succeed later without anything being changed. */
  readonly retryable: boolean
  /**
   * `"none"`: nothing was stored. `"unknown"`: it could not be seen whether the commit happened, as when the connection
   * was lost meanwhile, so the write is stored whole or not at all; load the document to find out.
   */
  readonly outcome: "none" | "unknown"

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.backend = details.backend
    if (details.docId !== undefined) this.docId = details.docId
    this.retryable = details.retryable ?? RETRYABLE.has(code)
    this.outcome = details.outcome ?? "none"
  }
}

/** Whether `error` is a `StoreError`, of any copy of this package and any realm, optionally one with this code. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  try {
    const { name, code: found } = error as { name?: unknown; code?: unknown }
    return name === "StoreError" && (code === undefined ? typeof found === "string" : found === code)
  } catch {
    // Null has no properties, and what was thrown may itself throw when it is looked at.
    return false
  }
}

/** What an error says of itself; null when it is none, or cannot be read. */
export function messageOf(error: unknown): string | null {
  try {
    return error instanceof Error || isStoreError(error) ? String(error.message) : null
  } catch {
    return null
  }
}

/** A document's id as messages show it: quoted, escaped, and cut where it is long. */
export function showDocId(docId: DocId): string {
  const quoted = JSON.stringify(docId)
  return quoted.length <= 80 ? quoted : `${quoted.slice(0, 77)}…"`
}
