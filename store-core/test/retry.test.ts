import { afterEach, describe, expect, it, vi } from "vitest"
import { isPromise, passes, pause, Retry } from "../src/engine/retry.js"
import { StoreError } from "../src/errors.js"
import { thenable } from "./support/bad-input/odd-values.js"
import { failure } from "./support/scripted-backend.js"

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** How long each pause would be, for the least and the greatest chance, in milliseconds; none is waited for. */
function pauses(chance: number): number[] {
  const waited: number[] = []
  vi.spyOn(Math, "random").mockReturnValue(chance)
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, milliseconds: number) => {
    waited.push(milliseconds)
    queueMicrotask(run)
    return 0
  }) as unknown as typeof setTimeout)
  return waited
}

describe("Retry", () => {
  it("answers as what it runs does: at once, by throwing, with a promise", async () => {
    const retry = new Retry(1000)
    const error = new Error("not one that passes")
    expect(retry.call(() => 7)).toBe(7)
    const throws = () =>
      retry.call(() => {
        throw error
      })
    expect(throws).toThrow(error)
    expect(await retry.call(() => Promise.resolve(7))).toBe(7)
    await expect(retry.call(() => Promise.reject(error))).rejects.toBe(error)
  })

  it("SHARE-2: tries again what passes, after pauses that grow to 50 ms and are a matter of chance", async () => {
    for (const [chance, part] of [
      [0, 0.5],
      [1, 1],
    ] as const) {
      const waited = pauses(chance)
      let attempts = 0
      const run = () => {
        if (attempts++ < 8) throw failure("STORE_BUSY")
        return attempts
      }
      expect(await new Retry(100_000).call(run)).toBe(9)
      expect(waited).toEqual([1, 2, 4, 8, 16, 32, 50, 50].map(longest => longest * part))
      vi.restoreAllMocks()
    }
  })

  it("goes on from a failure that was seen elsewhere, within its budget", async () => {
    expect(await new Retry(1000).call(() => 7, failure("STORE_CONFLICT"))).toBe(7)
    const last = failure("STORE_BUSY")
    await expect(new Retry(0).call(() => 7, last)).rejects.toBe(last)
  })
})

it("WRITE-3: what passes is a lock or a collision that may be tried again, and was not stored", () => {
  expect([failure("STORE_BUSY"), failure("STORE_CONFLICT")].map(passes)).toEqual([true, true])
  const never = new StoreError("STORE_CONFLICT", "for ever", { backend: "test", retryable: false })
  const others = [failure("STORE_TIMEOUT"), failure("STORE_BUSY", "unknown"), never, new Error(), null, undefined]
  expect(others.map(passes)).toEqual(Array(6).fill(false))
})

it("a pause is some milliseconds long", async () => {
  vi.useFakeTimers()
  let over = false
  void pause(10).then(() => {
    over = true
  })
  await vi.advanceTimersByTimeAsync(20)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(31)
  expect(over).toBe(true)
})

it("a promise is whatever has a method then", () => {
  expect([Promise.resolve() as unknown, thenable(() => {})].map(value => isPromise(value))).toEqual([true, true])
  expect([undefined, null, 7, "then", {}, []].map(value => isPromise<unknown>(value))).toEqual(Array(6).fill(false))
})
