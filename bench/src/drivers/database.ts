import { DatabaseSync } from "node:sqlite"
import Database from "better-sqlite3"
import type { Durability } from "./driver.js"

/** What the two bindings of SQLite have in common. */
export interface Db {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): unknown
}

export interface Statement {
  run(...values: (null | number | string | Uint8Array)[]): unknown
  get(...values: (null | number | string | Uint8Array)[]): unknown
  all(...values: (null | number | string | Uint8Array)[]): unknown[]
}

export type Binding = "better-sqlite3" | "node:sqlite"

export function openBetterSqlite3(path: string, durability: Durability): Database.Database {
  return configured(new Database(path), durability)
}

export function openNodeSqlite(path: string, durability: Durability): DatabaseSync {
  return configured(new DatabaseSync(path), durability)
}

export function openDatabase(binding: Binding, path: string, durability: Durability): Db {
  return binding === "node:sqlite" ? openNodeSqlite(path, durability) : openBetterSqlite3(path, durability)
}

/** The settings of `openSqliteStore`, for every driver on SQLite alike. */
function configured<T extends { exec(sql: string): unknown }>(db: T, durability: Durability): T {
  db.exec("PRAGMA busy_timeout = 10")
  db.exec("PRAGMA journal_mode = WAL")
  db.exec(`PRAGMA synchronous = ${durability}`)
  db.exec("PRAGMA wal_autocheckpoint = 8000")
  db.exec(`PRAGMA journal_size_limit = ${48 * 1024 * 1024}`)
  return db
}
