import {
  ENGINE,
  EngineStore,
  engineOf,
  MemoryBackend,
  type StoreEvent,
  type WriteOperation,
} from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { batch, entry, listIds, load, loadLabels, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend, settleTurns } from "./support/scripted-backend.js"

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return "ok"
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
}

async function storeWithSix(options: object = {}) {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, options)
  await store.replace("a", batch(1, 2, 3, 4, 5))
  return { backend, store, engine: store[ENGINE] }
}

describe("settleNow", () => {
  it("gives every call made so far its turn, at once", async () => {
    const { backend, store, engine } = await storeWithSix()
    backend.steps.length = 0
    const calls = [store.append("a", entry(6)), store.currentMeta("a"), store.append("a", entry(7)), store.delete("b")]
    engine.settleNow()
    expect(backend.steps.map(step => step.method)).toEqual(["commit", "readMeta", "commit"])
    expect(await Promise.all(calls.map(outcomeOf))).toEqual(Array(4).fill("ok"))
  })

  it("also when the program has kept the event loop waiting", async () => {
    const { store, engine } = await storeWithSix()
    const calls: Promise<unknown>[] = [store.append("a", entry(6)), store.currentMeta("a")]
    const end = performance.now() + 20
    while (performance.now() < end);
    calls.push(store.append("a", entry(7)), store.currentMeta("b"), store.currentMeta("a"))
    expect(codeOf(() => engine.settleNow())).toBe("ok")
    expect(await Promise.all(calls.map(outcomeOf))).toEqual(Array(5).fill("ok"))
  })

  it("says STORE_BUSY while a call has to wait, and works again after", async () => {
    const { backend, store, engine } = await storeWithSix()
    const held = gate()
    backend.before = () => held.opened
    const write = store.append("a", entry(6))
    expect(codeOf(() => engine.settleNow())).toBe("STORE_BUSY")
    held.open()
    expect(await outcomeOf(write)).toBe("ok")
    await new Promise(resolve => setImmediate(resolve))
    expect(codeOf(() => engine.settleNow())).toBe("ok")
  })

  it("says STORE_BUSY while a write is tried again", async () => {
    const { backend, store, engine } = await storeWithSix()
    let locked = 1
    backend.refuse = () => (locked-- > 0 ? failure("STORE_BUSY") : null)
    const write = store.append("a", entry(6))
    expect(codeOf(() => engine.settleNow())).toBe("STORE_BUSY")
    expect(await outcomeOf(write)).toBe("ok")
  })

  it("CLOSE-2: checkOpen and prepare say STORE_CLOSED after close", async () => {
    const { store, engine } = await storeWithSix()
    await store.close()
    expect(codeOf(() => engine.checkOpen())).toBe("STORE_CLOSED")
    expect(codeOf(() => engine.prepare("delete", "a"))).toBe("STORE_CLOSED")
  })
})

