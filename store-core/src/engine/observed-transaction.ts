import type { DocId } from "../store.js"
import type { WriteOperation, Written } from "./backend.js"
import { type Failure, type ObservedDocument, payloadBytes, type Tell, unwritten } from "./store-event.js"

/** Collects what a `transact` writes, for one event when it is over. */
export class ObservedTransaction {
  private readonly began = performance.now()
  private readonly documents = new Map<DocId, ObservedDocument>()
  private records = 0
  private bytes = 0
  private group = 0
  private readonly tell: Tell

  constructor(tell: Tell) {
    this.tell = tell
  }

  /** For the backend. */
  readonly written: Written = ({ kind, docId }, first, last) => {
    const before = kind === "append" ? (this.documents.get(docId)?.first ?? null) : null
    this.documents.set(docId, { docId, first: before ?? first, last })
  }

  /** An operation was written, which is not stored before the transaction is. */
  add(operation: WriteOperation): void {
    const { kind, docId } = operation
    this.group++
    if (kind === "delete" || !this.documents.has(docId)) this.documents.set(docId, unwritten(docId))
    if (kind !== "delete") {
      this.records += operation.records.length
      this.bytes += payloadBytes(operation.records)
    }
  }

  /** `failure` is what was thrown, null when the transaction is stored. */
  over(failure: Failure | null): void {
    const { began, records, bytes, group } = this
    const all = [...this.documents.values()]
    const documents = failure === null ? all : all.map(({ docId }) => unwritten(docId))
    const milliseconds = performance.now() - began
    this.tell({ operation: "transact", documents, records, bytes, milliseconds, group }, failure)
  }
}
