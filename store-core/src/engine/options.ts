import { anyBoolean, anyCount, type OptionRule } from "../options.js"
import type { StoreEvent } from "./store-event.js"

/** The options every store of the engine has. */
export interface EngineOptions {
  /**
   * How many bytes of open loads a `replace` or `delete` reads ahead, over all loads of the document, so that they can
   * finish on what they started with; a load that needs more throws `STORE_LOAD_SUPERSEDED`. Default 16 MiB.
   */
  readonly readAhead?: number
  /** Whether writes to a document whose last read failed are refused with `STORE_LOAD_FAILED`. Default true. */
  readonly loadGuard?: boolean
  /**
   * For how long a locked database or a collision with another writer is tried again before a call rejects with
   * `STORE_BUSY` or `STORE_CONFLICT`, in milliseconds. Default 5,000.
   */
  readonly busyTimeout?: number
  /**
   * Called once for every call on the store that is over, with what became of it, in a microtask before those who wait for
   * the call go on. It may call the store. What it throws or rejects with changes nothing for anybody: the first such
   * error is written with `console.error`, further ones are dropped. Not called for an iteration that was never started,
   * or was neither finished nor left by `return()`, as `break` does. Default: nothing is measured.
   */
  readonly observe?: (event: StoreEvent) => void
}

/** For `checkOptions`. */
export const ENGINE_OPTIONS: Readonly<Record<keyof EngineOptions, OptionRule>> = {
  readAhead: anyCount,
  loadGuard: anyBoolean,
  busyTimeout: anyCount,
  observe: { expected: "a function", accepts: value => typeof value === "function" },
}

export function withDefaults(options: EngineOptions): Required<Omit<EngineOptions, "observe">> {
  return {
    readAhead: options.readAhead ?? 16 * 1024 * 1024,
    loadGuard: options.loadGuard ?? true,
    busyTimeout: options.busyTimeout ?? 5000,
  }
}
