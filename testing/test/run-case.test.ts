import { createMemoryStore } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { equal } from "../src/assert.js"
import type { CaseContext, ConformanceCase } from "../src/case.js"
import type { Subject } from "../src/harness.js"
import { runCase } from "../src/runners/run-case.js"

function caseOf(run: (context: CaseContext) => Promise<void>, more: Partial<ConformanceCase> = {}): ConformanceCase {
  return { id: "a-case", title: "something holds", rules: ["META-5"], run, ...more }
}

/** Memory stores, and a log of which were closed and which places were disposed. */
function logged() {
  const log: string[] = []
  let places = 0
  const storeNamed = (name: string) => {
    const store = createMemoryStore()
    const close = store.close.bind(store)
    store.close = () => {
      log.push(`close ${name}`)
      return close()
    }
    return store
  }
  const factory = (): Subject => {
    const place = `place ${++places}`
    return {
      store: storeNamed(place),
      second: () => storeNamed(`second of ${place}`),
      dispose: () => void log.push(`dispose ${place}`),
    }
  }
  return { log, factory }
}

describe("runCase", () => {
  it("runs a case on a bare store and on a subject", async () => {
    const ran = caseOf(async ({ store }) => equal(await store.currentMeta("doc"), null))
    expect(await runCase(ran, () => createMemoryStore())).toEqual({ status: "passed" })
    expect(await runCase(ran, async () => ({ store: createMemoryStore() }))).toEqual({ status: "passed" })
  })

  it("closes every store and releases every place, also after a failure", async () => {
    const { log, factory } = logged()
    const failing = caseOf(
      async ({ parts, fresh }) => {
        await parts.second()
        await fresh()
        throw new Error("failed")
      },
      { requires: ["second"] },
    )
    const result = await runCase(failing, factory)
    expect(result).toEqual({ status: "failed", error: new Error("failed") })
    expect(log.slice(0, 3).sort()).toEqual(["close place 1", "close place 2", "close second of place 1"])
    expect(log.slice(3)).toEqual(["dispose place 2", "dispose place 1"])
  })

  it("names the parts and capabilities that are missing, and does not run the case", async () => {
    const never = caseOf(() => Promise.reject(new Error("ran")), { requires: ["reopen", "durable", "fault"] })
    expect(await runCase(never, () => createMemoryStore())).toEqual({
      status: "not run",
      needs: ["reopen", "durable", "fault"],
    })
  })

  it("takes capabilities from the store unless they are given", async () => {
    const durable = caseOf(async () => {}, { requires: ["durable"] })
    const withCapabilities = (capabilities: { durable: boolean; multiWriter: boolean }) => () =>
      Object.assign(createMemoryStore(), { capabilities })
    const both = { durable: true, multiWriter: true }
    expect(await runCase(durable, withCapabilities(both))).toEqual({ status: "passed" })
    expect(await runCase(durable, () => createMemoryStore(), { capabilities: both })).toEqual({ status: "passed" })
    const result = await runCase(durable, withCapabilities(both), { capabilities: { durable: false } })
    expect(result.status).toBe("not run")
  })

  it("fails a case that uses a part it does not require", async () => {
    const { factory } = logged()
    const careless = caseOf(async ({ parts }) => void (await parts.second()))
    expect(await runCase(careless, factory)).toMatchObject({
      status: "failed",
      error: { message: 'case a-case uses the part "second" without requiring it' },
    })
  })

  it("fails a case that hangs, and releases its place", async () => {
    const { log, factory } = logged()
    const hanging = caseOf(() => new Promise(() => {}))
    const result = await runCase(hanging, factory, { timeout: 20 })
    expect(result).toMatchObject({ status: "failed", error: { message: "case a-case: did not settle within 20 ms" } })
    expect(log).toEqual(["close place 1", "dispose place 1"])
  })

  it("gives slow cases more time", async () => {
    const slow = caseOf(() => new Promise(resolve => setTimeout(resolve, 60)), { slow: true })
    expect(await runCase(slow, () => createMemoryStore(), { timeout: 50 })).toEqual({ status: "passed" })
  })

  it("fails when the subject cannot be made or released", async () => {
    const nothing = caseOf(async () => {})
    const noStore = () => Promise.reject(new Error("no database"))
    expect(await runCase(nothing, noStore)).toEqual({ status: "failed", error: new Error("no database") })
    const undisposable = () => ({ store: createMemoryStore(), dispose: () => Promise.reject(new Error("still there")) })
    expect(await runCase(nothing, undisposable)).toEqual({ status: "failed", error: new Error("still there") })
  })

  it("leaves errors of close to the cases about close", async () => {
    const unclosable = () => Object.assign(createMemoryStore(), { close: () => Promise.reject(new Error("open")) })
    expect(
      await runCase(
        caseOf(async () => {}),
        unclosable,
      ),
    ).toEqual({ status: "passed" })
  })

  it("takes back a fault that a case left armed, before it closes", async () => {
    const taken: string[] = []
    const factory = (): Subject => {
      const store = createMemoryStore()
      const close = store.close.bind(store)
      store.close = () => {
        taken.push("close")
        return close()
      }
      return { store, fault: { arm: () => {}, disarm: () => taken.push("disarm") > 0 } }
    }
    await runCase(
      caseOf(async () => {}),
      factory,
    )
    expect(taken).toEqual(["disarm", "close"])
  })
})
