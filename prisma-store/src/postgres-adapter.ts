import type { PgAdapter, PgParameter, PgRow, PgSession } from "@holdfast/postgres-store"
import { execute, isInTransaction, type PrismaClientLike, query } from "./client.js"
import { inSavepoint } from "./turns.js"

/**
 * The client as the Postgres store needs a driver. Its statements are atomic one by one and carry as much as a group of
 * calls, so that no transaction of Prisma's, with its time limit, is needed around them.
 */
export function postgresAdapter(client: PrismaClientLike): PgAdapter {
  const joins = isInTransaction(client)
  const session: PgSession = {
    inHostTransaction: joins,
    query: async (text, params) => (await query(client, text, params.map(parameter))).map(pgRow),
    execute: (text, params) => execute(client, text, params.map(parameter)),
    // Without parameters Prisma's adapter sends the text as it is, and the server runs all of it in one transaction.
    script: async text => void (await execute(client, text, [])),
  }
  return {
    reconnects: !joins,
    run: work => (joins ? inSavepoint(client, () => work(session)) : work(session)),
    close: async () => {},
  }
}

/** Prisma would take a subclass for something else. */
function parameter(value: PgParameter): PgParameter {
  return value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : value
}

/** Every column of the store's statements has a name of its own, and is text. */
function pgRow(row: Readonly<Record<string, unknown>>): PgRow {
  return Object.values(row).map(value => (value === null ? null : String(value)))
}
