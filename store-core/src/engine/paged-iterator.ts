import type { OpenSteps } from "./open-steps.js"

/** Where an iteration gets its pages from. */
export interface PageSource<T> {
  /** The next items (perhaps none), or null at the end. Not called again after it returned null or threw. */
  fetch(): Promise<readonly T[] | null>
  /** Whether all was fetched, as `fetch` would say with null. The iteration then ends, or it is too early to know. */
  reachesEnd(): boolean
  /** The error every further step must reject with, whatever is buffered; null while iteration may go on. */
  stopped(): Error | null
  /** The consumer is done: at the end, after an error, or because it broke off. `failure` is what the last step rejected with. */
  release(failure: { readonly error: unknown } | null): void
}

/**
 * Iterates over pages. Written by hand because an async generator takes several turns of the microtask queue per item;
 * here an item that is already in memory takes one. Steps called without waiting are answered in order.
 */
export class PagedIterator<T> implements AsyncIterator<T, undefined> {
  private items: readonly T[] = []
  private index = 0
  /** How many steps were called that are not over, and the last of them; null without any, as it holds what it answers. */
  private waiting = 0
  private last: Promise<unknown> | null = null
  private end: { readonly error: unknown } | "done" | null = null
  private readonly source: PageSource<T>
  private readonly steps: OpenSteps

  /** @param steps Told of every step that has to wait, so that closing the store waits for it too. */
  constructor(source: PageSource<T>, steps: OpenSteps) {
    this.source = source
    this.steps = steps
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const stopped = this.source.stopped()
    // Stryker disable next-line ConditionalExpression,BlockStatement: what is in memory also comes the long way
    if (this.waiting === 0 && stopped === null) {
      if (this.index < this.items.length) {
        return Promise.resolve({ done: false, value: this.items[this.index++] as T })
      }
      // Stryker disable next-line ConditionalExpression,EqualityOperator,BlockStatement: the next page says so too
      if (this.end === null && this.source.reachesEnd()) {
        this.finish("done")
        return Promise.resolve({ done: true, value: undefined })
      }
    }
    return this.later(stopped)
  }

  /** Apart from `next`, which would else make what the closure needs also for items that are in memory. */
  private later(stopped: Error | null): Promise<IteratorResult<T, undefined>> {
    return this.inOrder(() => this.step(stopped))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.inOrder(() => this.leave())
  }

  private inOrder<R>(run: () => Promise<R>): Promise<R> {
    this.waiting++
    this.steps.begin()
    const step = this.last === null ? run() : this.last.then(run, run)
    this.last = step
    // With its answer, not when it has run: what is called in between would be answered before it.
    step.then(this.over, this.over)
    return step
  }

  private readonly over = () => {
    this.waiting--
    // Stryker disable next-line ConditionalExpression,EqualityOperator: later only takes memory; too early is in paged-iterator.test.ts
    if (this.waiting === 0) this.last = null
    this.steps.end()
  }

  private async leave(): Promise<IteratorResult<T, undefined>> {
    this.finish("done")
    return { done: true, value: undefined }
  }

  /** `stopped` is as it was when the step was called: a step called before the store was closed completes. */
  private async step(stopped: Error | null): Promise<IteratorResult<T, undefined>> {
    try {
      if (this.end === "done") return { done: true, value: undefined }
      if (this.end !== null) throw this.end.error
      if (stopped !== null) throw stopped
      while (this.index >= this.items.length) {
        const items = await this.source.fetch()
        if (items === null) {
          this.finish("done")
          return { done: true, value: undefined }
        }
        this.items = items
        this.index = 0
      }
      return { done: false, value: this.items[this.index++] as T }
    } catch (error) {
      this.finish({ error })
      throw error
    }
  }

  /** An error stays: asked again, a failed load must not look like one that has ended. */
  private finish(end: { readonly error: unknown } | "done"): void {
    this.items = []
    this.index = 0
    if (this.end !== null) return
    this.end = end
    this.source.release(end === "done" ? null : end)
  }
}
