import { isStoreError, type StoreError } from "../errors.js"
import type { DocId, StoreRecord } from "../store.js"
import type { Backend, Page } from "./backend.js"
import { nextTurn } from "./event-loop.js"
import type { LoadGuard } from "./load-guard.js"
import type { PageSource } from "./paged-iterator.js"
import { isPromise, type Retry } from "./retry.js"
import type { Scheduler } from "./scheduler.js"

/** What loads need of the store around them. */
export interface LoadContext {
  readonly backend: Backend
  readonly scheduler: Scheduler
  readonly retry: Retry
  readonly guard: LoadGuard
  readonly open: OpenLoads
  /** `STORE_CLOSED` once the store was closed. */
  closed(): StoreError | null
  describe(error: unknown, docId: DocId | undefined): StoreError
}

/** One load: a document's records page by page. */
export class Load implements PageSource<StoreRecord> {
  /** Where the next page begins; undefined before the first, null when everything has been read. */
  private cursor: unknown
  /** Pages read ahead, which the consumer has not asked for. */
  private ahead: (readonly StoreRecord[])[] = []
  private fetching: Promise<void> | null = null
  private released = false
  /** Whether a write of this store may take the rest of the document away, or has; that is no failure of the store. */
  private ownRemoval: "none" | "pending" | "done" = "none"
  private readonly context: LoadContext
  private readonly docId: DocId

  constructor(context: LoadContext, docId: DocId) {
    this.context = context
    this.docId = docId
  }

  stopped(): Error | null {
    return this.context.closed()
  }

  reachesEnd(): boolean {
    if (this.cursor !== null || this.ahead.length > 0) return false
    this.context.guard.lift(this.docId)
    return true
  }

  fetch(): Promise<readonly StoreRecord[] | null> {
    return this.cursor === undefined ? this.first() : this.following()
  }

  /**
   * The first page fixes what the load yields; only reading it takes the document's turn. The scheduler reports its failure
   * in that turn: reported after it, a delete called since would not count.
   */
  private first(): Promise<readonly StoreRecord[]> {
    return this.context.scheduler.read(this.docId, () => this.firstPage(0))
  }

  private async following(): Promise<readonly StoreRecord[] | null> {
    try {
      if (this.ahead.length === 0 && this.cursor !== null) {
        if (this.context.scheduler.stretch.isOverForPage()) await nextTurn()
        // A removal may be reading ahead by now, or have done so; while it goes on, a second reader of the same cursor
        // would get the same records again.
        while (this.fetching !== null) await this.fetching
        if (this.ahead.length === 0 && this.cursor !== null) await this.readPage()
      }
      const records = this.ahead.shift()
      if (records !== undefined) return records
      return this.reachesEnd() ? null : []
    } catch (error) {
      throw this.failed(error)
    }
  }

  release(): void {
    this.released = true
    this.ahead = []
    this.context.open.remove(this.docId, this)
  }

  /**
   * Reads what is left before the document's rows go away, as far as the budget allows. Answers without a promise when
   * the backend does. What does not fit or cannot be read stays unread: the load will find it gone.
   */
  readAhead(budget: { bytes: number }): void | Promise<void> {
    if (this.ownRemoval === "none") this.ownRemoval = "pending"
    while (!this.released && this.cursor !== null && budget.bytes > 0) {
      if (this.fetching !== null) return this.fetching.then(() => this.readAhead(budget))
      try {
        const page = this.request()
        if (isPromise(page)) return this.arriving(page, budget).then(() => this.readAhead(budget), ignore)
        this.take(page, budget)
      } catch {
        return
      }
    }
  }

  /** The removal is stored, or has failed: then what overtakes the load from now on is not this store. */
  removalEnded(stored: boolean): void {
    if (stored) this.ownRemoval = "done"
    else if (this.ownRemoval === "pending") this.ownRemoval = "none"
  }

