import type { StoreError } from "../errors.js"
import type { DocId } from "../store.js"
import type { Backend, Plan, WriteOperation } from "./backend.js"
import { type Call, CallQueue, createCall, createWrite } from "./call-queue.js"
import { Commits } from "./commits.js"
import { DelayedReads } from "./delayed-reads.js"
import { nextTurn, Stretch } from "./event-loop.js"
import { LoneWrite } from "./lone-write.js"
import type { Observer } from "./observer.js"
import { isPromise, type Retry } from "./retry.js"
import type { SchedulerHooks } from "./scheduler-hooks.js"

/** Gives every call its turn: reads at once when their document is free, writes in groups that share a commit. */
export class Scheduler {
  private readonly queue = new CallQueue()
  readonly stretch = new Stretch()
  private readonly commits: Commits
  private readonly delayed = new DelayedReads(this.stretch)
  private readonly lone = new LoneWrite(this.queue)
  private scheduled = false
  private readonly backend: Backend
  private readonly hooks: SchedulerHooks
  private readonly retry: Retry

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
    const wake = () => this.wake()
    this.commits = new Commits(this.queue, backend, hooks, retry, busyTimeout, observer, wake)
  }

  /** Resolves when the operation is stored. */
  write(operation: WriteOperation): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isAlone(operation)) {
        this.lone.begin(operation, resolve, reject)
        this.scheduled = true
        queueMicrotask(this.commitLone)
        return
      }
      this.joinLone()
      this.queue.add(createWrite(operation, resolve, reject))
      this.wake()
    })
  }

  /** Runs a read when it is the document's turn, and keeps the turn until it has answered. */
  read<T>(docId: DocId, run: () => T | Promise<T>): Promise<T> {
    this.joinLone()
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

  get plan(): Plan {
    return this.commits.plan
  }

  /** How many calls are waiting or under way. */
  get queued(): number {
    return this.queue.size + (this.lone.isApart ? 1 : 0)
  }

  /** Resolves when every call made so far is over. */
  settled(): Promise<void> {
    this.joinLone()
    return this.queue.settled()
  }

  /** Gives every call made so far its turn at once; false when one has to wait for something. */
  settleNow(): boolean {
    this.joinLone()
    // A read may make writes ready, and a commit may end with a read that is delayed.
    while (!this.delayed.isEmpty() || (this.queue.hasReadyWrites() && !this.commits.isRunning)) {
      this.delayed.runNow()
      this.commits.next()
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
    this.commits.isFailing = true
    return this.hooks.readFailed(docId, error)
  }

  /** Whether timers and I/O are due. Looking costs an answer over a socket a hundredth of its time. */
  private isLate(): boolean {
    const answersLater = this.backend.answersLater === true && !this.commits.isFailing
    return answersLater ? this.stretch.held : this.stretch.isOver()
  }

  /**
   * Whether a write can do without a place in the queue for now. A removal cannot: open loads may have to read ahead of it.
   * What the backend answers later would only get its place later.
   */
  private isAlone(operation: WriteOperation): boolean {
    const { commits, queue } = this
    // Stryker disable next-line LogicalOperator,BooleanLiteral: a place that is got later only takes time
    if (this.scheduled || commits.isRunning || !commits.isSynchronous || !queue.isEmpty()) return false
    return operation.kind === "append" && !this.stretch.isOverForWrite()
  }

  /** Whoever comes while a lone write waits for its turn waits with it or behind it. */
  private joinLone(): void {
    const { lone } = this
    if (lone.operation !== null) lone.place(lone.operation, this.commits.isRunning)
  }

  /** The turn of the lone write and of all that came with it. */
  private readonly commitLone = () => {
    const { lone } = this
    this.scheduled = false
    // What has come meanwhile may have made a load fail.
    if (lone.operation !== null && this.hooks.watches(lone.operation.docId)) this.joinLone()
    if (lone.operation !== null && lone.call === null) {
      this.commits.alone(lone, lone.operation)
    } else {
      lone.end()
      this.commits.next()
    }
  }

  private over(call: Call): void {
    this.queue.finish(call)
    this.wake()
  }

  /** Commits soon: after the code that is running now, so that what it calls next shares the commit. */
  private wake(): void {
    if (this.scheduled || this.commits.isRunning || !this.queue.hasReadyWrites()) return
    this.scheduled = true
    if (this.isLate()) void nextTurn().then(this.flushScheduled)
    else queueMicrotask(this.flushScheduled)
  }

  // Made once: one for every commit is garbage on the path of every write.
  private readonly flushScheduled = () => {
    this.scheduled = false
    this.commits.next()
  }
}

/** What a read has to do that was begun before it was queued, and what nobody is told of it. */
function nothing(): void {}
