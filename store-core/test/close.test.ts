import { spawnSync } from "node:child_process"
import { EngineStore } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf, soon } from "./support/outcome.js"
import { batch, entry, label, listIds, load, metaRecord } from "./support/records.js"
import { failure, gate, ScriptedBackend, settleTurns } from "./support/scripted-backend.js"

describe("CLOSE-1: close completes what was called before it", () => {
  it("writes and reads that wait for their turn", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    backend.before = () => new Promise(resolve => setTimeout(resolve, 1))
    const calls = [
      store.append("a", metaRecord()),
      store.currentMeta("a"),
      store.append("a", entry(1)),
      store.delete("b"),
    ]
    const step = load(store, "a").next()
    const listed = store.listDocIds()[Symbol.asyncIterator]().next()
    let closed = false
    const closing = store.close().then(() => {
      closed = true
    })
    expect(await Promise.all([...calls, step, listed].map(outcomeOf))).toEqual(Array(6).fill("ok"))
    expect(closed).toBe(false)
    await closing
    expect(backend.steps.at(-1)?.method).toBe("close")
    expect(backend.count("close")).toBe(1)
  })

  it("pages in flight, and steps called behind them", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3, 4, 5))
    const open = load(store, "a")
    await open.next()
    await open.next()
    const held = gate()
    backend.before = () => held.opened
    const steps = [open.next(), open.next(), open.next()]
    await settleTurns()
    const closing = store.close()
    expect(await soon(closing, 20)).toBe("pending")
    expect(backend.count("close")).toBe(0)
    held.open()
    const records = await Promise.all(steps)
    expect(records.map(step => (step.done === true ? "end" : label(step.value)))).toEqual(["2", "3", "4"])
    expect(await soon(closing)).toBe("ok")
    expect(await outcomeOf(open.next())).toBe("STORE_CLOSED")
  })

  it("writes that are tried again, and a removal that reads ahead", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3, 4, 5))
    await load(store, "a").next()
    backend.before = () => new Promise(resolve => setImmediate(resolve))
    let locked = 2
    backend.refuse = () => (locked-- > 0 ? failure("STORE_BUSY") : null)
    const calls = [store.append("a", entry(6)), store.delete("a"), store.append("a", metaRecord())]
    await store.close()
    expect(await Promise.all(calls.map(call => soon(call, 0)))).toEqual(["ok", "ok", "ok"])
  })
})

describe("CLOSE-2: after close was called", () => {
  it("every method rejects with STORE_CLOSED, and none throws", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    const held = gate()
    backend.before = () => held.opened
    const closing = store.close()
    const calls = () =>
      Promise.all(
        [
          store.append("a", metaRecord()),
          store.replace("a", batch(1)),
          store.delete("a"),
          store.currentMeta("a"),
          load(store, "a").next(),
          load(store, "").next(),
          store.listDocIds()[Symbol.asyncIterator]().next(),
          store.listDocIds("\0")[Symbol.asyncIterator]().next(),
          store.append("", {} as never),
        ].map(outcomeOf),
      )
    expect(await calls()).toEqual(Array(9).fill("STORE_CLOSED"))
    held.open()
    await closing
    expect(await calls()).toEqual(Array(9).fill("STORE_CLOSED"))
    expect(backend.steps.map(step => step.method)).toEqual(["close"])
  })

  it("an iteration that had begun rejects, also where records are in memory, and keeps rejecting", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    await store.replace("a", batch(1, 2, 3))
    await store.append("b", metaRecord())
    const [records, ids, unstarted] = [load(store, "a"), store.listDocIds()[Symbol.asyncIterator](), load(store, "a")]
    await records.next()
    await ids.next()
    await store.close()
    for (const iterator of [records, ids, unstarted, records])
      expect(await outcomeOf(iterator.next())).toBe("STORE_CLOSED")
  })

  it("an iteration that had ended or was broken off stays so", async () => {
    const store = new EngineStore(new ScriptedBackend())
    await store.append("a", metaRecord())
    const [ended, broken] = [load(store, "a"), load(store, "a")]
    while ((await ended.next()).done !== true);
    await broken.next()
    await store.close()
    const end = { done: true, value: undefined }
    expect([await ended.next(), await broken.return?.(), await broken.next()]).toEqual([end, end, end])
  })
})

describe("CLOSE-3: closing again", () => {
  it("at once or later resolves when the store is closed, and the backend is closed once", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    const held = gate()
    backend.before = () => held.opened
    const closing = [store.close(), store.close(), store[Symbol.asyncDispose]()]
    expect(await Promise.all(closing.map(one => soon(one, 20)))).toEqual(Array(3).fill("pending"))
    held.open()
    await Promise.all([...closing, store.close()])
    await store.close()
    expect(backend.count("close")).toBe(1)
  })

  it("await using closes", async () => {
    const backend = new ScriptedBackend()
    {
      await using store = new EngineStore(backend)
      void store.append("a", metaRecord())
    }
    expect(backend.steps.map(step => step.method)).toEqual(["commit", "close"])
  })

  it.each(["throws", "rejects"])(
    "a backend whose close %s is closed by the next call; nothing else works meanwhile",
    async how => {
      const backend = new ScriptedBackend()
      const store = new EngineStore(backend)
      let failures = 1
      backend.before = () => {
        if (failures-- <= 0) return
        if (how === "rejects") return Promise.reject(failure("STORE_BUSY"))
        throw failure("STORE_BUSY")
      }
      expect(await Promise.all([store.close(), store.close()].map(outcomeOf))).toEqual(["STORE_BUSY", "STORE_BUSY"])
      expect(await outcomeOf(store.append("a", metaRecord()))).toBe("STORE_CLOSED")
      expect(await outcomeOf(store.close())).toBe("ok")
      expect(await outcomeOf(store.close())).toBe("ok")
      expect(backend.count("close")).toBe(2)
    },
  )

  it("ERROR-1: what close throws is a StoreError", async () => {
    const backend = new ScriptedBackend()
    const thrown = new Error("driver")
    backend.before = () => {
      throw thrown
    }
    await expect(new EngineStore(backend).close()).rejects.toMatchObject({
      code: "STORE_BACKEND",
      cause: thrown,
      message: "driver",
    })
  })
})

