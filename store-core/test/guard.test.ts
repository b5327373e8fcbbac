import { EngineStore, type StoreErrorCode } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { LoadGuard } from "../src/engine/load-guard.js"
import { outcomeOf } from "./support/outcome.js"
import { batch, entry, load, loadLabels, metaRecord } from "./support/records.js"
import { failure, ScriptedBackend } from "./support/scripted-backend.js"

/** A store whose document "a" is guarded, because a read of it failed with this code. */
async function guarded(code: StoreErrorCode = "STORE_BACKEND", options: object = {}) {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, options)
  await store.replace("a", batch(1, 2, 3))
  await store.replace("b", batch(1))
  backend.before = () => {
    throw failure(code)
  }
  expect(await outcomeOf(store.currentMeta("a"))).toBe(code)
  backend.before = () => {}
  return { backend, store }
}

describe("GUARD-1", () => {
  it("append and replace reject with the failure as the cause, and nothing is sent", async () => {
    const { backend, store } = await guarded()
    backend.steps.length = 0
    for (const write of [store.append("a", entry(4)), store.replace("a", batch(5))]) {
      await expect(write).rejects.toMatchObject({
        code: "STORE_LOAD_FAILED",
        docId: "a",
        outcome: "none",
        cause: { code: "STORE_BACKEND", docId: "a" },
      })
    }
    expect(backend.steps).toEqual([])
  })

  it.each<[StoreErrorCode, string]>([
    ["STORE_BACKEND", "Load it to its end first, or delete it."],
    ["STORE_CORRUPT", "Replace it with a good copy, or delete it."],
  ])("says what helps after %s", async (code, remedy) => {
    const { store } = await guarded(code)
    await expect(store.append("a", entry(4))).rejects.toThrow(remedy)
  })

  it("other documents, reads and deletes are not concerned", async () => {
    const { store } = await guarded()
    expect(await outcomeOf(store.append("b", entry(2)))).toBe("ok")
    expect((await store.currentMeta("a"))?.schemaHash).toBe("schema-1")
    expect(await outcomeOf(store.delete("a"))).toBe("ok")
  })

  it.each([0, 1])("a load that fails on page %d sets it", async page => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3))
    backend.before = step => {
      if (step.page === page) throw failure("STORE_CORRUPT")
    }
    expect(await outcomeOf(loadLabels(store, "a"))).toBe("STORE_CORRUPT")
    expect(await outcomeOf(store.append("a", entry(4)))).toBe("STORE_LOAD_FAILED")
  })

  it("a failed listing does not", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.append("a", metaRecord())
    backend.before = step => {
      if (step.method === "readIds") throw failure("STORE_BACKEND")
    }
    expect(await outcomeOf(store.listDocIds()[Symbol.asyncIterator]().next())).toBe("STORE_BACKEND")
    expect(await outcomeOf(store.append("a", entry(1)))).toBe("ok")
  })
})

describe("GUARD-2", () => {
  it("a load to the end lifts it; one that is broken off, and currentMeta, do not", async () => {
    const { store } = await guarded()
    await store.currentMeta("a")
    const broken = load(store, "a")
    await broken.next()
    await broken.return?.()
    const unfinished = load(store, "a")
    for (let i = 0; i < 4; i++) await unfinished.next()
    expect(await outcomeOf(store.append("a", entry(4)))).toBe("STORE_LOAD_FAILED")
    expect((await unfinished.next()).done).toBe(true)
    expect(await outcomeOf(store.append("a", entry(4)))).toBe("ok")
  })

  it("a delete lifts it, also for what is called right behind it", async () => {
    const { store } = await guarded()
    const writes = [
      store.append("a", entry("refused")),
      store.delete("a"),
      store.append("a", metaRecord({ schemaHash: "new" })),
      store.replace("a", [metaRecord({ schemaHash: "newer" }), entry(1)]),
    ]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["STORE_LOAD_FAILED", "ok", "ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:newer", "1"])
  })

  it("a delete that fails does not", async () => {
    const { backend, store } = await guarded()
    backend.refuse = () => failure("STORE_FULL")
    const writes = [store.delete("a"), store.append("a", entry(1))]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["STORE_FULL", "STORE_LOAD_FAILED"])
  })

  it("after STORE_CORRUPT a replace passes and lifts it; an append does not", async () => {
    const { store } = await guarded("STORE_CORRUPT")
    const writes = [store.append("a", entry(1)), store.replace("a", batch(7)), store.append("a", entry(8))]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["STORE_LOAD_FAILED", "ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "7", "8"])
  })

  it("after STORE_CORRUPT a replace that is refused does not lift it", async () => {
    const { store } = await guarded("STORE_CORRUPT")
    const other = metaRecord({ replicaType: ["other", 1, 0] })
    expect(await outcomeOf(store.replace("a", [other]))).toBe("STORE_META_MISMATCH")
    expect(await outcomeOf(store.append("a", entry(8)))).toBe("STORE_LOAD_FAILED")
  })

  it("the last failure counts: a corrupt document that is then unreachable is not replaced", async () => {
    const { backend, store } = await guarded("STORE_CORRUPT")
    backend.before = () => {
      throw failure("STORE_UNAVAILABLE")
    }
    await outcomeOf(store.currentMeta("a"))
    backend.before = () => {}
    expect(await outcomeOf(store.replace("a", batch(7)))).toBe("STORE_LOAD_FAILED")
  })
})

describe("GUARD-3", () => {
  it("an invalid id and a closed store do not set it, and have nothing to write to", async () => {
    const { store } = await guarded()
    expect(await outcomeOf(store.currentMeta("\0"))).toBe("STORE_INVALID_DOC_ID")
    await store.close()
    expect(await outcomeOf(store.append("b", entry(2)))).toBe("STORE_CLOSED")
  })

  it("a step after close of a load that had begun does not set it", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3))
    const open = load(store, "a")
    await open.next()
    await store.close()
    expect(await outcomeOf(open.next())).toBe("STORE_CLOSED")
  })
})

it("GUARD-4: loadGuard: false turns it off", async () => {
  const { store } = await guarded("STORE_BACKEND", { loadGuard: false })
  const writes = [store.append("a", entry(4)), store.replace("a", batch(5)), store.append("a", entry(6))]
  expect(await Promise.all(writes.map(outcomeOf))).toEqual(["ok", "ok", "ok"])
})

it("GUARD-3: a closed store does not set the guard", () => {
  const guard = new LoadGuard("test", true)
  guard.failed("a", failure("STORE_CLOSED"))
  expect([guard.watches("a"), guard.refusal({ kind: "append", docId: "a", records: [] })]).toEqual([false, null])
  guard.failed("a", failure("STORE_TIMEOUT"))
  expect([guard.watches("a"), guard.watches("b")]).toEqual([true, false])
})
