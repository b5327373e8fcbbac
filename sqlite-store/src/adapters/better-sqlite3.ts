import type { SharedAdapterOptions, SqliteAdapter, SqliteParameter } from "../sqlite-adapter.js"
import { checkAdapterOptions, checkConnection } from "./adapter-options.js"
import { runTransaction } from "./run-transaction.js"

/** The part of a better-sqlite3 `Database` that is used. */
export interface BetterSqlite3Database {
  prepare(sql: string): BetterSqlite3Statement
  exec(sql: string): unknown
  close(): unknown
  readonly inTransaction: boolean
}

export interface BetterSqlite3Statement {
  run(...params: unknown[]): unknown
  all(...params: unknown[]): unknown[]
  safeIntegers(toggle: boolean): unknown
}

/** A better-sqlite3 connection (version 11 or later) for `createSqliteStore`. The store closes it unless it is lent. */
export function fromBetterSqlite3(db: BetterSqlite3Database, options: SharedAdapterOptions = {}): SqliteAdapter {
  const { lent, exclusive } = checkAdapterOptions("fromBetterSqlite3", options, ["exclusive"])
  checkConnection("fromBetterSqlite3", "Database of better-sqlite3", db, "inTransaction")
  const statements = new Map<string, BetterSqlite3Statement>()
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
    exec: (sql, ...params: SqliteParameter[]) => void prepare(sql).run(...params),
    // Not `iterate()`: its open cursor makes better-sqlite3 refuse every write on the connection.
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => prepare(sql).all(...params) as T[],
    transaction: fn => runTransaction(runner, fn),
    close: () => {
      statements.clear()
      if (lent !== true) db.close()
    },
    // It refuses every write while an `iterate()` of the host is open.
    commitsAlone: true,
    exclusive: exclusive === true,
    get inTransaction() {
      return db.inTransaction
    },
  }
}
