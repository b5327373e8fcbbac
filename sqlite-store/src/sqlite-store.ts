import { type TableNames, tableNames } from "@holdfast/sql-store-core"
import { checkOptions, ENGINE_OPTIONS, type EngineOptions, EngineStore, hasMethods } from "@holdfast/store-core"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import { SqliteBackend } from "./sqlite-backend.js"

export interface SqliteStoreOptions extends EngineOptions {
  /**
   * The names of the two tables, so that the store lives beside an application's tables or several stores in one
   * database. Plain identifiers up to 48 characters. Default `holdfast_meta` and `holdfast_records`.
   */
  readonly tables?: Partial<TableNames>
}

/** A store in a SQLite database. */
export class SqliteStore extends EngineStore {
  /**
   * Opens the store's tables, creating them in an empty place. On a database that is locked now this happens with the
   * first call instead, which waits for the lock like any other.
   *
   * The connection is left open when this throws.
   *
   * @throws StoreError `STORE_FORMAT_UNSUPPORTED` when the tables are not a store of this format, `STORE_IN_TRANSACTION`
   * when the connection is inside a transaction, and what the database rejects opening with.
   * @throws TypeError for unknown options and wrong values.
   */
  constructor(adapter: SqliteAdapter, options: SqliteStoreOptions = {}) {
    const { tables, ...engine } = checked(adapter, options)
    const backend = new SqliteBackend(adapter, tableNames(tables))
    backend.openUnlessBusy()
    super(backend, engine)
  }
}

/** Makes a store in a SQLite database; the same as `new SqliteStore(adapter, options)`. */
export function createSqliteStore(adapter: SqliteAdapter, options?: SqliteStoreOptions): SqliteStore {
  return new SqliteStore(adapter, options)
}

const METHODS = ["exec", "iterate", "transaction", "close"] as const

function checked(adapter: SqliteAdapter, options: SqliteStoreOptions): SqliteStoreOptions {
  const missing = METHODS.find(method => !hasMethods(adapter, method))
  if (missing !== undefined) {
    throw new TypeError(
      `createSqliteStore: the adapter has no method "${missing}". Wrap the database, as in fromBetterSqlite3(db).`,
    )
  }
  const tables = { expected: "an object", accepts: (value: unknown) => typeof value === "object" && value !== null }
  return checkOptions("createSqliteStore", options, { ...ENGINE_OPTIONS, tables })
}