  /** Nothing has been yielded yet, so a document replaced while its first page was read is simply read again. */
  private firstPage(attempt: number): readonly StoreRecord[] | Promise<readonly StoreRecord[]> {
    const again = (error: unknown) => {
      if (attempt >= 10 || !isStoreError(error, "STORE_LOAD_SUPERSEDED")) throw error
      return this.firstPage(attempt + 1)
    }
    try {
      const page = this.context.backend.readPage(this.docId, null)
      return isPromise(page) ? page.then(ready => this.begin(ready), again) : this.begin(page)
    } catch (error) {
      return again(error)
    }
  }

  /** Still in the document's turn: a removal called next must find the load among the open ones. */
  private begin({ next, records }: Page<unknown>): readonly StoreRecord[] {
    this.cursor = next
    if (next !== null) this.context.open.add(this.docId, this)
    return records
  }

  private request(): Page<unknown> | Promise<Page<unknown>> {
    return this.context.retry.call(() => this.context.backend.readPage(this.docId, this.cursor))
  }

  private async readPage(): Promise<void> {
    const page = this.request()
    if (isPromise(page)) await this.arriving(page)
    else this.take(page)
  }

  private arriving(page: Promise<Page<unknown>>, budget?: { bytes: number }): Promise<void> {
    const arrived = page.then(ready => {
      this.fetching = null
      this.take(ready, budget)
    })
    const failed = () => {
      this.fetching = null
    }
    this.fetching = arrived.catch(failed)
    return arrived
  }

  private take(page: Page<unknown>, budget?: { bytes: number }): void {
    if (this.released) return
    this.cursor = page.next
    if (page.records.length > 0) this.ahead.push(page.records)
    if (budget !== undefined) budget.bytes -= page.bytes
    if (page.next === null) this.context.open.remove(this.docId, this)
  }

  private failed(error: unknown): StoreError {
    const described = this.context.describe(error, this.docId)
    const byUs = this.ownRemoval !== "none" && described.code === "STORE_LOAD_SUPERSEDED"
    if (!byUs) this.context.guard.failed(this.docId, described)
    return described
  }
}

/**
 * The loads that still need rows of their document. Held weakly: a consumer may drop an iterator without finishing it,
 * and then nothing must be read ahead for it, nor its page be kept.
 */
export class OpenLoads {
  private readonly byDocument = new Map<DocId, Set<WeakRef<Load>>>()
  /* v8 ignore next 3 -- the garbage collector calls it, which dropped-loads.test.ts makes run in another process */
  private readonly dropped = new FinalizationRegistry<{ docId: DocId; ref: WeakRef<Load> }>(({ docId, ref }) =>
    this.forget(docId, ref),
  )

  add(docId: DocId, load: Load): void {
    const refs = this.byDocument.get(docId) ?? new Set()
    const ref = new WeakRef(load)
    refs.add(ref)
    this.byDocument.set(docId, refs)
    this.dropped.register(load, { docId, ref }, load)
  }

  remove(docId: DocId, load: Load): void {
    for (const ref of this.byDocument.get(docId) ?? []) if (ref.deref() === load) this.forget(docId, ref)
    this.dropped.unregister(load)
  }

  /** Lets the document's loads read what they still need, together up to `bytes`. */
  readAhead(docId: DocId, bytes: number): void | Promise<void> {
    const loads = this.of(docId)
    const budget = { bytes }
    const rest = (): void | Promise<void> => {
      for (let load = loads.shift(); load !== undefined; load = loads.shift()) {
        const reading = load.readAhead(budget)
        if (reading !== undefined) return reading.then(rest)
      }
    }
    return rest()
  }

  has(docId: DocId): boolean {
    return this.byDocument.has(docId)
  }

  removalEnded(docId: DocId, stored: boolean): void {
    for (const load of this.of(docId)) load.removalEnded(stored)
  }

  private of(docId: DocId): Load[] {
    const refs = this.byDocument.get(docId)
    if (refs === undefined) return []
    return [...refs].map(ref => ref.deref()).filter(load => load !== undefined)
  }

  private forget(docId: DocId, ref: WeakRef<Load>): void {
    const refs = this.byDocument.get(docId)
    refs?.delete(ref)
    if (refs?.size === 0) this.byDocument.delete(docId)
  }
}

function ignore(): void {}
