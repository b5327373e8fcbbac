import { EngineStore, MemoryBackend, MemoryStorage } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { soon } from "./support/outcome.js"
import { batch, entry, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend, settleTurns } from "./support/scripted-backend.js"

describe("every call is answered", () => {
  it("GUARD-1: several writes refused one after the other, with no other write to wake the queue", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.append("a", metaRecord())
    backend.before = step => {
      if (step.method === "readMeta") throw failure("STORE_BACKEND")
    }
    expect(await soon(store.currentMeta("a"))).toBe("STORE_BACKEND")
    const writes = [store.append("a", entry(1)), store.append("a", entry(2)), store.append("a", entry(3))]
    expect(await Promise.all(writes.map(write => soon(write)))).toEqual(Array(3).fill("STORE_LOAD_FAILED"))
    expect(await soon(store.close())).toBe("ok")
  })

  it("ORDER-4: several writes to a document that stays locked beyond the budget", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend, { busyTimeout: 20 })
    backend.refuse = operation => (operation.docId === "a" ? failure("STORE_BUSY") : null)
    const writes = [1, 2, 3].map(n => store.append("a", n === 1 ? metaRecord() : entry(n)))
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(Array(3).fill("STORE_BUSY"))
    expect(await soon(store.close())).toBe("ok")
  })

  it.each([
    [undefined, true],
    [true, false],
  ])(
    "with answersLater %s, beside a backend that answers at once, timers and I/O have their turn: %s",
    async (answersLater, hasTurn) => {
      const store = new EngineStore(Object.assign(new MemoryBackend(new MemoryStorage()), { answersLater }))
      await store.append("a", metaRecord())
      await new Promise<void>(resolve => setImmediate(resolve))
      let hadTurn = false
      setImmediate(() => {
        hadTurn = true
      })
      for (const end = performance.now() + 40; performance.now() < end && !hadTurn; ) {
        await store.append("a", entry(1))
        await store.currentMeta("a")
      }
      expect(hadTurn).toBe(hasTurn)
    },
  )

  it.each<[string, (store: EngineStore) => Promise<unknown>]>([
    ["writes", store => store.append("a", entry(1))],
    ["reads", store => store.currentMeta("a")],
  ])("timers and I/O have their turn also where a backend that answers later fails at once: %s", async (_, call) => {
    const backend = Object.assign(new ScriptedBackend(), { answersLater: true })
    const store = new EngineStore(backend)
    await store.append("a", metaRecord())
    backend.before = () => {
      throw failure("STORE_UNAVAILABLE")
    }
    let hadTurn = false
    setImmediate(() => {
      hadTurn = true
    })
    for (const end = performance.now() + 1000; performance.now() < end && !hadTurn; ) {
      await call(store).catch(() => {})
    }
    expect(hadTurn).toBe(true)
  })

  it("ORDER-1: thousands of reads that queue behind one write", async () => {
    const store = new EngineStore(new MemoryBackend(new MemoryStorage()))
    const write = store.append("a", metaRecord())
    const reads = Array.from({ length: 20_000 }, () => store.currentMeta("a"))
    expect(await soon(write, 5000)).toBe("ok")
    expect(await soon(Promise.all(reads), 5000)).toBe("ok")
    expect(await soon(store.close())).toBe("ok")
  })
})

