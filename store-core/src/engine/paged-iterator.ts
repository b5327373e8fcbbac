/** Where an iteration gets its pages from. */
export interface PageSource<T> {
  /** The next items (perhaps none), or null at the end. Not called again after it returned null or threw. */
  fetch(): Promise<readonly T[] | null>
  /** Whether all was fetched, as `fetch` would say with null. The iteration then ends, or it is too early to know. */
  reachesEnd(): boolean
  /** The error every further step must reject with, whatever is buffered; null while iteration may go on. */
  stopped(): Error | null
  /** Told of a step that has to wait, so that closing the store waits for it too, and when it is over. */
  track(step: Promise<unknown>): void
  untrack(step: Promise<unknown>): void
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
  private waiting = 0
  private last: Promise<unknown> = Promise.resolve()
  private end: { readonly error: unknown } | "done" | null = null
  private readonly source: PageSource<T>

  constructor(source: PageSource<T>) {
    this.source = source
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const stopped = this.source.stopped()
    // Stryker disable next-line ConditionalExpression,BlockStatement: what is in memory also comes the long way
    if (this.waiting === 0 && stopped === null) {
      if (this.index < this.items.length) {
        return Promise.resolve({ done: false, value: this.items[this.index++] as T })
      }
      if (this.end === null && this.source.reachesEnd()) {
        this.finish("done")
        return Promise.resolve({ done: true, value: undefined })
      }
    }
    return this.inOrder(() => this.step(stopped))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.inOrder(async () => {
      this.finish("done")
      return { done: true, value: undefined }
    })
  }

  private inOrder<R>(run: () => Promise<R>): Promise<R> {
    const result = this.waiting === 0 ? run() : this.last.then(run, run)
    this.waiting++
    const answered = () => {
      this.waiting--
      this.source.untrack(over)
    }
    const over: Promise<void> = result.then(answered, answered)
    this.last = over
    this.source.track(over)
    return result
  }

  /** `stopped` is as it was when the step was called: a step called before the store was closed completes. */
  private async step(stopped: Error | null): Promise<IteratorResult<T, undefined>> {
    if (this.end === "done") return { done: true, value: undefined }
    if (this.end !== null) throw this.end.error
    try {
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
