import type { WriteOperation } from "./backend.js"
import { type Call, type CallQueue, createWrite } from "./call-queue.js"

/**
 * A write that came while there was nothing else. A place in the queue takes a fortieth of its time (bench/NOTES.md), so it
 * only gets one when something else comes before its turn, or when it has to wait. There is one such write at a time.
 */
export class LoneWrite {
  /** The write, from its call until it is stored or has a place and its turn. */
  operation: WriteOperation | null = null
  /** Its place in the queue, where it has one. */
  call: Call | null = null
  private resolve: () => void = nothing
  private reject: (error: Error) => void = nothing
  private readonly queue: CallQueue

  constructor(queue: CallQueue) {
    this.queue = queue
  }

  begin(operation: WriteOperation, resolve: () => void, reject: (error: Error) => void): void {
    this.operation = operation
    this.resolve = resolve
    this.reject = reject
  }

  /** Whether the queue does not know of it. */
  get isApart(): boolean {
    return this.operation !== null && this.call === null
  }

  /** Gives it its place, before whoever comes now. `isRunning` says that it is being committed. */
  place(operation: WriteOperation, isRunning: boolean): Call {
    if (this.call !== null) return this.call
    this.call = createWrite(operation, this.resolve, this.reject)
    this.queue.add(this.call)
    // There is nothing else in the queue, so this takes it out of those that are ready.
    if (isRunning) this.queue.takeGroup(() => "yes")
    return this.call
  }

  /** It is stored, without ever having had a place. */
  stored(): void {
    const { resolve } = this
    this.end()
    resolve()
  }

  /** From now on it is a call like any other, or over. */
  end(): void {
    this.operation = null
    this.call = null
    this.resolve = nothing
    this.reject = nothing
  }
}

function nothing(): void {}
