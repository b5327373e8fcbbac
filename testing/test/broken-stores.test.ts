import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { afterAll, describe, expect, it } from "vitest"
import { cases } from "../src/index.js"
import type { BrokenStore } from "./broken/broken-store.js"
import { brokenStores, wholeStore } from "./broken/index.js"

/** With BROKEN_STORES=all every case runs on every store: slower, and the verdicts have to be the same. */
const all = process.env.BROKEN_STORES === "all"
const TIMEOUT = all ? 1_200_000 : 600_000

/** Cases that no broken store fails, and why. */
const UNBROKEN: Readonly<Record<string, string>> = {}

const threads = Array.from(
  { length: availableParallelism() + 1 },
  () => new Worker(new URL("./broken/worker.mjs", import.meta.url)),
)
const verdicts = new Map<string, Promise<readonly string[]>>()

/** Each thread takes the next store when it is done with one. */
function runAll(stores: readonly BrokenStore[]): void {
  const waiting = [...stores]
  const settle = new Map<string, (failed: readonly string[]) => void>()
  for (const { name } of stores) verdicts.set(name, new Promise(resolve => settle.set(name, resolve)))
  for (const thread of threads) {
    const next = () => {
      const store = waiting.shift()
      if (store !== undefined) thread.postMessage({ name: store.name, all })
    }
    thread.on("message", ({ name, failed }: { name: string; failed: readonly string[] }) => {
      settle.get(name)?.(failed)
      next()
    })
    next()
  }
}

// Those that take long first, so that no thread is left alone with them at the end.
runAll([wholeStore, ...brokenStores].toSorted((a, b) => (b.slow?.length ?? 0) - (a.slow?.length ?? 0)))
afterAll(() => Promise.all(threads.map(thread => thread.terminate())))

/** The rules that fail: those of the cases that fail. */
async function failedRules({ name }: BrokenStore): Promise<string[]> {
  const failed = await verdicts.get(name)
  return [...new Set(cases.filter(one => failed?.includes(one.id)).flatMap(one => one.rules))].sort()
}

describe("broken stores", () => {
  it("have names of their own, and say what they stand for", () => {
    expect(new Set(brokenStores.map(store => store.name)).size).toBe(brokenStores.length)
    for (const { bug } of brokenStores) expect(bug).toMatch(/^[A-Z].*[^.]\.$/)
  })

  it("would fail nothing without their bugs", { timeout: TIMEOUT }, async () => {
    expect(await verdicts.get(wholeStore.name)).toEqual([])
  })

  for (const store of brokenStores) {
    it(`${store.name}: fails ${store.breaks.join(" ")}`, { timeout: TIMEOUT }, async () => {
      expect(await failedRules(store)).toEqual([...store.breaks, ...(store.also ?? [])].sort())
    })
  }

  it("fail every case of the suite", { timeout: TIMEOUT }, async () => {
    const failed = new Set((await Promise.all(verdicts.values())).flat())
    expect(cases.map(one => one.id).filter(id => !failed.has(id))).toEqual(Object.keys(UNBROKEN))
  })

  it("break every rule of the suite", () => {
    const rules = new Set(cases.flatMap(one => one.rules))
    const broken = new Set(brokenStores.flatMap(store => store.breaks))
    expect([...rules].filter(rule => !broken.has(rule))).toEqual([])
  })
})
