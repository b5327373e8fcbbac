import { hasMethods } from "@holdfast/store-core"
import type { PgAdapter, PgParameter, PgRow, PgSession } from "../pg-adapter.js"
import { runInSavepoint } from "./savepoint.js"
import { Turns } from "./turns.js"

/** How the store asks PGlite: results as they come over the wire, binary parameters as they are. */
export interface PgliteQueryOptions {
  readonly rowMode: "array"
  readonly parsers: Record<number, (value: string) => string>
  readonly serializers: Record<number, (value: string) => string>
}

interface PgliteResult {
  readonly rows: unknown[]
  readonly affectedRows?: number
}

/** What the store uses of a `PGlite` database, or of the `tx` that `db.transaction` gives. */
export interface Pglite {
  query(query: string, params?: unknown[], options?: PgliteQueryOptions): Promise<PgliteResult>
  exec(query: string): Promise<unknown>
  /** Only the database has it. */
  transaction?: unknown
}

/** The calls of all stores on one database or transaction take turns. */
const turns = new WeakMap<Pglite, Turns>()

/**
 * An adapter for a PGlite database, or for the `tx` inside its `transaction`, which the store then joins. The caller keeps
 * the database: closing the store leaves it open.
 */
export function fromPglite(db: Pglite): PgAdapter {
  if (!hasMethods(db, "query", "exec")) {
    throw new TypeError("fromPglite: this is not a PGlite database or transaction.")
  }
  const inHostTransaction = db.transaction === undefined
  const run = (text: string, params: readonly PgParameter[]) => db.query(text, params as PgParameter[], OPTIONS)
  const session: PgSession = {
    inHostTransaction,
    query: async (text, params) => (await run(text, params)).rows as PgRow[],
    execute: async (text, params) => (await run(text, params)).affectedRows ?? 0,
    script: async text => void (await db.exec(text)),
  }
  const queue = turns.get(db) ?? new Turns()
  turns.set(db, queue)
  return {
    reconnects: false,
    run: work => queue.take(() => (inHostTransaction ? runInSavepoint(session, work) : work(session))),
    close: async () => {},
  }
}

const identity = (value: string): string => value

/** The numbers Postgres gives its types: text and, of the parameters, bytea, text, int2 and the arrays of int4, text, int8. */
const OPTIONS: PgliteQueryOptions = {
  rowMode: "array",
  parsers: { 25: identity },
  serializers: Object.fromEntries([17, 25, 21, 20, 1007, 1009, 1016].map(oid => [oid, identity])),
}
