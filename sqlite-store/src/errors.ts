import { type DocId, isStoreError, messageOf, StoreError, type StoreErrorCode, showDocId } from "@holdfast/store-core"

export const BACKEND = "sqlite"

/** SQLite's primary result codes (sqlite.org/rescode.html) that mean something to a store's user. */
const PRIMARY_CODES: Readonly<Record<number, string>> = {
  3: "PERM",
  5: "BUSY",
  6: "LOCKED",
  7: "NOMEM",
  8: "READONLY",
  9: "INTERRUPT",
  10: "IOERR",
  11: "CORRUPT",
  13: "FULL",
  14: "CANTOPEN",
  18: "TOOBIG",
  19: "CONSTRAINT",
  21: "MISUSE",
  23: "AUTH",
  26: "NOTADB",
}

/** What SQLite says (sqlite3_errstr), for bindings that give a text only. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/database (table )?is locked/i, "BUSY"],
  [/connection is busy executing a query/i, "ITERATING"],
  [/within a transaction/i, "NESTED"],
  [/readonly database|read-only/i, "READONLY"],
  [/database or disk is full/i, "FULL"],
  [/file is not a database/i, "NOTADB"],
  [/malformed/i, "CORRUPT"],
  [/unable to open database/i, "CANTOPEN"],
  [/constraint failed/i, "CONSTRAINT"],
  [/too big/i, "TOOBIG"],
  [/no such table/i, "REMOVED"],
  [/not open|closed|statement has been finalized/i, "MISUSE"],
]

interface Meaning {
  readonly code: StoreErrorCode
  readonly remedy: string
  readonly outcome?: "unknown"
  /** Where it is not what the code says by itself. */
  readonly retryable?: false
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  BUSY: { code: "STORE_BUSY", remedy: "Another connection holds the lock; try again, or look for a long transaction." },
  LOCKED: { code: "STORE_BUSY", remedy: "Another statement holds the table; try again." },
  // better-sqlite3 lets nobody write on a connection while rows of `iterate()` are outstanding there.
  ITERATING: { code: "STORE_BUSY", remedy: "The program iterates over rows on the same connection; end that first." },
  NESTED: { code: "STORE_IN_TRANSACTION", remedy: "End the transaction the program began on this connection first." },
  READONLY: { code: "STORE_READ_ONLY", remedy: "Open the database writable." },
  FULL: { code: "STORE_FULL", remedy: "Free some space; the store goes on working." },
  NOTADB: { code: "STORE_FORMAT_UNSUPPORTED", remedy: "The file is not a SQLite database; name another one." },
  CORRUPT: { code: "STORE_CORRUPT", remedy: "The database file is damaged; restore a backup." },
  CANTOPEN: { code: "STORE_UNAVAILABLE", remedy: "Check that the directory exists and may be written to." },
  PERM: { code: "STORE_PERMISSION", remedy: "Give the process access to the file." },
  AUTH: { code: "STORE_PERMISSION", remedy: "Allow the statement in the connection's authorizer." },
  TOOBIG: { code: "STORE_RECORD_TOO_LARGE", remedy: "Raise the connection's length limit." },
  MISUSE: {
    code: "STORE_UNAVAILABLE",
    remedy: "The connection was closed under the store; open another.",
    retryable: false,
  },
  INTERRUPT: { code: "STORE_TIMEOUT", remedy: "The statement was interrupted; try again." },
  REMOVED: {
    code: "STORE_FORMAT_UNSUPPORTED",
    remedy: "Its tables were removed after the store was opened, as a Durable Object's deleteAll() does; open another.",
  },
  // A failed write or sync of the log may or may not have reached the disk.
  IOERR: { code: "STORE_BACKEND", remedy: "Reading or writing the file failed; check the disk.", outcome: "unknown" },
}

/** What a driver threw, as a `StoreError` with the original as its cause. */
export function toStoreError(error: unknown): StoreError {
  if (isStoreError(error)) return error
  const said =
    messageOf(error) ?? (typeof error === "string" ? error : "what the driver threw is no Error; see the cause")
  const meaning = MEANINGS[conditionOf(error) ?? ""]
  if (meaning === undefined)
    return new StoreError("STORE_BACKEND", `SQLite: ${said}`, { backend: BACKEND, cause: error })
  const message = `SQLite: ${said}. ${meaning.remedy}`
  return new StoreError(meaning.code, message, {
    backend: BACKEND,
    outcome: meaning.outcome,
    retryable: meaning.retryable,
    cause: error,
  })
}

/** What is stored of the document makes no sense. */
export function corrupt(docId: DocId, cause: Error): StoreError {
  const message =
    `Document ${showDocId(docId)} is damaged: ${cause.message}. ` +
    "Replace the document with a good copy, or restore a backup."
  return new StoreError("STORE_CORRUPT", message, { backend: BACKEND, docId, cause })
}

/** Whether a row would have broken a constraint: the key says that a guessed number was wrong. */
export function isConstraintError(error: unknown): boolean {
  return conditionOf(error) === "CONSTRAINT"
}

/** The name of SQLite's primary result code, from whichever property the driver puts it in. */
function conditionOf(error: unknown): string | undefined {
  if (messageOf(error) === null) return undefined
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message: string }
  const named = typeof code === "string" ? primaryName(code) : primaryName(message)
  if (named !== undefined) return named
  if (typeof errcode === "number") {
    const known = PRIMARY_CODES[errcode & 0xff]
    if (known !== undefined) return known
  }
  return TEXTS.find(([pattern]) => pattern.test(message))?.[1]
}

/** `"SQLITE_BUSY_SNAPSHOT"` is a kind of `"BUSY"`. */
function primaryName(text: string): string | undefined {
  const name = /SQLITE_([A-Z]+)/.exec(text)?.[1]
  return name !== undefined && Object.values(PRIMARY_CODES).includes(name) ? name : undefined
}
