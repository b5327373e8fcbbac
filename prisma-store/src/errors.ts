import { isStoreError, messageOf, StoreError, type StoreErrorCode } from "@holdfast/store-core"

export const BACKEND = "prisma"

interface Meaning {
  readonly code: StoreErrorCode
  readonly remedy: string
  readonly outcome?: "unknown"
}

const BUSY: Meaning = { code: "STORE_BUSY", remedy: "Another connection holds the lock; try again." }
const CONFLICT: Meaning = { code: "STORE_CONFLICT", remedy: "Another writer was first; try again." }
const UNREACHABLE: Meaning = {
  code: "STORE_UNAVAILABLE",
  remedy: "Check that the database runs and accepts connections, and try again.",
}
const LOST: Meaning = {
  code: "STORE_UNAVAILABLE",
  remedy: "The connection was lost. Load the document to see whether the write is stored.",
  outcome: "unknown",
}
const TABLES_GONE: Meaning = {
  code: "STORE_FORMAT_UNSUPPORTED",
  remedy: "The tables are not as they were when the store was opened; open another one to see what is wrong.",
}
const REFUSED: Meaning = { code: "STORE_PERMISSION", remedy: "Give the database's user what it needs." }

/** Prisma's own codes, for errors that carry no code of the driver. */
const PRISMA: Readonly<Record<string, Meaning>> = {
  P1000: REFUSED,
  P1001: UNREACHABLE,
  P1002: UNREACHABLE,
  P1003: UNREACHABLE,
  P1008: BUSY,
  P1010: REFUSED,
  P1017: LOST,
  P2002: CONFLICT,
  P2011: CONFLICT,
  P2021: TABLES_GONE,
  P2022: TABLES_GONE,
  P2024: { code: "STORE_UNAVAILABLE", remedy: "Every connection of the pool was in use; try again, or allow more." },
  P2034: CONFLICT,
  P2037: UNREACHABLE,
}

/** What P2028, "transaction API error", stands for. */
const TRANSACTION: readonly (readonly [RegExp, Meaning])[] = [
  [/unable to start/i, { ...BUSY, remedy: "Another transaction of the client did not end; try again." }],
  [/expired|timeout/i, { code: "STORE_TIMEOUT", remedy: "The transaction took longer than it was allowed to." }],
  [/./, { code: "STORE_IN_TRANSACTION", remedy: "The transaction is over; open a store on another one." }],
]

/** SQLite's primary result codes. */
const SQLITE: Readonly<Record<string, Meaning>> = {
  BUSY,
  LOCKED: BUSY,
  CONSTRAINT: CONFLICT,
  READONLY: { code: "STORE_READ_ONLY", remedy: "Open the database writable." },
  FULL: { code: "STORE_FULL", remedy: "Free some space; the store goes on working." },
  CORRUPT: { code: "STORE_CORRUPT", remedy: "The database file is damaged; restore a backup." },
  NOTADB: { code: "STORE_FORMAT_UNSUPPORTED", remedy: "The file is not a SQLite database; name another one." },
  CANTOPEN: { code: "STORE_UNAVAILABLE", remedy: "Check that the directory exists and may be written to." },
  PERM: REFUSED,
  AUTH: REFUSED,
  TOOBIG: { code: "STORE_RECORD_TOO_LARGE", remedy: "Raise the connection's length limit." },
  INTERRUPT: { code: "STORE_TIMEOUT", remedy: "The statement was interrupted; try again." },
  // A failed write or sync of the log may or may not have reached the disk.
  IOERR: { code: "STORE_BACKEND", remedy: "Reading or writing the file failed; check the disk.", outcome: "unknown" },
}

/** What SQLite's general error stands for. */
const SQLITE_TEXTS: readonly (readonly [RegExp, Meaning])[] = [
  [/no such (table|column)/i, TABLES_GONE],
  [
    /within a transaction/i,
    { code: "STORE_IN_TRANSACTION", remedy: "End the transaction begun on this connection first." },
  ],
  [/cannot open database/i, { ...UNREACHABLE, remedy: "Check that the directory exists and may be written to." }],
  [/connection is not open/i, { code: "STORE_UNAVAILABLE", remedy: "The connection was closed; open another." }],
]

/** Driver adapters say these without the driver's code; a system's code means the same. */
const KINDS: Readonly<Record<string, string>> = {
  DatabaseNotReachable: "ECONNREFUSED",
  ConnectionClosed: "ECONNRESET",
  SocketTimeout: "ETIMEDOUT",
}

