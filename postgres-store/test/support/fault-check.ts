import type { Store } from "@holdfast/store-core"
import { storeError } from "@holdfast/testing"
import { expect } from "vitest"
import { BEFORE, type Call, REFUSED, type State, sorted } from "./fault-calls.js"
import { isLoss, type Mode } from "./fault-steps.js"

/** Where the calls are made. */
interface Setting {
  readonly mode: Mode
  /** What calls may reject with. */
  readonly codes: readonly string[]
  /** Whether a read whose connection was lost is made again, so that nobody notices. */
  readonly readsAgain: () => boolean
  readonly what: string
  /** Filled with what the calls reject with. */
  readonly errors?: unknown[]
}

/**
 * Makes the calls in one tick and returns what the documents may be now: a call that resolved has been done, one that
 * rejected has not, or may have been if it says so.
 */
export async function callAll(store: Store, calls: readonly Call[], setting: Setting): Promise<readonly State[]> {
  const settled = await Promise.allSettled(calls.map(call => call.run(store)))
  let possible: readonly State[] = [BEFORE]
  for (const [i, one] of settled.entries()) {
    const call = calls[i] as Call
    if (one.status === "rejected") setting.errors?.push(one.reason)
    const applied = possible.map(call.apply)
    if (one.status === "fulfilled") {
      expect(call.docId, setting.what).not.toBe(REFUSED)
      possible = applied
    } else if (isUnknown(one.reason, call, setting)) possible = [...possible, ...applied]
  }
  return possible
}

function isUnknown(reason: unknown, call: Call, { mode, codes, readsAgain, what }: Setting): boolean {
  const error = storeError(reason)
  expect(error.docId, what).toBe(call.docId)
  if (error.code === "STORE_META_MISSING") {
    expect(call.docId, what).toBe(REFUSED)
    return false
  }
  const hasCause = error.cause instanceof Error || error.code === "STORE_IN_TRANSACTION"
  expect(hasCause, `${what}: ${error.message}`).toBe(true)
  expect(codes, `${what}: ${error.message}`).toContain(error.code)
  if (call.reads && isLoss(mode)) expect(readsAgain(), what).toBe(false)
  if (call.reads || mode.startsWith("refused")) expect(error.outcome, what).toBe("none")
  return error.outcome === "unknown"
}

export function expectOneOf(possible: readonly State[], found: State, what: string): void {
  expect(possible.map(sorted), what).toContainEqual(sorted(found))
}
