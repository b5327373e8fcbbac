import type { SharedAdapterOptions, SqliteAdapter, SqliteParameter } from "../sqlite-adapter.js"
import { checkAdapterOptions, checkConnection } from "./adapter-options.js"
import { runTransaction } from "./run-transaction.js"

/** The part of a `Database` of `bun:sqlite` that is used. */
export interface BunSqliteDatabase {
  prepare(sql: string): BunSqliteStatement
  close(): void
  readonly inTransaction: boolean
}

export interface BunSqliteStatement {
  run(...params: SqliteParameter[]): unknown
  all(...params: SqliteParameter[]): unknown[]
  safeIntegers(toggle: boolean): unknown
  finalize(): void
}

/** A `Database` of `bun:sqlite` for `createSqliteStore`. The store closes it unless it is lent. */
export function fromBunSqlite(db: BunSqliteDatabase, options: SharedAdapterOptions = {}): SqliteAdapter {
  const { lent, exclusive } = checkAdapterOptions("fromBunSqlite", options, ["exclusive"])
  checkConnection("fromBunSqlite", "Database of bun:sqlite", db, "inTransaction")
  const statements = new Map<string, BunSqliteStatement>()
  const prepare = (sql: string) => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = db.prepare(sql)
      // The host may have made big integers the connection's default.
      statement.safeIntegers(false)
      statements.set(sql, statement)
    }
    return statement
  }
  const runner = { run: (sql: string) => void prepare(sql).run(), isOpen: () => db.inTransaction }
  return {
    exec: (sql, ...params) => void prepare(sql).run(...params),
    // Not `iterate()`: two of one statement share a cursor and take each other's rows.
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => prepare(sql).all(...params) as T[],
    transaction: fn => runTransaction(runner, fn),
    close: () => {
      // A statement that is left keeps the file open until it is garbage, also after its connection was closed.
      for (const statement of statements.values()) statement.finalize()
      statements.clear()
      if (lent !== true) db.close()
    },
    commitsAlone: exclusive === true,
    exclusive: exclusive === true,
    get inTransaction() {
      return db.inTransaction
    },
  }
}
