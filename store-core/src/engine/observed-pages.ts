import type { StoreRecord } from "../store.js"
import type { PageSource } from "./paged-iterator.js"
import { type Failure, type ObservedDocument, payloadBytes, type Tell } from "./store-event.js"

/** Counts what an iteration gets, and tells of it when it is over. */
export class ObservedPages<T> implements PageSource<T> {
  private records = 0
  private bytes = 0
  private milliseconds = 0
  private hasStarted = false
  private readonly tell: Tell
  private readonly operation: "loadAll" | "listDocIds"
  private readonly documents: readonly ObservedDocument[]
  private readonly source: PageSource<T>

  constructor(
    tell: Tell,
    operation: "loadAll" | "listDocIds",
    documents: readonly ObservedDocument[],
    source: PageSource<T>,
  ) {
    this.tell = tell
    this.operation = operation
    this.documents = documents
    this.source = source
  }

  async fetch(): Promise<readonly T[] | null> {
    this.hasStarted = true
    const began = performance.now()
    try {
      const items = await this.source.fetch()
      this.records += items?.length ?? 0
      if (this.operation === "loadAll") this.bytes += payloadBytes((items ?? []) as readonly StoreRecord[])
      return items
    } finally {
      this.milliseconds += performance.now() - began
    }
  }

  reachesEnd(): boolean {
    return this.source.reachesEnd()
  }

  stopped(): Error | null {
    return this.source.stopped()
  }

  release(failure: Failure | null): void {
    this.source.release(failure)
    if (!this.hasStarted && failure === null) return
    const { operation, documents, records, bytes, milliseconds } = this
    this.tell({ operation, documents, records, bytes, milliseconds, group: 0 }, failure)
  }
}
