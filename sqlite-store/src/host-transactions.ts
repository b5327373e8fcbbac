import { StoreError } from "@holdfast/store-core"
import { BACKEND } from "./errors.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"

/** Notices transactions that the store did not begin: what is written in one may still be rolled back. */
export class HostTransactions {
  private readonly adapter: SqliteAdapter
  /**
   * Whether a connection that nobody else uses may be in a transaction all the same: it was handed over in one, or one of the
   * store's own could not be rolled back. Otherwise it is not asked, which takes a thirtieth of a lone write.
   */
  private isDoubtful = true
  /** Whether the store's own transaction is open, in which the application runs its SQL. */
  private isInside = false

  constructor(adapter: SqliteAdapter) {
    this.adapter = adapter
  }

  /** Something failed, or the application has used the connection. */
  doubt(): void {
    this.isDoubtful = true
  }

  /** Runs what opens a transaction in which the application runs its SQL. */
  inside<R>(run: () => R): R {
    this.isInside = true
    try {
      return run()
    } finally {
      this.isInside = false
      this.doubt()
    }
  }

  /** Throws `STORE_IN_TRANSACTION` when the connection is inside a transaction. */
  refuse(): void {
    if (this.isInside) {
      throw inTransaction(
        "transact was called inside transact. Write through the argument of the function that runs now.",
      )
    }
    if (this.adapter.exclusive === true && !this.isDoubtful) return
    if (this.adapter.inTransaction === true) {
      throw inTransaction(
        "The connection is inside a transaction that the store did not begin, so a write could still be rolled back. " +
          "End the transaction first.",
      )
    }
    this.isDoubtful = false
  }

  /** Throws when the store's own transaction is over: what is written after the application ended it would stay. */
  refuseEnded(): void {
    if (this.adapter.inTransaction !== false) return
    const message =
      "The transaction was ended inside transact, by the application or by a statement of it that rolls back. " +
      "What was written before is not stored; let transact commit or roll back."
    throw new StoreError("STORE_BACKEND", message, { backend: BACKEND })
  }
}

function inTransaction(message: string): StoreError {
  return new StoreError("STORE_IN_TRANSACTION", message, { backend: BACKEND })
}
