import { DatabaseSync } from "node:sqlite"
import Database from "better-sqlite3"
import { fromBetterSqlite3, fromNodeSqlite, type SqliteAdapter } from "../../src/index.js"
import type { Binding } from "./connection.js"

/** A connection of a host, which lends it to its stores. */
export interface Host {
  adapter(): SqliteAdapter
  exec(sql: string): unknown
  /** The first column of the first row, integers as numbers. */
  value(sql: string): unknown
  iterate(sql: string): Iterator<unknown>
  close(): void
}

export interface HostOptions {
  /** Whether big integers are the connection's default. */
  readonly bigints?: boolean
  /** Functions the host defines, in place of SQLite's when they have its names. */
  readonly functions?: Readonly<Record<string, (...values: unknown[]) => string | number>>
}

export function openHost(binding: Binding, path: string, options: HostOptions = {}): Host {
  const functions = Object.entries(options.functions ?? {})
  if (binding === "better-sqlite3") {
    const db = new Database(path, { timeout: 0 })
    db.defaultSafeIntegers(options.bigints === true)
    for (const [name, run] of functions) db.function(name, { varargs: true }, run)
    const value = (sql: string) => db.prepare(sql).safeIntegers(false).pluck().get()
    return {
      adapter: () => fromBetterSqlite3(db, { lent: true }),
      exec: sql => db.exec(sql),
      value,
      iterate: sql => db.prepare(sql).iterate(),
      close: () => db.close(),
    }
  }
  const db = new DatabaseSync(path, { readBigInts: options.bigints === true })
  for (const [name, run] of functions) db.function(name, { varargs: true }, run)
  const value = (sql: string) => {
    const statement = db.prepare(sql)
    statement.setReadBigInts(false)
    return Object.values(statement.get() ?? {})[0]
  }
  return {
    adapter: () => fromNodeSqlite(db, { lent: true }),
    exec: sql => db.exec(sql),
    value,
    iterate: sql => db.prepare(sql).iterate(),
    close: () => db.close(),
  }
}
