import { isStoreError, StoreError, showDocId } from "../errors.js"
import type { DocId } from "../store.js"
import type { WriteOperation } from "./backend.js"

/**
 * Remembers the documents whose last read failed. An engine that could not load a document tends to take it for an
 * empty one and to save that over the real one; the guard refuses such a write (GUARD-1 to GUARD-4).
 */
export class LoadGuard {
  private readonly failures = new Map<DocId, StoreError>()
  private readonly backend: string
  private readonly enabled: boolean

  constructor(backend: string, enabled: boolean) {
    this.backend = backend
    this.enabled = enabled
  }

  /** A read of the document failed in the store. */
  failed(docId: DocId, error: StoreError): void {
    if (this.enabled && error.code !== "STORE_CLOSED") this.failures.set(docId, error)
  }

  /** A load of the document has completed, or the document was deleted or repaired. */
  lift(docId: DocId): void {
    this.failures.delete(docId)
  }

  /** Whether any write to the document may be refused. */
  watches(docId: DocId): boolean {
    return this.failures.has(docId)
  }

  /** The error the operation must be refused with, or null. */
  refusal(operation: WriteOperation): StoreError | null {
    const cause = this.failures.get(operation.docId)
    if (cause === undefined || operation.kind === "delete") return null
    if (operation.kind === "replace" && isStoreError(cause, "STORE_CORRUPT")) return null
    const message = `Document ${showDocId(operation.docId)}: its last read failed (${cause.code}), so writing to it might overwrite what could not be read. ${isStoreError(cause, "STORE_CORRUPT") ? "Replace it with a good copy" : "Load it to its end first"}, or delete it.`
    return new StoreError("STORE_LOAD_FAILED", message, { backend: this.backend, docId: operation.docId, cause })
  }
}
