import type { AdapterOptions, SqliteAdapter, SqliteParameter } from "../sqlite-adapter.js"
import { checkAdapterOptions } from "./adapter-options.js"
import { runTransaction } from "./run-transaction.js"
import { prepareSqlJs, readSqlJsRow, type SqlJsDatabase, type SqlJsStatement } from "./sql-js-statement.js"

/**
 * A sql.js `Database` for `createSqliteStore`. The store closes it unless it is lent; lend it to `export()` it later.
 * What it holds is in memory only: an acknowledged write survives the program once `export()` has been saved.
 */
export function fromSqlJs(db: SqlJsDatabase, options: AdapterOptions = {}): SqliteAdapter {
  const { lent } = checkAdapterOptions("fromSqlJs", options)
  const statements = new Map<string, SqlJsStatement>()
  const bound = (sql: string, params: SqliteParameter[]) => {
    const values = params as Exclude<SqliteParameter, bigint>[]
    const known = statements.get(sql)
    try {
      if (known?.bind(values) !== undefined) return known
    } catch (error) {
      // `export()` closes every statement in releases before 1.15.
      if (error !== "Statement closed") throw error
    }
    const statement = prepareSqlJs(db, sql)
    statements.set(sql, statement)
    statement.bind(values)
    return statement
  }
  const rows = (sql: string, params: SqliteParameter[]) => {
    const statement = bound(sql, params)
    try {
      const found: unknown[] = []
      while (statement.step()) found.push(readSqlJsRow(statement))
      return found
    } finally {
      statement.reset()
    }
  }
  // It cannot be asked whether a transaction is open; a rollback without one does no harm.
  const runner = { run: (sql: string) => void rows(sql, []), isOpen: () => true }
  return {
    exec: (sql, ...params) => void rows(sql, params),
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => rows(sql, params) as T[],
    transaction: fn => runTransaction(runner, fn),
    close: () => {
      for (const statement of statements.values()) statement.free()
      statements.clear()
      if (lent !== true) db.close()
    },
  }
}