describe("prepare, admit and finish", () => {
  it("check and copy as the methods do", async () => {
    const { engine } = await storeWithSix()
    expect(engine.prepare("append", "a", entry(1))).toEqual({ kind: "append", docId: "a", records: [entry(1)] })
    expect(engine.prepare("replace", "a", batch(1))).toEqual({ kind: "replace", docId: "a", records: batch(1) })
    expect(engine.prepare("delete", "a", "ignored")).toEqual({ kind: "delete", docId: "a" })
    expect([
      codeOf(() => engine.prepare("append", "", entry(1))),
      codeOf(() => engine.prepare("append", "a", {})),
      codeOf(() => engine.prepare("replace", "a", [entry(1)])),
    ]).toEqual(["STORE_INVALID_DOC_ID", "STORE_INVALID_RECORD", "STORE_META_MISSING"])
  })

  it("LOAD-4: open loads read ahead before a removal", async () => {
    const { backend, store, engine } = await storeWithSix()
    const open = load(store, "a")
    await open.next()
    const removal: WriteOperation = { kind: "delete", docId: "a" }
    engine.admit(removal)
    expect(await backend.commit([removal], engine.plan)).toEqual([null])
    engine.finish(removal, null)
    expect(await rest(open)).toEqual(["1", "2", "3", "4", "5"])
    expect(await loadLabels(store, "a")).toEqual([])
  })

  it("a removal whose open load cannot read at once is refused, and is then none of the store's", async () => {
    const { backend, store, engine } = await storeWithSix({ readAhead: 1 })
    const open = load(store, "a")
    await open.next()
    backend.before = () => new Promise(resolve => setImmediate(resolve))
    expect(codeOf(() => engine.admit({ kind: "delete", docId: "a" }))).toBe("STORE_BUSY")
    backend.before = () => {}
    backend.overtake("a")
    expect(await outcomeOf(rest(open))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("STORE_LOAD_FAILED")
  })

  it("GUARD-1, GUARD-2: the guard refuses, and is lifted by a delete that is stored", async () => {
    const { backend, store, engine } = await storeWithSix()
    backend.before = () => {
      throw failure("STORE_BACKEND")
    }
    await outcomeOf(store.currentMeta("a"))
    backend.before = () => {}
    const append: WriteOperation = { kind: "append", docId: "a", records: [entry(6)] }
    const removal: WriteOperation = { kind: "delete", docId: "a" }
    expect(codeOf(() => engine.admit(append))).toBe("STORE_LOAD_FAILED")
    expect(codeOf(() => engine.admit(append, true))).toBe("ok")
    engine.admit(removal)
    engine.finish(removal, failure("STORE_FULL"))
    expect(codeOf(() => engine.admit(append))).toBe("STORE_LOAD_FAILED")
    engine.finish(removal, null)
    expect(codeOf(() => engine.admit(append))).toBe("ok")
  })
})

describe("exclusively", () => {
  it("what is read while it works waits for its end, also when it throws", async () => {
    const { backend, store, engine } = await storeWithSix()
    const reads: Promise<unknown>[] = []
    backend.steps.length = 0
    const result = engine.exclusively(() => {
      reads.push(store.currentMeta("a"), loadLabels(store, "b"))
      return backend.steps.length
    })
    expect(result).toBe(0)
    expect(await Promise.all(reads.map(outcomeOf))).toEqual(["ok", "ok"])
    const failed = () =>
      engine.exclusively(() => {
        throw new RangeError("the caller's own")
      })
    expect(failed).toThrow(RangeError)
    backend.steps.length = 0
    void store.currentMeta("a")
    expect(backend.count("readMeta")).toBe(1)
  })
})

describe("a listing", () => {
  it("LIST-2: ends with STORE_CORRUPT when the database goes back to where it was", async () => {
    const { backend, store } = await storeWithSix()
    const page = Array.from({ length: 1000 }, (_, i) => `a${String(i).padStart(4, "0")}`)
    backend.data.readIds = () => page
    const listing = store.listDocIds()[Symbol.asyncIterator]()
    for (const id of page) expect(await listing.next()).toEqual({ done: false, value: id })
    expect(await outcomeOf(listing.next())).toBe("STORE_CORRUPT")
    expect(await outcomeOf(listing.next())).toBe("STORE_CORRUPT")
  })

  it("LIST-2: also when it is only the last id that comes again", async () => {
    const { backend, store } = await storeWithSix()
    const page = Array.from({ length: 1000 }, (_, i) => `a${String(i).padStart(4, "0")}`)
    backend.data.readIds = (_prefix, after) => (after === null ? page : [after])
    await expect(listIds(store)).rejects.toMatchObject({ code: "STORE_CORRUPT", backend: "scripted" })
  })

  it("ORDER-3: its later pages wait for nobody's calls", async () => {
    const { backend, store } = await storeWithSix()
    for (let i = 0; i < 1000; i++) void store.replace(`a${i}`, batch())
    const listing = store.listDocIds()[Symbol.asyncIterator]()
    await listing.next()
    const held = gate()
    backend.before = step => (step.method === "commit" ? held.opened : undefined)
    const write = store.append("a", entry(6))
    const rest: unknown[] = []
    for (let next = await listing.next(); next.done !== true; next = await listing.next()) rest.push(next.value)
    expect(rest.length).toBe(1000)
    held.open()
    expect(await outcomeOf(write)).toBe("ok")
  })

  it("CLOSE-1: a step of it that was called before close completes before the backend is closed", async () => {
    const { backend, store } = await storeWithSix()
    const held = gate()
    backend.before = step => (step.method === "readIds" ? held.opened : undefined)
    const step = store.listDocIds()[Symbol.asyncIterator]().next()
    const closing = store.close()
    await settleTurns()
    expect(backend.count("close")).toBe(0)
    held.open()
    expect(await step).toEqual({ done: false, value: "a" })
    await closing
  })
})

describe("observeTransaction", () => {
  it("is null for a store that nobody observes", async () => {
    expect((await storeWithSix()).engine.observeTransaction()).toBe(null)
  })

  it("OBSERVE-1: makes one event of all that is written", async () => {
    const events: StoreEvent[] = []
    const { engine } = await storeWithSix({ observe: (event: StoreEvent) => events.push(event) })
    events.length = 0
    for (const ended of [null, { error: failure("STORE_FULL") }, { error: new RangeError("the caller's own") }]) {
      const transaction = engine.observeTransaction()
      const append: WriteOperation = { kind: "append", docId: "a", records: [entry(1), entry(2)] }
      transaction?.written(append, 1, 2)
      transaction?.add(append)
      transaction?.written(append, 3, 4)
      transaction?.add(append)
      transaction?.add({ kind: "delete", docId: "b" })
      const replace: WriteOperation = { kind: "replace", docId: "c", records: [] }
      transaction?.written(replace, 5, 6)
      transaction?.add(replace)
      transaction?.over(ended)
    }
    await Promise.resolve()
    const nothing = [
      { docId: "a", first: null, last: null },
      { docId: "b", first: null, last: null },
      { docId: "c", first: null, last: null },
    ]
    expect(
      events.map(({ operation, outcome, records, group, documents }) => [
        operation,
        outcome,
        records,
        group,
        documents,
      ]),
    ).toEqual([
      ["transact", "ok", 4, 4, [{ docId: "a", first: 1, last: 4 }, nothing[1], { docId: "c", first: 5, last: 6 }]],
      ["transact", "STORE_FULL", 4, 4, nothing],
      ["transact", "rolled-back", 4, 4, nothing],
    ])
  })
})

it("OBSERVE-1: what a backend says of an operation that is over changes no event", async () => {
  const events: StoreEvent[] = []
  const { backend, store } = await storeWithSix({ observe: (event: StoreEvent) => events.push(event) })
  events.length = 0
  const tell: (() => void)[] = []
  const commit = backend.commit.bind(backend)
  backend.commit = (operations, plan, written) => {
    for (const operation of operations) tell.push(() => written?.(operation, 99, 99))
    return commit(operations, plan, written)
  }
  for (let i = 0; i < 2; i++) {
    await store.append("a", entry(i))
    for (const late of tell) late()
  }
  const numbers = events.map(({ documents: [document] }) => [document?.first, document?.last])
  expect(numbers).toEqual([
    [7, 7],
    [8, 8],
  ])
})

describe("engineOf", () => {
  it("is the engine of a store whose backend is of the class, and null for all else", async () => {
    const { backend, store } = await storeWithSix()
    expect(engineOf(store, ScriptedBackend)?.backend).toBe(backend)
    expect(engineOf(store, ScriptedBackend)?.engine.plan).toBe(store[ENGINE].plan)
    const throws = Object.defineProperty({}, ENGINE, {
      get: () => {
        throw new Error("the caller's own")
      },
    })
    for (const none of [null, undefined, 7, {}, { [ENGINE]: null }, { [ENGINE]: {} }, throws]) {
      expect(engineOf(none, ScriptedBackend)).toBe(null)
    }
    expect(engineOf(store, MemoryBackend)).toBe(null)
  })
})

it("ORDER-2: a read that is called by a backend, in the middle of starting others, has its turn after them", async () => {
  const { backend, store } = await storeWithSix()
  const held = gate()
  const order: string[] = []
  let inner: Promise<unknown> | null = null
  backend.before = step => {
    if (step.method !== "readMeta") return
    order.push(step.docId ?? "")
    if (step.docId === "a" && inner === null) inner = store.currentMeta("b")
    return step.docId === "b" && order.length === 1 ? held.opened : undefined
  }
  const calls = [store.currentMeta("b"), store.append("a", entry(6)), store.currentMeta("a"), store.currentMeta("a")]
  await Promise.all(calls.slice(1))
  await inner
  expect(order).toEqual(["b", "a", "a", "b"])
  held.open()
  expect(await calls[0]).toBe(null)
})
