import { type DocId, isStoreError, messageOf, StoreError, type StoreErrorCode, showDocId } from "@holdfast/store-core"

export const BACKEND = "postgres"

interface Meaning {
  readonly code: StoreErrorCode
  readonly remedy: string
  readonly retryable?: boolean
  /** The connection is gone, so a write that was under way may be stored. */
  readonly lost?: boolean
  /** The statement never left the driver. */
  readonly notSent?: boolean
}

const LOST: Meaning = {
  code: "STORE_UNAVAILABLE",
  remedy: "The connection was lost; try again when the server can be reached.",
  lost: true,
}
const UNREACHABLE: Meaning = {
  code: "STORE_UNAVAILABLE",
  remedy: "Check that the server runs and accepts connections, and try again.",
}
const NOT_SENT: Meaning = { code: "STORE_UNAVAILABLE", remedy: "Open another store.", notSent: true }
const REFUSED: Meaning = { code: "STORE_PERMISSION", remedy: "Grant the role what it needs; see docs/postgres.md." }
const WRONG_LOGIN: Meaning = {
  code: "STORE_PERMISSION",
  remedy: "Check the user and the password, and what the server's pg_hba.conf says of them.",
  retryable: false,
}
const TABLES_GONE: Meaning = {
  code: "STORE_FORMAT_UNSUPPORTED",
  remedy: "The tables are not as they were when the store was opened; open another one to see what is wrong.",
}

/** SQLSTATEs that mean something to a store's user; the first two characters are the class. */
const STATES: Readonly<Record<string, Meaning>> = {
  "23505": { code: "STORE_CONFLICT", remedy: "Another writer was first; try again." },
  "40001": { code: "STORE_CONFLICT", remedy: "Another transaction was first; try again." },
  "40P01": { code: "STORE_CONFLICT", remedy: "Two transactions waited for each other; try again." },
  "55P03": { code: "STORE_BUSY", remedy: "Another transaction holds the lock; try again, or look for a long one." },
  "57014": { code: "STORE_TIMEOUT", remedy: "The statement was cancelled, by a timeout or an operator; try again." },
  "25006": { code: "STORE_READ_ONLY", remedy: "Connect to a server, and as a role, that accepts writes." },
  "25P02": { code: "STORE_IN_TRANSACTION", remedy: "The host's transaction has failed; roll it back first." },
  "42501": REFUSED,
  "42P01": TABLES_GONE,
  "42703": TABLES_GONE,
  "3D000": { ...UNREACHABLE, remedy: "Create the database, or name another one.", retryable: false },
  "53100": { code: "STORE_FULL", remedy: "Free some space on the server; the store goes on working." },
  "53300": UNREACHABLE,
  "57P03": UNREACHABLE,
  "57P01": LOST,
  "57P02": LOST,
  "57P05": LOST,
  "25P03": LOST,
  "25P04": { ...LOST, code: "STORE_TIMEOUT", remedy: "The server ended a transaction that took too long; try again." },
  XX001: { code: "STORE_CORRUPT", remedy: "The server found damaged data; restore a backup." },
  XX002: { code: "STORE_CORRUPT", remedy: "The server found a damaged index; rebuild it with REINDEX." },
}
const CLASSES: Readonly<Record<string, Meaning>> = { "08": LOST, "28": WRONG_LOGIN }

/** Codes of the operating system, as Node names them. */
const SYSTEM: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EHOSTUNREACH: LOST,
  ENETUNREACH: LOST,
  ECONNRESET: LOST,
  ECONNABORTED: LOST,
  EPIPE: LOST,
  ETIMEDOUT: LOST,
}

/** What drivers say without a code. */
const TEXTS: readonly (readonly [RegExp, Meaning])[] = [
  [/not queryable|after calling end|PGlite is (closed|closing)/i, NOT_SENT],
  [/timeout exceeded when trying to connect|due to connection timeout|timeout expired/i, UNREACHABLE],
  [/query read timeout/i, { ...LOST, code: "STORE_TIMEOUT", remedy: "The driver gave up waiting; try again." }],
  [/connection terminated|connection ended|socket/i, LOST],
]

