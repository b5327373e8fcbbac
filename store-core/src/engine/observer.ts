import { isStoreError } from "../errors.js"
import type { DocId, StoreRecord } from "../store.js"
import type { WriteOperation, Written } from "./backend.js"
import { ObservedPages } from "./observed-pages.js"
import { ObservedTransaction } from "./observed-transaction.js"
import type { PageSource } from "./paged-iterator.js"
import { isPromise } from "./retry.js"
import { payloadBytes, type Report, type StoreEvent, type Tell, unwritten } from "./store-event.js"

/** What becomes of a write that is under way. */
interface Commit {
  first: number | null
  last: number | null
  group: number
}

/** Makes events and hands them to the function given as the option `observe`; there is none unless it was given. */
export class Observer {
  private readonly writes = new Map<WriteOperation, Commit>()
  private hasFailed = false
  private readonly observe: (event: StoreEvent) => unknown
  private readonly queued: () => number

  constructor(observe: (event: StoreEvent) => unknown, queued: () => number) {
    this.observe = observe
    this.queued = queued
  }

  /** For the backend. */
  readonly written: Written = (operation, first, last) => {
    const commit = this.writes.get(operation)
    if (commit === undefined) return
    commit.first = first
    commit.last = last
  }

  /** A commit of these operations is about to be tried; what was said of an earlier attempt is void. */
  committing(operations: readonly WriteOperation[]): void {
    for (const operation of operations) {
      const commit = this.writes.get(operation)
      /* v8 ignore next -- an operation is committed while its call waits, and all that wait are here */
      if (commit === undefined) continue
      commit.group = operations.length
      commit.first = null
      commit.last = null
    }
  }

  write(operation: WriteOperation, began: number, run: () => Promise<void>): Promise<void> {
    const commit: Commit = { first: null, last: null, group: 0 }
    this.writes.set(operation, commit)
    const { kind, docId } = operation
    const records = kind === "delete" ? NO_RECORDS : operation.records
    return this.whenOver(run(), failed => {
      this.writes.delete(operation)
      const { first, last, group } = commit
      return {
        operation: kind,
        documents: [failed ? unwritten(docId) : { docId, first, last }],
        records: records.length,
        bytes: payloadBytes(records),
        milliseconds: performance.now() - began,
        group,
      }
    })
  }

  /** A call that writes nothing, or does not get as far; `docIds` are its documents. */
  call<T>(operation: StoreEvent["operation"], docIds: readonly DocId[], began: number, result: Promise<T>): Promise<T> {
    return this.whenOver(result, () => ({
      operation,
      documents: docIds.map(unwritten),
      records: 0,
      bytes: 0,
      milliseconds: performance.now() - began,
      group: 0,
    }))
  }

  /** What is returned has to be used in place of `source`. */
  pages<T>(operation: "loadAll" | "listDocIds", docIds: readonly DocId[], source: PageSource<T>): PageSource<T> {
    return new ObservedPages(this.tell, operation, docIds.map(unwritten), source)
  }

  transaction(): ObservedTransaction {
    return new ObservedTransaction(this.tell)
  }

  /**
   * The observer runs in a microtask of its own: outside of whatever the store is doing, so that it may call the store,
   * and before those who wait for the call go on.
   */
  private readonly tell: Tell = (report, failure) => {
    const error = isStoreError(failure?.error) ? failure.error : null
    const outcome = failure === null ? "ok" : (error?.code ?? "rolled-back")
    const event: StoreEvent = { ...report, outcome, error, queued: this.queued() }
    queueMicrotask(() => this.deliver(event))
  }

  private whenOver<T>(result: Promise<T>, report: (failed: boolean) => Report): Promise<T> {
    // The caller gets the promise that follows: on the given one an error nobody handles would now count as handled.
    return result.then(
      value => {
        this.tell(report(false), null)
        return value
      },
      (error: unknown) => {
        this.tell(report(true), { error })
        throw error
      },
    )
  }

  private deliver(event: StoreEvent): void {
    const failed = (error: unknown) => this.failed(error)
    try {
      const result = this.observe(event)
      if (isPromise(result)) result.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  }

  /** Once: a broken observer fails at every event. */
  private failed(error: unknown): void {
    if (this.hasFailed) return
    this.hasFailed = true
    try {
      console.error("Holdfast: the function given as the option `observe` failed; further errors are not shown.", error)
    } catch {
      // What was thrown may itself throw when it is shown, which would end the process.
    }
  }
}

const NO_RECORDS: readonly StoreRecord[] = []
