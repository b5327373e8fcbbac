import { type Backend, checkOptions, ENGINE_OPTIONS, type EngineOptions, EngineStore } from "@holdfast/store-core"
import type { PrismaClientLike } from "./client.js"
import { toStoreError } from "./errors.js"
import { findModels, type MappedModels, type ModelNames } from "./models.js"
import { openPostgres } from "./postgres-backend.js"
import { SqliteBackend } from "./sqlite-backend.js"
import { openGate } from "./sqlite-gate.js"
import { sqliteSession } from "./sqlite-session.js"
import { createStatements } from "./sqlite-statements.js"

export interface PrismaStoreOptions extends EngineOptions {
  /**
   * A `PrismaClient`, which stays open when the store is closed; or the client inside `$transaction(async tx => …)`: then
   * what the store acknowledges is stored if and when that transaction is, and the store is to be closed in it.
   */
  readonly client: PrismaClientLike
  /** The names of the two models in schema.prisma. Default `HoldfastMeta` and `HoldfastRecord`. */
  readonly models?: ModelNames
  /**
   * The schema of the tables on PostgreSQL, where the models do not say it with `@@schema`: what Prisma's driver adapter was
   * given as its own option `schema`, which a client does not tell. Default: the first on the connection's `search_path`
   * that has the tables.
   */
  readonly schema?: string
}

/** A store on a PrismaClient, made by `createPrismaStore`. */
export class PrismaStore extends EngineStore {}

/**
 * Opens a store in the tables of two models of the client, on SQLite and PostgreSQL. It never creates tables: those come
 * from a migration.
 *
 * Rejects with `STORE_FORMAT_UNSUPPORTED` when a model or table is missing or not the store's, naming the model and field
 * and the text to paste, and with what the database rejects with.
 *
 * @throws TypeError for unknown options and wrong values (by rejecting).
 */
export async function createPrismaStore(options: PrismaStoreOptions): Promise<PrismaStore> {
  const rules = { ...ENGINE_OPTIONS, client: anyObject, models: anyObject, schema: anyText }
  const { client, models = {}, schema, ...engine } = checkOptions("createPrismaStore", options ?? null, rules)
  const names = checkOptions("createPrismaStore (models)", models, { meta: anyText, records: anyText })
  const found = findModels(client, names)
  if (schema !== undefined && found.provider === "sqlite") {
    throw new TypeError('createPrismaStore: the option "schema" is for PostgreSQL; SQLite has no schemas.')
  }
  const mapped = { ...found, schema: found.schema ?? schema }
  const backend = mapped.provider === "sqlite" ? await openSqlite(client, mapped) : await openPostgres(client, mapped)
  return new PrismaStore(backend, engine)
}

async function openSqlite(client: PrismaClientLike, { names }: MappedModels): Promise<Backend> {
  const session = sqliteSession(client)
  const statements = createStatements(names)
  try {
    await openGate(session, names, statements)
  } catch (error) {
    throw toStoreError(error)
  }
  return new SqliteBackend(session, statements)
}

const anyObject = {
  expected: "an object",
  // A client is a Proxy of whatever kind once it was extended.
  accepts: (value: unknown) => (typeof value === "object" && value !== null) || typeof value === "function",
}
const anyText = { expected: "a string", accepts: (value: unknown) => typeof value === "string" }
