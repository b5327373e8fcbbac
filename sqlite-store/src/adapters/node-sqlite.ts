import type { SharedAdapterOptions, SqliteAdapter, SqliteParameter } from "../sqlite-adapter.js"
import { checkAdapterOptions, checkConnection } from "./adapter-options.js"
import { type NodeSqliteStatement, rowReader } from "./node-sqlite-statement.js"
import { runTransaction } from "./run-transaction.js"

/** The part of a `DatabaseSync` of `node:sqlite` that is used. */
export interface NodeSqliteDatabase {
  prepare(sql: string): NodeSqliteStatement
  exec(sql: string): void
  close(): void
  readonly isOpen?: boolean
  readonly isTransaction?: boolean
}

/** A `DatabaseSync` of `node:sqlite` for `createSqliteStore`. The store closes it unless it is lent. */
export function fromNodeSqlite(db: NodeSqliteDatabase, options: SharedAdapterOptions = {}): SqliteAdapter {
  const { lent, exclusive } = checkAdapterOptions("fromNodeSqlite", options, ["exclusive"])
  checkConnection("fromNodeSqlite", "DatabaseSync of node:sqlite", db, "isTransaction")
  const statements = new Map<string, { statement: NodeSqliteStatement; read: ReturnType<typeof rowReader> }>()
  const prepare = (sql: string) => {
    let prepared = statements.get(sql)
    if (prepared === undefined) {
      const statement = db.prepare(sql)
      // The host may have made big integers the connection's default.
      statement.setReadBigInts(false)
      prepared = { statement, read: rowReader(statement) }
      statements.set(sql, prepared)
    }
    return prepared
  }
  // Releases of Node before 22.16 do not tell; a rollback without a transaction does no harm.
  const runner = { run: (sql: string) => void prepare(sql).statement.get(), isOpen: () => db.isTransaction ?? true }
  let open = true
  return {
    // Does what `run()` does, without the object that says what has changed.
    exec: (sql, ...params) => void prepare(sql).statement.get(...params),
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => prepare(sql).read(params) as T[],
    transaction: fn => runTransaction(runner, fn),
    close: () => {
      statements.clear()
      // Unlike other drivers, this one throws when the host has closed the database before.
      if (open && lent !== true && db.isOpen !== false) db.close()
      open = false
    },
    commitsAlone: exclusive === true,
    exclusive: exclusive === true,
    get inTransaction() {
      return db.isTransaction
    },
  }
}
