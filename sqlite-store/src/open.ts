import { stat } from "node:fs/promises"
import { dirname } from "node:path"
import { pathToFileURL } from "node:url"
import { tableNames } from "@holdfast/sql-store-core"
import { checkOptions, ENGINE_OPTIONS, isStoreError, StoreError } from "@holdfast/store-core"
import { fromNodeSqlite } from "./adapters/node-sqlite.js"
import { BACKEND, toStoreError } from "./errors.js"
import { inspectGate } from "./open-gate.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.js"
import { createStatements } from "./statements.js"

export interface OpenSqliteOptions extends SqliteStoreOptions {
  /**
   * What an acknowledged write survives:
   * - `"full"` (default): everything, power loss included; every commit waits for the disk
   * - `"normal"`: the end of the process, however it comes. After a power loss or a crash of the operating system the
   *   last commits may be missing; the database is whole all the same. Several times as fast.
   */
  readonly durability?: "full" | "normal"
}

/**
 * How long SQLite itself waits for a lock, in milliseconds. It blocks the event loop meanwhile, so this is short; the
 * store goes on trying for `busyTimeout` without blocking.
 */
const LOCK_WAIT = 10

/**
 * Pages in the log before it is copied into the database: fewer copies than with SQLite's own 1,000, at 32 MiB of log. More
 * are a little quicker still, but the commit that copies them keeps the event loop longer.
 */
const CHECKPOINT_PAGES = 8000

/** The log file is cut back to this size, in bytes, after it grew larger. */
const LOG_SIZE = 48 * 1024 * 1024

/**
 * Opens the store in the SQLite database file at `path`, creating both where there is nothing, with the SQLite of the
 * runtime and the write-ahead log. `":memory:"` is a database in memory. Closing the store closes the database.
 *
 * Where the same process has the file open with another SQLite library, such as better-sqlite3, give a connection of that
 * library to `createSqliteStore` instead: two copies of SQLite in one process do not see each other's locks, and
 * acknowledged writes would be lost. Other processes may use whichever they like.
 *
 * On read-only storage an existing store opens for reading and rejects writes with `STORE_READ_ONLY`. In a directory that
 * this process may not write to, it may miss what others write to the file later.
 *
 * Rejects with `STORE_UNAVAILABLE` when the file cannot be opened (the directory is missing, the path is a directory),
 * `STORE_PERMISSION`, `STORE_FORMAT_UNSUPPORTED` when it is no SQLite database or its tables are not a store of this
 * format, `STORE_BUSY` when it stayed locked for `busyTimeout`. Nothing in the file is then changed.
 *
 * @throws TypeError for unknown options and wrong values.
 */
export async function openSqliteStore(path: string, options: OpenSqliteOptions = {}): Promise<SqliteStore> {
  const { durability, ...storeOptions } = checked(path, options)
  let adapter = await connect(path)
  let unchanging = false
  try {
    const deadline = performance.now() + (storeOptions.busyTimeout ?? 5000)
    for (;;) {
      try {
        return openOn(adapter, durability ?? "full", storeOptions)
      } catch (error) {
        if (!unchanging && isUnwritable(error) && (await hasNoLog(path))) {
          unchanging = true
          adapter.close()
          adapter = await connect(`${pathToFileURL(path)}?immutable=1`)
          continue
        }
        if (!isStoreError(error, "STORE_BUSY") || performance.now() >= deadline) throw error
      }
      await new Promise(resolve => setTimeout(resolve, LOCK_WAIT + Math.random() * LOCK_WAIT))
    }
  } catch (error) {
    adapter.close()
    throw error
  }
}

function checked(path: string, options: OpenSqliteOptions): OpenSqliteOptions {
  if (typeof path !== "string" || path === "") {
    throw new TypeError('openSqliteStore: the path must be a non-empty string, such as "documents.db" or ":memory:".')
  }
  const accepts = (value: unknown) => value === "full" || value === "normal"
  const durability = { expected: '"full" or "normal"', accepts }
  const tables = { expected: "an object", accepts: (value: unknown) => typeof value === "object" && value !== null }
  const given = checkOptions("openSqliteStore", options, { ...ENGINE_OPTIONS, tables, durability })
  return { ...given, tables: tableNames(given.tables) }
}

async function connect(path: string): Promise<SqliteAdapter> {
  const { DatabaseSync } = await import("node:sqlite")
  try {
    return fromNodeSqlite(new DatabaseSync(path), { exclusive: true })
  } catch (error) {
    throw await openingError(path, error)
  }
}

function openOn(adapter: SqliteAdapter, durability: "full" | "normal", options: SqliteStoreOptions): SqliteStore {
  try {
    adapter.exec(`PRAGMA busy_timeout = ${LOCK_WAIT}`)
    // Before anything is set: the log mode is written into the file, and a stranger's file must stay as it is.
    const names = tableNames(options.tables)
    inspectGate(adapter, names, createStatements(names))
    useLog(adapter)
    adapter.exec(`PRAGMA synchronous = ${durability}`)
    adapter.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    adapter.exec(`PRAGMA journal_size_limit = ${LOG_SIZE}`)
    return new SqliteStore(adapter, options)
  } catch (error) {
    throw toStoreError(error)
  }
}

/**
 * Whether the file is all there is of the database. SQLite reads a database with a log only where it may make files
 * beside it, so on read-only storage the file has to be opened as one that never changes; what is in a log that somebody
 * left there would then be missing.
 */
async function hasNoLog(path: string): Promise<boolean> {
  const isThere = (name: string) =>
    stat(name).then(
      () => true,
      () => false,
    )
  return (await isThere(path)) && !(await isThere(`${path}-wal`))
}

/** SQLite cannot open the log of a database on a read-only file system, and says no more than that. */
function isUnwritable(error: unknown): boolean {
  return isStoreError(error, "STORE_READ_ONLY") || isStoreError(error, "STORE_UNAVAILABLE")
}

/** A database that cannot be written keeps its mode and can still be read. */
function useLog(adapter: SqliteAdapter): void {
  try {
    adapter.exec("PRAGMA journal_mode = WAL")
  } catch (error) {
    const mapped = toStoreError(error)
    if (mapped.code !== "STORE_READ_ONLY") throw mapped
  }
}

/** SQLite says only that it could not open the file; this says why. */
async function openingError(path: string, cause: unknown): Promise<StoreError> {
  const fail = (code: "STORE_PERMISSION" | "STORE_UNAVAILABLE", problem: string) => {
    return new StoreError(code, `SQLite: cannot open "${path}": ${problem}`, {
      backend: BACKEND,
      cause,
      retryable: false,
    })
  }
  try {
    if ((await stat(path)).isDirectory()) return fail("STORE_UNAVAILABLE", "it is a directory. Name a file in it.")
    return fail("STORE_PERMISSION", "the process may not read it. Give it access to the file.")
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === "EACCES" || code === "EPERM") {
      return fail("STORE_PERMISSION", "the process may not look into its directory. Give it access.")
    }
  }
  try {
    await stat(dirname(path))
    return fail("STORE_PERMISSION", "the process may not create it. Give it write access to the directory.")
  } catch {
    return fail("STORE_UNAVAILABLE", `the directory "${dirname(path)}" does not exist. Create it first.`)
  }
}
