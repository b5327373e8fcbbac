import type { DocId } from "@holdfast/store-core"

/** How many documents are kept; at 36 characters an id that is a few megabytes. */
const MOST = 20_000

/**
 * What a store knows of documents after its own last commits. Only a guess, since another connection may have written in
 * between: the statement that uses one proves it. The documents that came first are forgotten first.
 */
export class KnownDocuments<Known> {
  private readonly known = new Map<DocId, Known>()
  private readonly most: number

  constructor(most = MOST) {
    this.most = most
  }

  get(docId: DocId): Known | undefined {
    return this.known.get(docId)
  }

  set(docId: DocId, document: Known): void {
    this.known.set(docId, document)
    if (this.known.size > this.most) {
      const oldest = this.known.keys().next().value as DocId
      this.known.delete(oldest)
    }
  }

  delete(docId: DocId): void {
    this.known.delete(docId)
  }
}
