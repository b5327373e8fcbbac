import type { StoreError } from "../errors.js"
import type { Backend, Plan, WriteOperation } from "./backend.js"
import type { ObservedTransaction } from "./observed-transaction.js"

/**
 * Where functions around a store, such as `transact`, find the engine of one: `store[ENGINE]`. The contract has seven
 * methods and no more; what is not worth a method reaches further by this symbol.
 */
export const ENGINE: unique symbol = Symbol.for("holdfast.engine") as typeof ENGINE

/** The engine of a store whose backend is of a class; null for anything else, which may be anything at all. */
export function engineOf<B>(
  store: unknown,
  backendClass: abstract new (...args: never[]) => B,
): { readonly engine: EngineAccess; readonly backend: B } | null {
  try {
    const engine = (store as { readonly [ENGINE]: EngineAccess })[ENGINE]
    const backend: unknown = engine.backend
    return backend instanceof backendClass ? { engine, backend } : null
  } catch {
    return null
  }
}

/** The engine of a store, for functions that write in a way of their own. Not for applications. */
export interface EngineAccess {
  readonly backend: Backend
  readonly plan: Plan
  /** Throws `STORE_CLOSED` after `close`. */
  checkOpen(): void
  /** Collects what is written in one transaction for one event, where the store is observed. */
  observeTransaction(): ObservedTransaction | null
  /** Gives every call made so far its turn, at once; throws `STORE_BUSY` when one has to wait. */
  settleNow(): void
  /** Checks and copies a call's arguments, as the method of that name does; throws what it would reject with. */
  prepare(kind: WriteOperation["kind"], docId: unknown, records?: unknown): WriteOperation
  /** Runs `work`, which is synchronous and may leave things half done for a while; what is read meanwhile waits for its end. */
  exclusively<R>(work: () => R): R
  /**
   * To be called before an operation is written: throws what it must be refused with, and lets open loads read ahead.
   * `isRepaired` (default false) says that an operation before it has already removed what the load guard protects.
   */
  admit(operation: WriteOperation, isRepaired?: boolean): void
  /** To be called when it is known whether the operation is stored. */
  finish(operation: WriteOperation, error: StoreError | null): void
}
