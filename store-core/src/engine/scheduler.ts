import { isStoreError, StoreError } from "../errors.js"
import { recordBytes } from "../records.js"
import type { DocId, StoreRecord } from "../store.js"
import type { Backend, Outcome, Plan, WriteOperation } from "./backend.js"
import { type Call, CallQueue, createCall } from "./call-queue.js"
import { DelayedReads } from "./delayed-reads.js"
import { nextTurn, Stretch } from "./event-loop.js"
import type { Observer } from "./observer.js"
import { createPlan } from "./plan.js"
import { isPromise, passes, pause, type Retry } from "./retry.js"

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

/** Gives every call its turn: reads at once when their document is free, writes in groups that share a commit. */
export class Scheduler {
  private readonly queue = new CallQueue()
  readonly stretch = new Stretch()
  readonly plan: Plan
  private readonly delayed = new DelayedReads(this.stretch)
  private scheduled = false
  private committing = false
  /** Whether a call was refused or has failed since the last write was stored: that may take no answer of the backend. */
  private isFailing = false
  private readonly backend: Backend
  private readonly hooks: SchedulerHooks
  private readonly retry: Retry
  private readonly busyTimeout: number
  private readonly observer: Observer | null

  constructor(
    backend: Backend,
    hooks: SchedulerHooks,
    retry: Retry,
    busyTimeout: number,
    observer: Observer | null = null,
  ) {
    this.backend = backend
    this.hooks = hooks
    this.retry = retry
    this.busyTimeout = busyTimeout
    this.observer = observer
    this.plan = createPlan(backend.name)
  }

  /** Resolves when the operation is stored. */
  write(operation: WriteOperation): Promise<void> {
    const { docId } = operation
    const records = operation.kind === "delete" ? 1 : operation.records.length
    const bytes = operation.kind === "delete" ? 0 : totalBytes(operation.records)
    return new Promise((resolve, reject) => {
      this.queue.add(createCall({ docId, write: operation, records, bytes, start: null, resolve, reject }))
      this.wake()
    })
  }

  /** Runs a read when it is the document's turn, and keeps the turn until it has answered. */
  read<T>(docId: DocId, run: () => T | Promise<T>): Promise<T> {
    if (this.queue.isFree(docId) && !this.isLate()) {
      const result = this.attempt(run)
      // What a synchronous backend answers at once needs no place in the queue.
      if (!isPromise(result)) return Promise.resolve(result)
      const call = createCall({
        docId,
        write: null,
        records: 0,
        bytes: 0,
        start: nothing,
        resolve: nothing,
        reject: nothing,
      })
      this.queue.add(call)
      return this.answer(call, result)
    }
    return new Promise((resolve, reject) => {
      const start = (call: Call) => {
        // Told before the turn is over: what comes next is not to be answered before this.
        const answered = (value: T) => {
          resolve(value)
          this.over(call)
        }
        const failed = (error: unknown) => {
          reject(this.readFailed(docId, error))
          this.over(call)
        }
        const give = () => {
          const result = this.attempt(run)
          if (isPromise(result)) result.then(answered, failed)
          else answered(result)
        }
        if (this.isLate()) this.delayed.add(give)
        else give()
      }
      this.queue.add(createCall({ docId, write: null, records: 0, bytes: 0, start, resolve: nothing, reject: nothing }))
    })
  }

  /** How many calls are waiting or under way. */
  get queued(): number {
    return this.queue.size
  }

  /** Resolves when every call made so far is over. */
  settled(): Promise<void> {
    return this.queue.settled()
  }

  /** Gives every call made so far its turn at once; false when one has to wait for something. */
  settleNow(): boolean {
    // A read may make writes ready, and a commit may end with a read that is delayed.
    while (!this.delayed.isEmpty() || (this.queue.hasReadyWrites() && !this.committing)) {
      this.delayed.runNow()
      this.flush()
    }
    return this.queue.isEmpty()
  }

