import { ENGINE, EngineStore, type StoreEvent, type WriteOperation } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { entry, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend, settleTurns } from "./support/scripted-backend.js"

/** A store over a backend that answers at once, with a document "a" and one "b". */
async function ready(options: object = {}) {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, options)
  await Promise.all(["a", "b"].map(id => store.append(id, metaRecord())))
  backend.steps.length = 0
  return { backend, store }
}

/** Puts down when each of the promises is settled. */
function orderOf(calls: Record<string, Promise<unknown>>): { order: string[]; all: Promise<unknown> } {
  const order: string[] = []
  const told = Object.entries(calls).map(([name, call]) => {
    const put = () => void order.push(name)
    return call.then(put, put)
  })
  return { order, all: Promise.all(told) }
}

describe("an append that comes while there is nothing else", () => {
  it("is committed alone, after the code that is running now", async () => {
    const { backend, store } = await ready()
    const append = store.append("a", entry(1))
    expect(backend.commits()).toEqual([])
    await append
    expect(backend.commits()).toEqual([["append a 1"]])
  })

  it("so is the next one, and a group after it", async () => {
    const { backend, store } = await ready()
    for (const label of [1, 2]) await store.append("a", entry(label))
    await Promise.all([store.append("a", entry(3)), store.append("b", entry(4))])
    expect(backend.commits()).toEqual([["append a 1"], ["append a 2"], ["append a 3", "append b 4"]])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1", "2", "3"])
  })

  it("ORDER-6: shares its commit with the writes that come in the same tick", async () => {
    const { backend, store } = await ready()
    await Promise.all([store.append("a", entry(1)), store.append("b", entry(2)), store.append("a", entry(3))])
    expect(backend.commits()).toEqual([["append a 1", "append b 2", "append a 3"]])
  })

  it("ORDER-1: those who came with it hear of their calls after it, in the order of the calls", async () => {
    const { store } = await ready()
    const { order, all } = orderOf({
      one: store.append("a", entry(1)),
      two: store.currentMeta("a"),
      three: store.append("a", entry(3)),
      four: store.append("a", entry(4)),
      five: store.currentMeta("a"),
    })
    await all
    expect(order).toEqual(["one", "two", "three", "four", "five"])
  })

  it("ORDER-1: who comes while it is tried again hears of it after it", async () => {
    const { backend, store } = await ready()
    let left = 1
    backend.refuse = () => (left-- > 0 ? failure("STORE_BUSY") : null)
    const one = store.append("a", entry(1))
    await settleTurns()
    const { order, all } = orderOf({ one, two: store.append("a", entry(2)), three: store.currentMeta("a") })
    await all
    expect(order).toEqual(["one", "two", "three"])
  })

  it("ORDER-1: also when they fail", async () => {
    const { backend, store } = await ready()
    backend.before = () => {
      throw failure("STORE_UNAVAILABLE")
    }
    const { order, all } = orderOf({ one: store.append("a", entry(1)), two: store.append("a", entry(2)) })
    await all
    expect(order).toEqual(["one", "two"])
  })

  it("ORDER-1: also when the commit has to be tried again", async () => {
    const { backend, store } = await ready()
    let left = 2
    backend.before = () => {
      if (left-- > 0) throw failure("STORE_BUSY")
    }
    const { order, all } = orderOf({ one: store.append("a", entry(1)), two: store.append("a", entry(2)) })
    await all
    expect([order, backend.commits().at(-1)]).toEqual([
      ["one", "two"],
      ["append a 1", "append a 2"],
    ])
  })

  it("ORDER-2: is seen by what is read after it", async () => {
    const { store } = await ready()
    const append = store.append("a", metaRecord({ schemaHash: "new" }))
    const meta = store.currentMeta("a")
    const records = rest(load(store, "a"))
    await append
    expect((await meta)?.schemaHash).toBe("new")
    expect(await records).toHaveLength(2)
  })

  it("CLOSE-1: is stored before the store is closed", async () => {
    const { backend, store } = await ready()
    const append = store.append("a", entry(1))
    await store.close()
    expect(backend.steps.map(step => step.method)).toEqual(["commit", "close"])
    expect(await outcomeOf(append)).toBe("ok")
  })

  it("CLOSE-1: also when its commit has to be tried again", async () => {
    const { backend, store } = await ready()
    let left = 2
    backend.before = step => {
      if (step.method === "commit" && left-- > 0) throw failure("STORE_BUSY")
    }
    const append = store.append("a", entry(1))
    await store.close()
    expect(backend.steps.map(step => step.method)).toEqual(["commit", "commit", "commit", "close"])
    expect(await outcomeOf(append)).toBe("ok")
  })

  it("ERROR-1: rejects with what its commit failed with, and the next one is stored", async () => {
    const { backend, store } = await ready()
    backend.before = () => {
      throw failure("STORE_BACKEND")
    }
    await expect(store.append("a", entry(1))).rejects.toMatchObject({ code: "STORE_BACKEND", docId: "a" })
    backend.before = () => {}
    await store.append("a", entry(2))
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "2"])
  })

  it("rejects when it is refused", async () => {
    const { store } = await ready()
    expect(await outcomeOf(store.append("gone", entry(1)))).toBe("STORE_META_MISSING")
  })

  it("SHARE-2: is tried again while somebody else holds the document", async () => {
    const { backend, store } = await ready()
    let held = true
    backend.refuse = () => (held ? failure("STORE_BUSY") : null)
    const append = store.append("a", entry(1))
    const next = store.append("a", entry(2))
    setTimeout(() => {
      held = false
    }, 20)
    await Promise.all([append, next])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1", "2"])
  })

  it("WRITE-1: is not taken for stored when the backend does not answer for it", async () => {
    const { backend, store } = await ready()
    const commit = backend.commit.bind(backend)
    backend.commit = (...args) => {
      commit(...args)
      return []
    }
    await expect(store.append("a", entry(1))).rejects.toMatchObject({ code: "STORE_BACKEND", outcome: "unknown" })
  })

  it("keeps its place when the backend answers later this time", async () => {
    const { backend, store } = await ready()
    const held = gate()
    backend.before = () => held.opened
    const first = store.append("a", entry(1))
    await settleTurns()
    const { order, all } = orderOf({ first, meta: store.currentMeta("a"), second: store.append("a", entry(2)) })
    await settleTurns()
    expect(order).toEqual([])
    held.open()
    await all
    expect([order, backend.violations]).toEqual([["first", "meta", "second"], []])
  })

  it("keeps its place when its commit calls the store", async () => {
    const { backend, store } = await ready()
    const inner: Promise<unknown>[] = []
    const commit = backend.commit.bind(backend)
    backend.commit = (...args) => {
      const outcomes = commit(...args)
      if (inner.length === 0)
        inner.push(store.append("a", entry(2)), store.currentMeta("a"), store.append("b", entry(3)))
      return outcomes
    }
    await store.append("a", entry(1))
    await Promise.all(inner)
    expect(backend.violations).toEqual([])
    expect([await loadLabels(store, "a"), await loadLabels(store, "b")]).toEqual([
      ["meta:schema-1", "1", "2"],
      ["meta:schema-1", "3"],
    ])
  })

  it("also when that commit fails and is tried again", async () => {
    const { backend, store } = await ready()
    const inner: Promise<unknown>[] = []
    backend.before = () => {
      if (inner.length > 0) return
      inner.push(store.append("a", entry(2)))
      throw failure("STORE_BUSY")
    }
    await store.append("a", entry(1))
    await Promise.all(inner)
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1", "2"])
  })

  it("GUARD-1: is refused when a load of its document fails in the tick of its call", async () => {
    const { backend, store } = await ready()
    await Promise.all([1, 2, 3, 4, 5].map(label => store.append("a", entry(label))))
    const steps = load(store, "a")
    await steps.next()
    backend.before = step => {
      if (step.method === "readPage") throw failure("STORE_CORRUPT")
    }
    const failing = rest(steps).catch(() => "failed")
    await Promise.resolve()
    const append = outcomeOf(store.append("a", entry(6)))
    expect([await failing, await append]).toEqual(["failed", "STORE_LOAD_FAILED"])
  })

  it("counts among those that wait (OBSERVE-2)", async () => {
    const events: StoreEvent[] = []
    const { store } = await ready({ observe: (event: StoreEvent) => events.push(event) })
    events.length = 0
    const append = store.append("a", entry(1))
    store[ENGINE].observeTransaction()?.over(null)
    await append
    expect(events.map(({ operation, queued }) => [operation, queued])).toEqual([
      ["transact", 1],
      ["append", 0],
    ])
  })
})

it("a removal always takes its place, for open loads have to read ahead of it", async () => {
  const { backend, store } = await ready()
  await Promise.all([1, 2, 3, 4, 5].map(label => store.append("a", entry(label))))
  const steps = load(store, "a")
  await steps.next()
  const kinds: WriteOperation["kind"][] = []
  backend.before = step => void kinds.push(...step.operations.map(({ kind }) => kind))
  await store.delete("a")
  expect(kinds).toEqual(["delete"])
  expect(await rest(steps)).toHaveLength(5)
})
