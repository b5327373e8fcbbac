import type { DocId } from "@holdfast/store-core"

export interface KnownDocument {
  readonly doc: number
  /** The greatest sequence number. */
  last: number
}

/** How many documents' numbers are kept; at 36 characters an id that is a few megabytes. */
const MOST = 20_000

/**
 * The numbers documents had after the store's own last commit. Only a guess, since another connection may have written
 * in between: the insert that uses one proves it.
 */
export class DocumentNumbers {
  private readonly known = new Map<DocId, KnownDocument>()

  get(docId: DocId): KnownDocument | undefined {
    return this.known.get(docId)
  }

  set(docId: DocId, document: KnownDocument): void {
    this.known.set(docId, document)
    if (this.known.size > MOST) {
      const oldest = this.known.keys().next().value
      if (oldest !== undefined) this.known.delete(oldest)
    }
  }

  delete(docId: DocId): void {
    this.known.delete(docId)
  }
}