  private attempt<T>(run: () => T | Promise<T>): T | Promise<T> {
    try {
      return this.retry.call(run)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What a read answers that has its turn; with that its turn is over. */
  private answer<T>(call: Call, result: Promise<T>): Promise<T> {
    return result.then(
      value => {
        this.over(call)
        return value
      },
      error => {
        const failure = this.readFailed(call.docId, error)
        this.over(call)
        throw failure
      },
    )
  }

  private readFailed(docId: DocId, error: unknown): StoreError {
    this.isFailing = true
    return this.hooks.readFailed(docId, error)
  }

  /** Whether timers and I/O are due. Looking costs an answer over a socket a hundredth of its time. */
  private isLate(): boolean {
    const answersLater = this.backend.answersLater === true && !this.isFailing
    return answersLater ? this.stretch.held : this.stretch.isOver()
  }

  private over(call: Call): void {
    this.queue.finish(call)
    this.wake()
  }

  /** Commits soon: after the code that is running now, so that what it calls next shares the commit. */
  private wake(): void {
    if (this.scheduled || this.committing || !this.queue.hasReadyWrites()) return
    this.scheduled = true
    if (this.isLate()) void nextTurn().then(this.flushScheduled)
    else queueMicrotask(this.flushScheduled)
  }

  // Made once, as is `admit`: one for every commit is garbage on the path of every lone write.
  private readonly flushScheduled = () => {
    this.scheduled = false
    this.flush()
  }

  private flush(): void {
    if (this.committing) return
    const group = this.queue.takeGroup(this.admit)
    if (group.length === 0) {
      // All were refused, which may have made the writes behind them ready.
      this.wake()
      return
    }
    this.committing = true
    let outcomes: readonly Outcome[] | Promise<readonly Outcome[]>
    try {
      outcomes = this.commit(group)
    } catch (error) {
      void this.recover(group, error)
      return
    }
    if (!isPromise(outcomes)) this.finishGroup(group, outcomes)
    else {
      outcomes.then(
        all => this.finishGroup(group, all),
        error => this.recover(group, error),
      )
    }
  }

  private readonly admit = (call: Call, follows: boolean): "yes" | "later" | "gone" => {
    const operation = call.write as WriteOperation
    if (this.hooks.watches(call.docId)) {
      // What goes before it in this group may lift the guard; that is known after the commit.
      if (follows) return "later"
      const refusal = this.hooks.refusal(operation)
      if (refusal !== null) {
        this.finishCall(call, refusal)
        return "gone"
      }
    }
    if (operation.kind === "append" || call.prepared) return "yes"
    // Reading ahead now would be beside the commit of what goes before.
    if (follows && this.hooks.hasOpenLoads(call.docId)) return "later"
    const waiting = this.hooks.beforeRemoval(call.docId)
    if (waiting === undefined) return "yes"
    call.state = "running"
    const ready = () => {
      call.prepared = true
      this.queue.makeReady(call)
      this.wake()
    }
    waiting.then(ready, ready)
    return "gone"
  }

  private commit(group: readonly Call[]): readonly Outcome[] | Promise<readonly Outcome[]> {
    const operations = group.map(call => call.write as WriteOperation)
    this.observer?.committing(operations)
    const outcomes = this.backend.commit(operations, this.plan, this.observer?.written)
    return isPromise(outcomes) ? outcomes.then(all => this.complete(all, group)) : this.complete(outcomes, group)
  }

  /** An operation that a backend forgot to answer for must not count as stored. */
  private complete(outcomes: readonly Outcome[], group: readonly Call[]): readonly Outcome[] {
    if (outcomes.length === group.length) return outcomes
    const message = `The backend answered for ${outcomes.length} of ${group.length} operations.`
    throw new StoreError("STORE_BACKEND", message, { backend: this.backend.name, outcome: "unknown" })
  }

  private finishGroup(group: readonly Call[], outcomes: readonly Outcome[]): void {
    this.committing = false
    let apart: Set<DocId> | null = null
    for (let i = 0; i < group.length; i++) {
      const call = group[i] as Call
      const outcome = outcomes[i] as Outcome
      if (outcome === null) this.finishCall(call, null)
      else {
        apart ??= new Set()
        this.finishTried(call, outcome, apart)
      }
    }
    this.wake()
  }

  /**
   * The backend did not store one call of a group. It skips an operation when somebody else holds the document; the
   * neighbours do not wait for that one.
   *
   * @param apart The documents of the group with a call that will be tried again. Calls behind it go back to wait for
   * it: what they were refused for may be that it was skipped.
   */
  private finishTried(call: Call, outcome: StoreError, apart: Set<DocId>): void {
    const now = performance.now()
    if (call.deadline === 0) call.deadline = now + this.busyTimeout
    if (apart.has(call.docId)) call.state = "waiting"
    else if (passes(outcome) && now < call.deadline) {
      apart.add(call.docId)
      this.tryApart(call)
    } else this.failCall(call, outcome)
  }

  /** `thrown` may be anything, null too, which must not be taken for the outcome of a write that is stored. */
  private failCall(call: Call, thrown: unknown): void {
    this.finishCall(call, this.hooks.describe(thrown, call.docId))
  }

  private finishCall(call: Call, error: Outcome): void {
    this.isFailing = error !== null
    this.hooks.afterWrite(call.write as WriteOperation, error)
    if (error === null) call.resolve()
    else call.reject(error)
    this.queue.finish(call)
  }

  private tryApart(call: Call): void {
    void pause(call.attempts++).then(() => {
      this.queue.makeReady(call)
      this.wake()
    })
  }

  /**
   * A commit failed as a whole. Locked: the group is tried again. Connection lost: everything is rejected, because what
   * comes next would be stored without what came before. Anything else: one at a time, so that only the guilty fail.
   */
  private async recover(group: readonly Call[], failure: unknown): Promise<void> {
    let error = failure
    if (passes(error)) {
      try {
        const outcomes = await this.retry.call(() => this.commit(group), error)
        this.finishGroup(group, outcomes)
        return
      } catch (last) {
        error = last
      }
    }
    if (group.length === 1 || passes(error) || isConnectionLoss(error)) {
      for (const call of group) this.failCall(call, error)
    } else {
      await this.commitEach(group)
    }
    this.committing = false
    this.wake()
  }

  private async commitEach(group: readonly Call[]): Promise<void> {
    const apart = new Set<DocId>()
    let lost: { readonly error: unknown } | null = null
    for (const call of group) {
      if (apart.has(call.docId)) call.state = "waiting"
      else if (lost !== null) this.failCall(call, lost.error)
      else {
        try {
          const [outcome] = await this.retry.call(() => this.commit([call]))
          if (outcome) this.finishTried(call, outcome, apart)
          else this.finishCall(call, null)
        } catch (error) {
          if (isConnectionLoss(error)) lost = { error }
          this.failCall(call, error)
        }
      }
    }
  }
}

/** What a read has to do that was begun before it was queued, and what nobody is told of it. */
function nothing(): void {}

function isConnectionLoss(error: unknown): boolean {
  return isStoreError(error) && (error.code === "STORE_UNAVAILABLE" || error.outcome === "unknown")
}

function totalBytes(records: readonly StoreRecord[]): number {
  let bytes = 0
  for (const record of records) bytes += recordBytes(record)
  return bytes
}
