export {
  type BetterSqlite3Database,
  type BetterSqlite3Statement,
  fromBetterSqlite3,
} from "./adapters/better-sqlite3.js"
export { fromNodeSqlite, type NodeSqliteDatabase, type NodeSqliteStatement } from "./adapters/node-sqlite.js"
export type { AdapterOptions, SqliteAdapter, SqliteParameter } from "./sqlite-adapter.js"
export { createSqliteStore, SqliteStore, type SqliteStoreOptions } from "./sqlite-store.js"
export { type StoreTransaction, transact } from "./transact.js"
