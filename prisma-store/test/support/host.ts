import type { PrismaClientLike } from "../../src/index.js"
import type { PrismaClient as PostgresClient } from "../generated/postgresql/client.js"
import type { PrismaClient as SqliteClient } from "../generated/sqlite/client.js"

/** An application with rows of its own, as the tests of its transactions need it. */
export interface Host {
  readonly client: PrismaClientLike
  /** Runs `work` in an interactive transaction of Prisma's, with a function that writes a row of the application. */
  transact(work: (tx: PrismaClientLike, note: (title: string) => Promise<void>) => Promise<void>): Promise<void>
  /** The titles of the application's rows. */
  notes(): Promise<string[]>
}

/** No cast anywhere: whatever client was generated fits. */
export function sqliteHost(client: SqliteClient): Host {
  return {
    client,
    transact: work =>
      client.$transaction(tx => work(tx, async title => void (await tx.note.create({ data: { title } })))),
    notes: async () => (await client.note.findMany({ orderBy: { id: "asc" } })).map(({ title }) => title),
  }
}

export function postgresHost(client: PostgresClient): Host {
  return {
    client,
    transact: work =>
      client.$transaction(tx => work(tx, async title => void (await tx.note.create({ data: { title } })))),
    notes: async () => (await client.note.findMany({ orderBy: { id: "asc" } })).map(({ title }) => title),
  }
}