/** Whether the connection an error came from cannot be used any more. */
export function isBroken(error: unknown): boolean {
  if (isStoreError(error)) return error.cause !== undefined && isBroken(error.cause)
  const meaning = meaningOf(error)
  return !isAnswer(error) || meaning?.lost === true || meaning === UNREACHABLE
}

/**
 * What a driver threw, as a `StoreError` with the original as its cause.
 *
 * @param committing Whether the statement was one that commits. If it was not the server that refused it, nobody knows
 * whether it did: the connection was lost under it, or the driver broke off. Taken for not stored, it would be tried
 * again and stored twice.
 */
export function toStoreError(error: unknown, committing = false): StoreError {
  if (isStoreError(error)) return error
  const said =
    messageOf(error) ?? (typeof error === "string" ? error : "what the driver threw is no Error; see the cause")
  const meaning = meaningOf(error)
  const unknown = committing && (meaning?.lost ?? (!isAnswer(error) && meaning?.notSent !== true))
  const look = unknown ? " Load the document to see whether the write is stored." : ""
  const details = { backend: BACKEND, cause: error, outcome: unknown ? "unknown" : "none" } as const
  if (meaning === undefined)
    return new StoreError("STORE_BACKEND", `Postgres: ${said}${unknown ? `.${look}` : ""}`, details)
  const message = `Postgres: ${said}. ${meaning.remedy}${look}`
  return new StoreError(meaning.code, message, { ...details, retryable: meaning.retryable })
}

/** Whether the statement failed because its connection was lost; another connection may do. */
export function isLost(error: unknown): boolean {
  return meaningOf(isStoreError(error) ? error.cause : error) === LOST
}

/** Whether a write ended with its connection: what is behind it on that connection was not sent. */
export function isConnectionLoss(outcome: StoreError | null): outcome is StoreError {
  return outcome !== null && (outcome.code === "STORE_UNAVAILABLE" || outcome.outcome === "unknown")
}

/** The SQLSTATE of a database error. */
export function stateOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === "string" ? code : undefined
}

/** Somebody else has the document. */
export function lockedError(docId: DocId): StoreError {
  const message = `Document ${showDocId(docId)} is locked by another transaction. Try again, or look for one that stays open.`
  return new StoreError("STORE_BUSY", message, { backend: BACKEND, docId })
}

/** Somebody else wrote the document between the store's look at it and its write. */
export function conflictError(docId: DocId): StoreError {
  const message = `Document ${showDocId(docId)}: another writer was first. Load it again, then try again.`
  return new StoreError("STORE_CONFLICT", message, { backend: BACKEND, docId })
}

/**
 * A collision in a transaction that sees the database as it was at its beginning: trying again inside it cannot help.
 */
export function finalCollision(error: StoreError): StoreError {
  if (error.code !== "STORE_CONFLICT" && error.code !== "STORE_BUSY") return error
  const message = `${error.message} That is in another transaction only: roll this one back, which does not see what was written since it began.`
  const { backend, docId, cause } = error
  return new StoreError("STORE_CONFLICT", message, { backend, docId, cause, retryable: false })
}

function meaningOf(error: unknown): Meaning | undefined {
  const code = stateOf(error)
  if (code !== undefined) {
    const known = STATES[code] ?? SYSTEM[code] ?? (code.length === 5 ? CLASSES[code.slice(0, 2)] : undefined)
    if (known !== undefined) return known
    if (isAnswer(error)) return undefined
    if (isState(code)) return LOST
  }
  const said = messageOf(error) ?? ""
  return TEXTS.find(([pattern]) => pattern.test(said))?.[1]
}

/** Whether the server refused the statement, and goes on: it did not end the connection, or itself, with the error. */
function isAnswer(error: unknown): boolean {
  const { severity } = (error ?? {}) as { severity?: unknown }
  return isState(stateOf(error)) && severity !== "FATAL" && severity !== "PANIC"
}

/** Whether a code is a SQLSTATE, which the server's errors have, and not one of the system's, such as EPIPE. */
function isState(code: string | undefined): boolean {
  return /^(?!E[A-Z]{4}$)[0-9A-Z]{5}$/.test(code ?? "")
}
