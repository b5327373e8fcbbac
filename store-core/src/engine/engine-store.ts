import type { StoreCapabilities } from "../capabilities.js"
import { checkDocId, checkPrefix } from "../doc-id.js"
import { isStoreError, messageOf, StoreError, type StoreErrorCode, showDocId } from "../errors.js"
import { checkOptions } from "../options.js"
import { copyRecord, copyRecords } from "../records.js"
import { SharedBytes } from "../shared-bytes.js"
import type { DocId, Store, StoreMeta, StoreRecord } from "../store.js"
import { ENGINE, type EngineAccess } from "./access.js"
import type { Backend, WriteOperation } from "./backend.js"
import { Listing } from "./listing.js"
import { LoadGuard } from "./load-guard.js"
import { Load, type LoadContext, OpenLoads } from "./loads.js"
import { Observer } from "./observer.js"
import { OpenSteps } from "./open-steps.js"
import { ENGINE_OPTIONS, type EngineOptions, withDefaults } from "./options.js"
import { PagedIterator, type PageSource } from "./paged-iterator.js"
import { Retry } from "./retry.js"
import { Scheduler } from "./scheduler.js"
import type { SchedulerHooks } from "./scheduler-hooks.js"
import type { StoreEvent } from "./store-event.js"

/**
 * A store made of a backend: all the promises of the contract that do not depend on the database are kept here.
 *
 * @throws TypeError for unknown options and wrong values.
 */
export class EngineStore implements Store, AsyncDisposable {
  readonly capabilities: StoreCapabilities
  private readonly backend: Backend
  private readonly readAhead: number
  private readonly guard: LoadGuard
  private readonly open = new OpenLoads()
  private readonly scheduler: Scheduler
  private readonly observer: Observer | null
  private readonly loadContext: LoadContext
  private readonly steps = new OpenSteps()
  private readonly shared: SharedBytes | null
  private isClosed = false
  private closing: Promise<void> | null = null

  constructor(backend: Backend, options: EngineOptions = {}) {
    const { observe, ...rest } = checkOptions("EngineStore", options, ENGINE_OPTIONS)
    const { readAhead, loadGuard, busyTimeout } = withDefaults(rest)
    this.backend = backend
    this.capabilities = backend.capabilities
    this.shared = backend.takesViews === true ? new SharedBytes() : null
    this.readAhead = readAhead
    this.guard = new LoadGuard(backend.name, loadGuard)
    const retry = new Retry(busyTimeout)
    this.observer = observe === undefined ? null : new Observer(observe, () => this.scheduler.queued)
    this.scheduler = new Scheduler(backend, this.schedulerHooks(), retry, busyTimeout, this.observer)
    this.loadContext = {
      backend,
      retry,
      guard: this.guard,
      open: this.open,
      scheduler: this.scheduler,
      closed: () => (this.isClosed ? this.closedError() : null),
      describe: (error, docId) => this.describe(error, docId),
    }
  }

  append(docId: DocId, record: StoreRecord): Promise<void> {
    return this.write("append", docId, record)
  }

  replace(docId: DocId, records: StoreRecord[]): Promise<void> {
    return this.write("replace", docId, records)
  }

  delete(docId: DocId): Promise<void> {
    return this.write("delete", docId, undefined)
  }

  currentMeta(docId: DocId): Promise<StoreMeta | null> {
    const began = this.now()
    try {
      this.checkCall(docId)
    } catch (error) {
      return this.refuse("currentMeta", docId, began, error)
    }
    const meta = this.scheduler.read(docId, () => this.backend.readMeta(docId))
    return this.observer === null ? meta : this.observer.call("currentMeta", [docId], began, meta)
  }

  loadAll(docId: DocId): AsyncIterable<StoreRecord> {
    const iterate = () =>
      this.iterate(
        "loadAll",
        [docId],
        () => checkDocId(docId, this.backend.name),
        () => new Load(this.loadContext, docId),
      )
    return { [Symbol.asyncIterator]: iterate }
  }

  listDocIds(prefix?: string): AsyncIterable<DocId> {
    const wanted = prefix === undefined ? "" : prefix
    const iterate = () =>
      this.iterate(
        "listDocIds",
        [],
        () => checkPrefix(wanted, this.backend.name),
        () => new Listing(this.loadContext, wanted),
      )
    return { [Symbol.asyncIterator]: iterate }
  }

