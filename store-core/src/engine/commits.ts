import { isStoreError, StoreError } from "../errors.js"
import type { DocId } from "../store.js"
import type { Backend, Outcome, Plan, WriteOperation } from "./backend.js"
import type { Call, CallQueue } from "./call-queue.js"
import type { LoneWrite } from "./lone-write.js"
import type { Observer } from "./observer.js"
import { createPlan } from "./plan.js"
import { isPromise, passes, pause, type Retry } from "./retry.js"
import type { SchedulerHooks } from "./scheduler-hooks.js"

type Outcomes = readonly Outcome[] | Promise<readonly Outcome[]>

/** Takes the writes that are ready, in groups that share a commit, one after the other, and tells each what became of it. */
export class Commits {
  readonly plan: Plan
  /** Whether a commit is under way. */
  isRunning = false
  /** Whether a call was refused or has failed since the last write was stored: that may take no answer of the backend. */
  isFailing = false
  /** Whether the backend answered its last commit without a promise. */
  isSynchronous = false
  private readonly queue: CallQueue
  private readonly backend: Backend
  private readonly hooks: SchedulerHooks
  private readonly retry: Retry
  private readonly busyTimeout: number
  private readonly observer: Observer | null
  private readonly wake: () => void

  /** @param wake Sees to it that `next` is called when writes are ready. */
  constructor(
    queue: CallQueue,
    backend: Backend,
    hooks: SchedulerHooks,
    retry: Retry,
    busyTimeout: number,
    observer: Observer | null,
    wake: () => void,
  ) {
    this.queue = queue
    this.backend = backend
    this.hooks = hooks
    this.retry = retry
    this.busyTimeout = busyTimeout
    this.observer = observer
    this.wake = wake
    this.plan = createPlan(backend.name)
  }

  /** Commits the next group, unless a commit is under way. */
  next(): void {
    if (this.isRunning) return
    const group = this.queue.takeGroup(this.admit)
    if (group.length === 0) {
      // All were refused, which may have made the writes behind them ready.
      this.wake()
      return
    }
    this.isRunning = true
    let outcomes: Outcomes
    try {
      outcomes = this.commit(group.map(operationOf))
    } catch (error) {
      void this.recover(group, error)
      return
    }
    this.answered(group, outcomes)
  }

  /** Commits a write that has no place in the queue; where it is not stored at once, it gets one. */
  alone(lone: LoneWrite, operation: WriteOperation): void {
    this.isRunning = true
    let outcomes: Outcomes
    try {
      outcomes = this.commit([operation])
    } catch (error) {
      const call = lone.place(operation, true)
      lone.end()
      void this.recover([call], error)
      return
    }
    // It has a place by now when the backend called something that called the store.
    if (lone.call === null && !isPromise(outcomes) && outcomes[0] === null) {
      this.isRunning = false
      this.hooks.afterWrite(operation, null)
      lone.stored()
    } else {
      const call = lone.place(operation, true)
      lone.end()
      this.answered([call], outcomes)
    }
  }

  private answered(group: readonly Call[], outcomes: Outcomes): void {
    if (!isPromise(outcomes)) this.finishGroup(group, outcomes)
    else {
      outcomes.then(
        all => this.finishGroup(group, all),
        error => this.recover(group, error),
      )
    }
  }

  private readonly admit = (call: Call, follows: boolean): "yes" | "later" | "gone" => {
    const operation = operationOf(call)
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

  private commit(operations: readonly WriteOperation[]): Outcomes {
    this.observer?.committing(operations)
    const outcomes = this.backend.commit(operations, this.plan, this.observer?.written)
    const { length } = operations
    this.isSynchronous = !isPromise(outcomes)
    return isPromise(outcomes) ? outcomes.then(all => this.complete(all, length)) : this.complete(outcomes, length)
  }

  /** An operation that a backend forgot to answer for must not count as stored. */
  private complete(outcomes: readonly Outcome[], asked: number): readonly Outcome[] {
    if (outcomes.length === asked) return outcomes
    const message = `The backend answered for ${outcomes.length} of ${asked} operations.`
    throw new StoreError("STORE_BACKEND", message, { backend: this.backend.name, outcome: "unknown" })
  }

  private finishGroup(group: readonly Call[], outcomes: readonly Outcome[]): void {
    this.isRunning = false
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
    this.hooks.afterWrite(operationOf(call), error)
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
        const outcomes = await this.retry.call(() => this.commit(group.map(operationOf)), error)
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
    this.isRunning = false
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
          const [outcome] = await this.retry.call(() => this.commit([operationOf(call)]))
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

function operationOf(call: Call): WriteOperation {
  return call.write as WriteOperation
}

function isConnectionLoss(error: unknown): boolean {
  return isStoreError(error) && (error.code === "STORE_UNAVAILABLE" || error.outcome === "unknown")
}
