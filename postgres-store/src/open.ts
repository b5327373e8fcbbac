import { checkOptions, isStoreError } from "@holdfast/store-core"
import { fromPool } from "./adapters/pg-pool.js"
import { toStoreError } from "./errors.js"
import { ADAPTER_OPTIONS, type PgAdapter, type PgAdapterOptions } from "./pg-adapter.js"
import {
  createPostgresStore,
  POSTGRES_OPTIONS,
  type PostgresStore,
  type PostgresStoreOptions,
} from "./postgres-store.js"

export interface OpenPostgresOptions extends PostgresStoreOptions, PgAdapterOptions {
  /** How many connections are opened at most. Default 10. */
  readonly maxConnections?: number
}

/**
 * Opens a store at a connection string such as `"postgres://user:password@host:5432/database"`, with a pool of its own that
 * is closed with the store. Needs the package `pg`. Creates no tables unless told to.
 *
 * Rejects with `STORE_UNAVAILABLE` when the server cannot be reached, and as `createPostgresStore`.
 *
 * @throws TypeError for unknown options and wrong values (by rejecting).
 */
export async function openPostgresStore(url: string, options: OpenPostgresOptions = {}): Promise<PostgresStore> {
  if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url)) {
    throw new TypeError('openPostgresStore: the URL must be a string such as "postgres://user@host/database".')
  }
  const accepts = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0
  const maxConnections = { expected: "a whole number from 1", accepts }
  const rules = { ...POSTGRES_OPTIONS, ...ADAPTER_OPTIONS, maxConnections }
  const {
    preparedStatements,
    maxConnections: max = 10,
    ...storeOptions
  } = checkOptions("openPostgresStore", options, rules)
  const { default: pg } = await import("pg")
  const pool = new pg.Pool({ connectionString: url, max })
  const adapter = fromPool(pool, { preparedStatements: preparedStatements === true })
  const owning: PgAdapter = {
    ...adapter,
    // The pool keeps the adapter's error listener: its connections are still closing when `end` has resolved, and one
    // that the server cuts off meanwhile would end the process.
    close: () => pool.end(),
  }
  try {
    return await createPostgresStore(owning, storeOptions)
  } catch (error) {
    throw isStoreError(error) || error instanceof TypeError ? error : toStoreError(error)
  }
}
