import { DatabaseSync } from "node:sqlite"
import Database from "better-sqlite3"
import { fromBetterSqlite3, fromNodeSqlite, type SharedAdapterOptions, type SqliteAdapter } from "../../src/index.js"
import { Watch, watchBetterSqlite3, watchNodeSqlite } from "./watch.js"

export type Binding = "better-sqlite3" | "node:sqlite"
export const BINDINGS: readonly Binding[] = ["better-sqlite3", "node:sqlite"]

/** A connection a test opened, through either binding. */
export interface Connection {
  readonly watch: Watch
  /** An adapter whose statements go through `watch`. */
  adapter(options?: SharedAdapterOptions): SqliteAdapter
  exec(sql: string): void
  all(sql: string, ...params: (string | number)[]): Record<string, unknown>[]
  isOpen(): boolean
  close(): void
}

/** Opens a file, or `":memory:"`. Locks are not waited for: in one thread nobody could let go meanwhile. */
export function connect(binding: Binding, path: string, watch = new Watch()): Connection {
  return binding === "better-sqlite3" ? connectBetterSqlite3(path, watch) : connectNodeSqlite(path, watch)
}

function connectBetterSqlite3(path: string, watch: Watch): Connection {
  const db = new Database(path, { timeout: 0 })
  return {
    watch,
    adapter: options => fromBetterSqlite3(watchBetterSqlite3(db, watch), options),
    exec: sql => void db.exec(sql),
    all: (sql, ...params) => db.prepare(sql).all(...params) as Record<string, unknown>[],
    isOpen: () => db.open,
    close: () => void db.close(),
  }
}

function connectNodeSqlite(path: string, watch: Watch): Connection {
  const db = new DatabaseSync(path)
  return {
    watch,
    adapter: options => fromNodeSqlite(watchNodeSqlite(db, watch), options),
    exec: sql => db.exec(sql),
    all: (sql, ...params) =>
      db
        .prepare(sql)
        .all(...params)
        .map(row => ({ ...row })),
    isOpen: () => db.isOpen,
    close: () => {
      if (db.isOpen) db.close()
    },
  }
}
