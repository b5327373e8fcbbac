import { type TableNames, tableNames } from "@holdfast/sql-store-core"
import {
  anyBoolean,
  checkOptions,
  ENGINE_OPTIONS,
  type EngineOptions,
  EngineStore,
  hasMethods,
  type OptionRule,
} from "@holdfast/store-core"
import { openGate } from "./open-gate.js"
import type { PgAdapter } from "./pg-adapter.js"
import { PostgresBackend } from "./postgres-backend.js"
import { schemaName, TABLE_OPTIONS, type TableOptions } from "./tables.js"

export interface PostgresStoreOptions extends EngineOptions, TableOptions {
  /** Whether to create the tables where there are none. Default false: then opening says what is missing. */
  readonly createTables?: boolean
}

/** For `checkOptions`. */
export const POSTGRES_OPTIONS: Readonly<Record<keyof PostgresStoreOptions, OptionRule>> = {
  ...ENGINE_OPTIONS,
  ...TABLE_OPTIONS,
  createTables: anyBoolean,
}

/** A store in a Postgres database, made by `createPostgresStore` or `openPostgresStore`. */
export class PostgresStore extends EngineStore {}

/**
 * Opens a store in the two tables of a Postgres database: `fromPool(pool)`, `fromClient(client)` or `fromPglite(db)`. What
 * the adapter was made of stays open when the store is closed, and when this rejects.
 *
 * Rejects with `STORE_FORMAT_UNSUPPORTED` when the tables are missing or not a store of this format, naming the statement
 * that repairs it, and with what the database rejects with.
 *
 * @throws TypeError for unknown options and wrong values (by rejecting).
 */
export async function createPostgresStore(
  adapter: PgAdapter,
  options: PostgresStoreOptions = {},
): Promise<PostgresStore> {
  if (!hasMethods(adapter, "run", "close")) {
    throw new TypeError("createPostgresStore: wrap the database first, as in fromPool(pool).")
  }
  const { tables, schema, createTables, ...engine } = checkOptions("createPostgresStore", options, POSTGRES_OPTIONS)
  const names: TableNames = tableNames(tables)
  try {
    const wanted = { names, schema: schemaName(schema), create: createTables === true }
    const statements = await openGate(adapter, wanted)
    return new PostgresStore(new PostgresBackend(adapter, statements), engine)
  } catch (error) {
    // Takes the adapter's listeners away; what it was made of stays open. The first error says what is wrong.
    await adapter.close().catch(() => {})
    throw error
  }
}