it("CLOSE-4: a program ends by itself after close, with unfinished iterations left behind", () => {
  const program = `
    import { createMemoryStore } from "@holdfast/store-core"
    const store = createMemoryStore()
    const meta = { replicaType: ["t", 1, 0], syncMode: { writerModel: "serialized", delivery: "delta-capable", durability: "persistent" }, schemaHash: "" }
    await store.replace("a", Array.from({ length: 5000 }, () => ({ kind: "meta", meta })))
    await store.loadAll("a")[Symbol.asyncIterator]().next()
    await store.listDocIds()[Symbol.asyncIterator]().next()
    await store.close()
    setImmediate(() => setImmediate(() => console.log(process.getActiveResourcesInfo().filter(name => !/Pipe|TTY|File/.test(name)).join())))
  `
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 20_000,
  })
  expect([run.status, run.stdout.trim(), run.stderr]).toEqual([0, "", ""])
})

describe("listDocIds", () => {
  async function storeWithMany(count: number) {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend, { busyTimeout: 50 })
    const ids = Array.from({ length: count }, (_, i) => `d${String(i).padStart(5, "0")}`)
    await Promise.all(ids.map(id => store.append(id, metaRecord())))
    backend.steps.length = 0
    return { backend, store, ids }
  }

  it.each([0, 1, 999, 1000, 1001, 2000])("LIST-1, LIST-3: %d ids come once each, page by page", async count => {
    const { backend, store, ids } = await storeWithMany(count)
    expect(await listIds(store)).toEqual(ids)
    expect(backend.count("readIds")).toBe(Math.floor(count / 1000) + 1)
  })

  it("LIST-4: what exists throughout comes once, whatever comes and goes meanwhile", async () => {
    const { store, ids } = await storeWithMany(2500)
    const found: string[] = []
    for await (const id of store.listDocIds()) {
      if (found.length === 500) {
        await store.delete(ids[10] as string)
        await store.delete(ids[999] as string)
        await store.delete(ids[1500] as string)
        await store.append("d00998x", metaRecord())
        await store.append("d01600x", metaRecord())
      }
      found.push(id)
    }
    expect(found).toEqual([...ids.filter(id => id !== "d01500"), "d01600x"].sort())
  })

  it("LIST-1: undefined and the empty prefix mean all; LIST-5: what is no prefix rejects before any I/O", async () => {
    const { backend, store, ids } = await storeWithMany(3)
    expect(await listIds(store, undefined)).toEqual(ids)
    expect(await listIds(store, "")).toEqual(ids)
    expect(await listIds(store, "d00001")).toEqual(["d00001"])
    backend.steps.length = 0
    for (const prefix of ["\0", "\ud800", "x".repeat(1025), null, 5]) {
      const iterator = store.listDocIds(prefix as string)[Symbol.asyncIterator]()
      expect(await outcomeOf(iterator.next())).toBe("STORE_INVALID_DOC_ID")
    }
    expect(backend.steps).toEqual([])
  })

  it("LIST-6: listings are independent, may be broken off and stepped without waiting", async () => {
    const { backend, store, ids } = await storeWithMany(1500)
    const [one, two] = [store.listDocIds()[Symbol.asyncIterator](), store.listDocIds()[Symbol.asyncIterator]()]
    for (const id of ids.slice(0, 1200)) {
      expect([(await one.next()).value, (await two.next()).value]).toEqual([id, id])
    }
    await one.return?.()
    expect(await one.next()).toEqual({ done: true, value: undefined })
    const steps = await Promise.all(Array.from({ length: 301 }, () => two.next()))
    expect(steps.map(step => step.value)).toEqual([...ids.slice(1200), undefined])
    const reads = backend.count("readIds")
    const unstarted = store.listDocIds()[Symbol.asyncIterator]()
    await unstarted.return?.()
    expect(await unstarted.next()).toEqual({ done: true, value: undefined })
    expect(backend.count("readIds")).toBe(reads)
  })

  it("LIST-3: a page that fails rejects, and keeps rejecting; it is never an end", async () => {
    const { backend, store } = await storeWithMany(1500)
    const iterator = store.listDocIds()[Symbol.asyncIterator]()
    for (let i = 0; i < 1000; i++) await iterator.next()
    backend.before = () => {
      throw failure("STORE_TIMEOUT")
    }
    expect(await outcomeOf(iterator.next())).toBe("STORE_TIMEOUT")
    backend.before = () => {}
    expect(await outcomeOf(iterator.next())).toBe("STORE_TIMEOUT")
    expect(await listIds(store)).toHaveLength(1500)
  })

  it("ORDER-3: an unfinished listing makes nobody wait", async () => {
    const { store } = await storeWithMany(1500)
    await store.listDocIds()[Symbol.asyncIterator]().next()
    expect(await soon(store.append("d00001", entry(1)))).toBe("ok")
    expect(await soon(store.close())).toBe("ok")
  })
})