/** What the driver under Prisma said, with the driver's own code, and what Prisma threw as its cause. */
export class DriverError extends Error {
  override readonly name = "DriverError"
  readonly code: string | undefined

  constructor(message: string, code: string | undefined, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** What Prisma threw: a `StoreError` where its own code says what it means, else what the driver said. */
export function ofPrisma(error: unknown): StoreError | DriverError {
  if (isStoreError(error)) return error
  const said = lastParagraph(error)
  const code = prismaCode(error)
  const driver = driverCause(error)
  if (driver !== undefined) {
    const { kind, originalCode, originalMessage } = driver
    const own = KINDS[String(kind)] ?? (typeof originalCode === "string" ? originalCode : undefined)
    if (own !== undefined)
      return new DriverError(typeof originalMessage === "string" ? originalMessage : said, own, error)
  }
  if (code === undefined) return new DriverError(said, ownCode(error), error)
  const meaning = code === "P2028" ? find(TRANSACTION, said) : PRISMA[code]
  return meaning === undefined
    ? new DriverError(said, undefined, error)
    : storeError(`${said} (${code})`, meaning, error)
}

/** What Prisma or SQLite under it said, as a `StoreError` with what Prisma threw as its cause. */
export function toStoreError(error: unknown): StoreError {
  const failure = ofPrisma(error)
  if (isStoreError(failure)) return failure
  const { message, code = "", cause } = error instanceof DriverError ? error : failure
  const primary = /^SQLITE_([A-Z]+)/.exec(code)?.[1] ?? ""
  // Anything else that the adapter calls a timeout of the socket is SQLite's lock.
  const meaning = SQLITE[primary] ?? find(SQLITE_TEXTS, message) ?? (code === "ETIMEDOUT" ? BUSY : undefined)
  if (meaning !== undefined) return storeError(message, meaning, cause)
  return new StoreError("STORE_BACKEND", `Prisma: ${message}`, { backend: BACKEND, cause })
}

/** An error of the Postgres store as one of this store, with what Prisma threw as its cause. */
export function fromPostgres(error: StoreError): StoreError {
  const { code, message, docId, retryable, outcome, cause } = error
  const original = cause instanceof DriverError ? cause.cause : cause
  return new StoreError(code, message, { backend: BACKEND, docId, retryable, outcome, cause: original })
}

/** Whether SQLite's COMMIT found the file locked: of all statements only that one's error is thrown as the adapter made it. */
export function isFailedCommit(error: unknown): boolean {
  const { name } = (error ?? {}) as { name?: unknown }
  return name === "DriverAdapterError" && driverCause(error)?.kind === "SocketTimeout"
}

function storeError(said: string, { code, remedy, outcome }: Meaning, cause: unknown): StoreError {
  return new StoreError(code, `Prisma: ${said.replace(/\.$/, "")}. ${remedy}`, { backend: BACKEND, outcome, cause })
}

function find(meanings: readonly (readonly [RegExp, Meaning])[], text: string): Meaning | undefined {
  return meanings.find(([pattern]) => pattern.test(text))?.[1]
}

function prismaCode(error: unknown): string | undefined {
  const { code, errorCode } = (error ?? {}) as { code?: unknown; errorCode?: unknown }
  const found = code ?? errorCode
  return typeof found === "string" && /^P\d{4}$/.test(found) ? found : undefined
}

/** The code of an error that Prisma let through. */
function ownCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === "string" ? code : undefined
}

interface DriverCause {
  readonly kind?: unknown
  readonly originalCode?: unknown
  readonly originalMessage?: unknown
}

/** What a driver adapter says of an error, in what Prisma threw or thrown as it is. */
function driverCause(error: unknown): DriverCause | undefined {
  const { meta, name, cause } = (error ?? {}) as { meta?: unknown; name?: unknown; cause?: unknown }
  const { driverAdapterError } = (meta ?? {}) as { driverAdapterError?: { cause?: unknown } }
  const found = driverAdapterError?.cause ?? (name === "DriverAdapterError" ? cause : undefined)
  return typeof found === "object" && found !== null ? found : undefined
}

/** Prisma puts the call and some of the program's source in front of what happened. */
function lastParagraph(error: unknown): string {
  const message = messageOf(error) ?? (typeof error === "string" ? error : "what was thrown is no Error; see the cause")
  return (
    message
      .split(/\n\s*\n/)
      .at(-1)
      ?.trim() || message
  )
}
