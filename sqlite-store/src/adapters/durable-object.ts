import type { SqliteAdapter, SqliteParameter } from "../sqlite-adapter.js"

/** The part of a `DurableObjectState` (the `ctx` of a Durable Object with SQLite storage) that is used. */
export interface DurableObjectContext {
  readonly storage: {
    readonly sql: { exec(sql: string, ...params: SqliteParameter[]): { toArray(): unknown[] } }
    transactionSync<R>(fn: () => R): R
  }
}

/**
 * A Durable Object's storage for `createSqliteStore(fromDurableObject(ctx))`, in the object's constructor. Closing the
 * store closes nothing: the storage is the platform's, and another store may be made on it.
 *
 * The platform writes what was committed to disk before the object's answer leaves it, so an acknowledged write is as
 * durable as the answer that says so.
 *
 * Do not make the store or await its calls inside `ctx.storage.transaction(async …)`, and make no store inside
 * `transactionSync`: whether a transaction is open cannot be asked here, so the store cannot refuse with
 * `STORE_IN_TRANSACTION`, and a rollback would take writes back that it has acknowledged. Writes called inside
 * `transactionSync` are safe: they are committed after it has ended, whichever way it ends.
 *
 * Close the store before `ctx.storage.deleteAll()` and make another after it. One left open rejects with
 * `STORE_FORMAT_UNSUPPORTED` until there is another; used beside that one, it would write into the wrong documents.
 */
export function fromDurableObject(ctx: DurableObjectContext): SqliteAdapter {
  const storage = storageOf(ctx)
  // Read to the end at once: an open cursor also yields rows that are inserted while it is read.
  const rows = (sql: string, params: SqliteParameter[]) => storage.sql.exec(sql, ...params).toArray()
  return {
    exec: (sql, ...params) => void rows(sql, params),
    iterate: <T>(sql: string, ...params: SqliteParameter[]) => rows(sql, params) as T[],
    transaction: fn => storage.transactionSync(fn),
    close: () => {},
  }
}

function storageOf(ctx: DurableObjectContext): DurableObjectContext["storage"] {
  let cause: unknown
  try {
    const { storage } = ctx
    if (typeof storage.sql.exec === "function") return storage
  } catch (error) {
    cause = error
  }
  const message = "fromDurableObject: pass the ctx of a Durable Object with SQLite storage."
  throw new TypeError(message, cause === undefined ? undefined : { cause })
}