  close(): Promise<void> {
    this.isClosed = true
    if (this.closing === null) {
      const began = this.now()
      const closing = this.finishAndClose().catch((error: unknown) => {
        // Kept open by a failure underneath, so that closing can be tried again.
        this.closing = null
        throw this.describe(error, undefined)
      })
      this.closing = this.observer === null ? closing : this.observer.call("close", [], began, closing)
    }
    return this.closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** For functions around the store; see `ENGINE`. */
  get [ENGINE](): EngineAccess {
    return {
      backend: this.backend,
      plan: this.scheduler.plan,
      checkOpen: () => this.checkOpen(),
      observeTransaction: () => this.observer?.transaction() ?? null,
      settleNow: () => this.settleNow(),
      prepare: (kind, docId, records) => this.prepare(kind, docId, records),
      exclusively: work => this.exclusively(work),
      admit: (operation, isRepaired) => this.admit(operation, isRepaired),
      finish: (operation, error) => this.afterWrite(operation, error),
    }
  }

  private write(kind: WriteOperation["kind"], docId: unknown, records: unknown): Promise<void> {
    const began = this.now()
    let operation: WriteOperation
    try {
      operation = this.prepare(kind, docId, records)
    } catch (error) {
      return this.refuse(kind, docId, began, error)
    }
    if (this.observer === null) return this.scheduler.write(operation)
    return this.observer.write(operation, began, () => this.scheduler.write(operation))
  }

  /** The clock is only looked at where somebody is told. */
  private now(): number {
    return this.observer === null ? 0 : performance.now()
  }

  /** Rejects a call for its arguments, or because the store is closed. */
  private refuse(operation: StoreEvent["operation"], docId: unknown, began: number, error: unknown): Promise<never> {
    const refused = Promise.reject(error)
    if (this.observer === null) return refused
    const docIds = typeof docId !== "string" || isStoreError(error, "STORE_INVALID_DOC_ID") ? [] : [docId]
    return this.observer.call(operation, docIds, began, refused)
  }

  private prepare(kind: WriteOperation["kind"], docId: unknown, records: unknown): WriteOperation {
    this.checkCall(docId)
    if (kind === "delete") return { kind, docId }
    const owner = { backend: this.backend.name, docId }
    if (kind === "append") return { kind, docId, records: [copyRecord(records, owner, this.shared)] }
    return { kind, docId, records: copyRecords(records, owner, this.shared) }
  }

  private checkOpen(): void {
    if (this.isClosed) throw this.closedError()
  }

  private settleNow(): void {
    if (this.scheduler.settleNow()) return
    const message = "Calls made before have to wait, for a lock or for the database. Try again when they are done."
    throw new StoreError("STORE_BUSY", message, { backend: this.backend.name })
  }

  private exclusively<R>(work: () => R): R {
    const { stretch } = this.scheduler
    stretch.held = true
    try {
      return work()
    } finally {
      stretch.held = false
    }
  }

  private admit(operation: WriteOperation, isRepaired = false): void {
    const refusal = isRepaired ? null : this.guard.refusal(operation)
    if (refusal !== null) throw refusal
    if (operation.kind === "append") return
    const reading = this.open.readAhead(operation.docId, this.readAhead)
    if (reading === undefined) return
    this.open.removalEnded(operation.docId, false)
    const message = `Document ${showDocId(operation.docId)}: an open load has to read first, and the database is locked. Try again.`
    throw new StoreError("STORE_BUSY", message, { backend: this.backend.name, docId: operation.docId })
  }

  private async finishAndClose(): Promise<void> {
    await this.scheduler.settled()
    await this.steps.settled()
    await this.backend.close()
  }

  /** A wrong argument is reported by the first step, as an iteration cannot reject before. */
  private iterate<T>(
    operation: "loadAll" | "listDocIds",
    docIds: readonly DocId[],
    check: () => void,
    source: () => PageSource<T>,
  ): AsyncIterator<T, undefined> {
    try {
      check()
    } catch (error) {
      const refusal = () => (this.isClosed ? this.closedError() : error)
      return { next: () => this.refuse(operation, undefined, this.now(), refusal()) }
    }
    return new PagedIterator(this.observer?.pages(operation, docIds, source()) ?? source(), this.steps)
  }

  private checkCall(docId: unknown): asserts docId is DocId {
    this.checkOpen()
    checkDocId(docId, this.backend.name)
  }

  private schedulerHooks(): SchedulerHooks {
    return {
      watches: (docId: DocId) => this.guard.watches(docId),
      refusal: (operation: WriteOperation) => this.guard.refusal(operation),
      hasOpenLoads: (docId: DocId) => this.open.has(docId),
      beforeRemoval: (docId: DocId) => this.open.readAhead(docId, this.readAhead),
      afterWrite: (operation: WriteOperation, error: StoreError | null) => this.afterWrite(operation, error),
      readFailed: (docId: DocId, error: unknown) => this.readFailed(docId, error),
      describe: (error: unknown, docId: DocId) => this.describe(error, docId),
    }
  }

  private readFailed(docId: DocId, error: unknown): StoreError {
    const described = this.describe(error, docId)
    this.guard.failed(docId, described)
    return described
  }

  private afterWrite(operation: WriteOperation, error: StoreError | null): void {
    if (operation.kind === "append") return
    if (error === null) this.guard.lift(operation.docId)
    this.open.removalEnded(operation.docId, error === null)
  }

  /** Whatever a backend threw, as a `StoreError` that names the document. */
  private describe(error: unknown, docId: DocId | undefined): StoreError {
    if (isStoreError(error) && (error.docId === docId || docId === undefined)) return error
    const code: StoreErrorCode = isStoreError(error) ? error.code : "STORE_BACKEND"
    const said = messageOf(error) ?? "the backend threw what is no Error; see the cause"
    const message = docId === undefined ? said : `Document ${showDocId(docId)}: ${said}`
    if (!isStoreError(error)) return new StoreError(code, message, { backend: this.backend.name, docId, cause: error })
    const { backend, retryable, outcome, cause } = error
    return new StoreError(code, message, { backend, docId, retryable, outcome, cause })
  }

  private closedError(): StoreError {
    const message = "The store is closed. Open another one to go on."
    return new StoreError("STORE_CLOSED", message, { backend: this.backend.name })
  }
}
