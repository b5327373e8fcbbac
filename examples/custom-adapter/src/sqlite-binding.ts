import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { SqliteAdapter, SqliteParameter } from "@holdfast/sqlite-store"

// #region binding
/** A binding as one writes it for a driver that has none; `node:sqlite` stands for that driver here. */
export function fromDriver(db: DatabaseSync): SqliteAdapter {
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    exec: (sql, ...params) => void prepare(sql).run(...params),

    // All rows at once: an open cursor would stand in the way of whatever the store does next.
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => prepare(sql).all(...params) as T[],

    transaction: fn => {
      prepare("BEGIN IMMEDIATE").run()
      try {
        const result = fn()
        // Inside the try: a COMMIT can fail too, and then the transaction is still open.
        prepare("COMMIT").run()
        return result
      } catch (error) {
        try {
          // SQLite may have ended it already.
          if (db.isTransaction) prepare("ROLLBACK").run()
        } catch {
          // The error that led here says more than this one.
        }
        throw error
      }
    },

    close: () => {
      statements.clear()
      if (db.isOpen) db.close()
    },
  }
}
// #endregion binding
