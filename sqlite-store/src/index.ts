export {
  type BetterSqlite3Database,
  type BetterSqlite3Statement,
  fromBetterSqlite3,
} from "./adapters/better-sqlite3.js"
export { type BunSqliteDatabase, type BunSqliteStatement, fromBunSqlite } from "./adapters/bun-sqlite.js"
export { type DurableObjectContext, fromDurableObject } from "./adapters/durable-object.js"
export { fromNodeSqlite, type NodeSqliteDatabase } from "./adapters/node-sqlite.js"
export type { NodeSqliteStatement } from "./adapters/node-sqlite-statement.js"
export { fromSqlJs } from "./adapters/sql-js.js"
export type { SqlJsDatabase, SqlJsStatement } from "./adapters/sql-js-statement.js"
export type { AdapterOptions, SharedAdapterOptions, SqliteAdapter, SqliteParameter } from "./sqlite-adapter.js"
export { createSqliteStore, SqliteStore, type SqliteStoreOptions } from "./sqlite-store.js"
export { type StoreTransaction, transact } from "./transact.js"
export { type SqliteFinding, type SqliteFindingKind, verifySqliteStore } from "./verify.js"
export type { RowFindingKind } from "./verify-rows.js"
