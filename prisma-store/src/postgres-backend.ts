import { createPostgresStore } from "@holdfast/postgres-store"
import { type Backend, ENGINE, isStoreError, type Outcome, type StoreError } from "@holdfast/store-core"
import type { PrismaClientLike } from "./client.js"
import { BACKEND, fromPostgres } from "./errors.js"
import type { MappedModels } from "./models.js"
import { postgresAdapter } from "./postgres-adapter.js"

/** The Postgres store's backend on the client: the statements and their locks are the same, only the driver is another. */
export async function openPostgres(client: PrismaClientLike, models: MappedModels): Promise<Backend> {
  const { names, schema } = models
  const options = schema === undefined ? { tables: names } : { tables: names, schema }
  const store = await renamed(() => createPostgresStore(postgresAdapter(client), options))
  return asPrisma(store[ENGINE].backend)
}

function asPrisma(backend: Backend): Backend {
  return {
    name: BACKEND,
    capabilities: backend.capabilities,
    commit: async (operations, plan, written) =>
      (await renamed(() => backend.commit(operations, plan, written))).map(renamedOutcome),
    readPage: (docId, cursor) => renamed(() => backend.readPage(docId, cursor)),
    readMeta: docId => renamed(() => backend.readMeta(docId)),
    readIds: (prefix, after, limit) => renamed(() => backend.readIds(prefix, after, limit)),
    close: () => renamed(() => backend.close()),
  }
}

async function renamed<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isStoreError(error) ? fromPostgres(error) : error
  }
}

function renamedOutcome(outcome: Outcome): StoreError | null {
  return outcome === null ? null : fromPostgres(outcome)
}