describe("the document's order holds when a write has to be tried again", () => {
  it("ORDER-1: a full group leaves the document's next write waiting, not ahead", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch())
    let locked = 1
    backend.refuse = operation => (operation.docId === "a" && locked-- > 0 ? failure("STORE_BUSY") : null)
    const large = "x".repeat(5 * 1024 * 1024)
    const writes = [store.append("a", entry(1, large)), store.append("a", entry(2, large))]
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(["ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1", "2"])
  })

  it("ORDER-1, GUARD-2: a locked delete keeps its turn before the append that needs it", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1))
    backend.before = step => {
      if (step.method === "readMeta") throw failure("STORE_BACKEND")
    }
    expect(await soon(store.currentMeta("a"))).toBe("STORE_BACKEND")
    let locked = 1
    backend.refuse = operation => (operation.kind === "delete" && locked-- > 0 ? failure("STORE_BUSY") : null)
    const writes = [store.delete("a"), store.append("a", metaRecord({ schemaHash: "new" }))]
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(["ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:new"])
  })

  it("ORDER-1: a removal that has to read ahead does not pass a locked append before it", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3, 4, 5))
    const open = load(store, "a")
    await open.next()
    backend.before = () => new Promise(resolve => setImmediate(resolve))
    let locked = 1
    backend.refuse = operation => (operation.kind === "append" && locked-- > 0 ? failure("STORE_BUSY") : null)
    const writes = [store.append("a", entry("late")), store.delete("a")]
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(["ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual([])
    expect(await rest(open)).toEqual(["1", "2", "3", "4", "5"])
  })

  it("ORDER-4: a write that is refused because an earlier one was locked is decided again after it", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    let locked = 1
    backend.refuse = operation => {
      if (locked === 0) return null
      if (operation.kind === "append" && operation.records[0]?.kind === "meta") return failure("STORE_BUSY")
      locked--
      return failure("STORE_META_MISSING")
    }
    const writes = [store.append("a", metaRecord()), store.append("a", entry(1))]
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(["ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1"])
  })

  it("a locked operation is tried apart also when the group was taken apart before", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    let commits = 0
    backend.before = step => {
      if (step.method === "commit" && commits++ === 0) throw failure("STORE_BACKEND")
    }
    let locked = 1
    backend.refuse = operation => (operation.docId === "a" && locked-- > 0 ? failure("STORE_BUSY") : null)
    const writes = [store.append("a", metaRecord()), store.append("a", entry(1)), store.append("b", metaRecord())]
    expect(await Promise.all(writes.map(write => soon(write, 2000)))).toEqual(["ok", "ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1"])
  })
})

describe("loads", () => {
  it("LOAD-3: read ahead and read at the same moment, with an empty page between, nothing comes twice", async () => {
    const backend = new ScriptedBackend()
    backend.emptyPages = true
    backend.pageRecords = 1
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3, 4, 5))
    const open = load(store, "a")
    await open.next()
    backend.before = () => new Promise(resolve => setImmediate(resolve))
    const next = open.next()
    await settleTurns(1)
    const removal = store.delete("a")
    const first = await next
    expect(first.done).toBe(false)
    await removal
    expect(await rest(open)).toEqual(["2", "3", "4", "5"])
  })

  it("GUARD-3: a removal that fails after one that succeeded does not make the load's end a failure", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend, { readAhead: 0 })
    await store.replace("a", batch(1, 2, 3, 4, 5))
    const open = load(store, "a")
    await open.next()
    await store.replace("a", batch(6))
    expect(await soon(store.replace("a", [metaRecord({ replicaType: ["other", 1, 0] })]))).toBe("STORE_META_MISMATCH")
    expect(await soon(rest(open))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await soon(store.append("a", entry(7)))).toBe("ok")
  })

  it("GUARD-2: a delete called after a failing load lifts the guard, however late the load hears of it", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1))
    backend.before = async step => {
      await null
      if (step.method === "readPage") throw failure("STORE_BACKEND")
    }
    const step = soon(load(store, "a").next())
    const deleted = store.delete("a")
    const written = store.append("a", metaRecord())
    expect(await step).toBe("STORE_BACKEND")
    expect(await soon(deleted)).toBe("ok")
    expect(await soon(written)).toBe("ok")
    expect(await soon(store.append("a", entry(1)))).toBe("ok")
  })

  it("GUARD-1: an append called while the load is failing is refused", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1))
    const held = gate()
    backend.before = async step => {
      if (step.method !== "readPage") return
      await held.opened
      throw failure("STORE_BACKEND")
    }
    const step = soon(load(store, "a").next())
    const written = soon(store.append("a", entry(2)))
    held.open()
    expect([await step, await written]).toEqual(["STORE_BACKEND", "STORE_LOAD_FAILED"])
  })
})

it("ERROR-1: a group that fails names each call's own document, whatever the backend's error names", async () => {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend)
  const { StoreError } = await import("@holdfast/store-core")
  backend.before = step => {
    if (step.method === "commit") throw new StoreError("STORE_UNAVAILABLE", "lost", { backend: "scripted", docId: "a" })
  }
  const settled = await Promise.allSettled([store.append("a", metaRecord()), store.append("b", metaRecord())])
  expect(settled.map(one => (one.status === "rejected" ? one.reason.docId : null))).toEqual(["a", "b"])
})
