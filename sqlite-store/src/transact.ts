import {
  type DocId,
  type EngineAccess,
  type EngineStore,
  engineOf,
  StoreError,
  type StoreRecord,
  type WriteOperation,
} from "@holdfast/store-core"
import { BACKEND, toStoreError } from "./errors.js"
import { SqliteBackend } from "./sqlite-backend.js"

/** The writes of the contract inside `transact`. They take effect at once and are stored with the transaction. */
export interface StoreTransaction {
  append(docId: DocId, record: StoreRecord): void
  replace(docId: DocId, records: StoreRecord[]): void
  delete(docId: DocId): void
}

/**
 * Writes rows of the application and records of the store in one commit.
 *
 * First commits what was called on the store before; then opens a transaction on the store's connection and calls
 * `work`, which runs the application's own SQL on that connection and writes documents through its argument. When
 * `work` returns, everything is committed, and its result returned; when it throws, everything is rolled back and the
 * error passed on. Calls on the store made later see the result; a call on the store made inside `work` comes after.
 *
 * Everything is synchronous. Throws, beside what `work` throws:
 * - `STORE_BUSY` when the database is locked, or a call made before has to wait: nothing has happened, try again
 * - `STORE_IN_TRANSACTION` for a call inside another `transact`, or on a connection inside a transaction of the host
 * - what the write of that name would reject with, from the methods of `StoreTransaction`; a write refused for its
 *   arguments or metadata has written nothing, and `work` may go on; after any other failure nothing can be committed
 * - `TypeError` when `work` returns a promise, because the commit cannot wait for it; everything is rolled back
 */
export function transact<R>(store: EngineStore, work: (tx: StoreTransaction) => R): R {
  const found = engineOf(store, SqliteBackend)
  if (found === null) throw new TypeError("transact: the first argument must be a SQLite store.")
  const { engine, backend } = found
  if (typeof work !== "function") throw new TypeError("transact: the second argument must be a function.")
  const observed = engine.observeTransaction()
  const written: WriteOperation[] = []
  const removed = new Set<DocId>()
  let over = false
  const run = (write: (operation: WriteOperation) => void) => {
    const one = (kind: WriteOperation["kind"], docId: DocId, records?: unknown) => {
      if (over) throw overError()
      const operation = engine.prepare(kind, docId, records)
      engine.admit(operation, removed.has(operation.docId))
      try {
        write(operation)
      } catch (error) {
        finish(engine, [operation], toStoreError(error))
        throw error
      }
      written.push(operation)
      observed?.add(operation)
      if (kind !== "append") removed.add(operation.docId)
    }
    return work({
      append: (docId, record) => one("append", docId, record),
      replace: (docId, records) => one("replace", docId, records),
      delete: docId => one("delete", docId),
    })
  }
  try {
    engine.checkOpen()
    backend.checkTransaction()
    engine.settleNow()
    const result = engine.exclusively(() => backend.transact(engine.plan, run, observed?.written))
    finish(engine, written, null)
    observed?.over(null)
    return result
  } catch (error) {
    finish(engine, written, new StoreError("STORE_BACKEND", "Rolled back.", { backend: BACKEND, cause: error }))
    observed?.over({ error })
    throw error
  } finally {
    over = true
  }
}

function finish(engine: EngineAccess, written: readonly WriteOperation[], error: StoreError | null): void {
  for (const operation of written) engine.finish(operation, error)
}

function overError(): StoreError {
  const message = "The transaction is over. Write inside the function given to transact, before it returns."
  return new StoreError("STORE_CLOSED", message, { backend: BACKEND })
}
