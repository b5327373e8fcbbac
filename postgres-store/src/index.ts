export { fromClient, type PgClient } from "./adapters/pg-client.js"
export { fromPool, type PgPool, type PgPoolClient } from "./adapters/pg-pool.js"
export type { PgQuery, PgResult } from "./adapters/pg-request.js"
export { fromPglite, type Pglite, type PgliteQueryOptions } from "./adapters/pglite.js"
export type {
  PgAdapter,
  PgAdapterOptions,
  PgConnection,
  PgParameter,
  PgRow,
  PgSession,
} from "./pg-adapter.js"
export { createPostgresStore, PostgresStore, type PostgresStoreOptions } from "./postgres-store.js"
export { createTablesSql, type TableOptions } from "./tables.js"
export { type PostgresFindingKind, verifyPostgresStore } from "./verify.js"
