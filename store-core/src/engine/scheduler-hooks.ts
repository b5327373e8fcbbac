import type { StoreError } from "../errors.js"
import type { DocId } from "../store.js"
import type { WriteOperation } from "./backend.js"

/** What the scheduler asks of the store around it. */
export interface SchedulerHooks {
  /** The error to refuse the operation with instead of committing it, or null. `watches` says whether to ask. */
  watches(docId: DocId): boolean
  refusal(operation: WriteOperation): StoreError | null
  /** Whether a load of the document is open that a removal has to let read ahead. */
  hasOpenLoads(docId: DocId): boolean
  /** Called before an operation that removes records is committed; what it returns is waited for. */
  beforeRemoval(docId: DocId): void | Promise<void>
  /** Called when an operation is stored (error null) or has failed, before its caller hears of it. */
  afterWrite(operation: WriteOperation, error: StoreError | null): void
  /** Called when a read has failed, before the next call on the document gets its turn; returns what to reject with. */
  readFailed(docId: DocId, error: unknown): StoreError
  /** Adds the document and the shape of a `StoreError` to whatever a backend threw. */
  describe(error: unknown, docId: DocId): StoreError
}
