import { isStoreError } from "../errors.js"

/** Runs something until it does not fail with an error that passes by itself, within a budget of time. */
export class Retry {
  private readonly budget: number

  /** @param budget How long to go on after the first failure, in milliseconds. */
  constructor(budget: number) {
    this.budget = budget
  }

  /**
   * Answers as `run` does: at once, and by throwing, when that is synchronous and need not be tried again. A first
   * attempt that was made elsewhere is handed in as the error it failed with.
   */
  call<T>(run: () => T | Promise<T>, failure?: unknown): T | Promise<T> {
    if (failure !== undefined) return this.again(run, failure)
    let result: T | Promise<T>
    try {
      result = run()
    } catch (error) {
      if (!passes(error)) throw error
      return this.again(run, error)
    }
    return isPromise(result) ? result.catch((error: unknown) => this.again(run, error)) : result
  }

  private async again<T>(run: () => T | Promise<T>, first: unknown): Promise<T> {
    const deadline = performance.now() + this.budget
    let failure = first
    // Stryker disable next-line EqualityOperator: the last moment of the budget may count or not
    for (let attempt = 0; passes(failure) && performance.now() < deadline; attempt++) {
      await pause(attempt)
      try {
        return await run()
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}

/**
 * Whether an error is one that another attempt may get past: the database was locked, or another writer was first. Not
 * when the first attempt may have been stored: then another would store it twice.
 */
export function passes(error: unknown): boolean {
  if (!isStoreError(error) || error.outcome === "unknown") return false
  // A backend says so of a collision with what a transaction of the host will never see.
  if (!error.retryable) return false
  return error.code === "STORE_BUSY" || error.code === "STORE_CONFLICT"
}

/** Waits a little longer each time, up to about 50 ms; by chance, so that two writers do not keep in step. */
export function pause(attempt: number): Promise<void> {
  const longest = Math.min(50, 2 ** attempt)
  return new Promise(resolve => setTimeout(resolve, longest * (0.5 + Math.random() / 2)))
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
}
