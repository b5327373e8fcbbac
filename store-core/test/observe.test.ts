import {
  createMemoryStore,
  ENGINE,
  EngineStore,
  isStoreError,
  MemoryStorage,
  type Store,
  type StoreEvent,
} from "@holdfast/store-core"
import { afterEach, describe, expect, it, vi } from "vitest"
import { outcomeOf, soon } from "./support/outcome.js"
import { batch, entry, listIds, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend } from "./support/scripted-backend.js"

/** A store on a scripted backend, and what its observer was told. */
function observed(options: object = {}) {
  const backend = new ScriptedBackend()
  const events: StoreEvent[] = []
  const store = new EngineStore(backend, { ...options, observe: event => events.push(event) })
  const take = () => events.splice(0)
  return { backend, store, events, take }
}

/** An event in one line: operation, documents, records, group, outcome. */
function show({ operation, documents, records, group, outcome }: StoreEvent): string {
  const shown = documents.map(({ docId, first, last }) => `${docId} ${first}-${last}`).join(", ")
  return `${operation} [${shown}] ${records} of ${group} ${outcome}`
}

const later = (milliseconds = 5) => new Promise<void>(resolve => setTimeout(resolve, milliseconds))

/** A clock that stands still unless the test advances it, until the end of the test. */
function handSetClock() {
  let now = Math.ceil(performance.now())
  vi.spyOn(performance, "now").mockImplementation(() => now)
  return {
    advance: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("OBSERVE-1 one event for every call", () => {
  it("of a write, with what shared its commit", async () => {
    const { store, take } = observed()
    await Promise.all([store.append("a", metaRecord()), store.append("b", metaRecord()), store.delete("c")])
    await store.append("a", entry(1))
    await store.replace("a", batch(1, 2))
    await store.delete("a")
    expect(take().map(show)).toEqual([
      "append [a 1-1] 1 of 3 ok",
      "append [b 1-1] 1 of 3 ok",
      "delete [c null-null] 0 of 3 ok",
      "append [a 2-2] 1 of 1 ok",
      "replace [a 3-5] 3 of 1 ok",
      "delete [a null-null] 0 of 1 ok",
    ])
  })

  it("of a load and a listing, with what was read", async () => {
    const { store, take } = observed()
    await store.replace("a", batch(1, 2, 3))
    take()
    await loadLabels(store, "a")
    await loadLabels(store, "none")
    await listIds(store)
    await listIds(store, "x")
    expect(take().map(show)).toEqual([
      "loadAll [a null-null] 4 of 0 ok",
      "loadAll [none null-null] 0 of 0 ok",
      "listDocIds [] 1 of 0 ok",
      "listDocIds [] 0 of 0 ok",
    ])
  })

  it("of a load that was left early, and none of one that never started", async () => {
    const { store, take } = observed()
    await store.replace("a", batch(1, 2, 3, 4, 5))
    take()
    for await (const _ of store.loadAll("a")) break
    await load(store, "a").return?.()
    expect(take().map(show)).toEqual(["loadAll [a null-null] 2 of 0 ok"])
  })

  it("of a load that was left early, for which nothing is read ahead any more", async () => {
    const { store, backend } = observed()
    await store.replace("a", batch(1, 2, 3, 4, 5))
    for await (const _ of store.loadAll("a")) break
    const pages = backend.count("readPage")
    await store.delete("a")
    expect(backend.count("readPage")).toBe(pages)
  })

  it("of a load that failed, once, whatever is asked of it later", async () => {
    const { store, backend, take } = observed({ busyTimeout: 0 })
    await store.replace("a", batch(1, 2, 3, 4, 5))
    take()
    backend.before = step => {
      if (step.page === 1) throw failure("STORE_CORRUPT")
    }
    const iterator = load(store, "a")
    expect(await outcomeOf(rest(iterator))).toBe("STORE_CORRUPT")
    expect(await outcomeOf(iterator.next())).toBe("STORE_CORRUPT")
    expect(take().map(show)).toEqual(["loadAll [a null-null] 2 of 0 STORE_CORRUPT"])
  })

  it("of currentMeta and close", async () => {
    const { store, take } = observed()
    await store.currentMeta("a")
    await Promise.all([store.close(), store.close()])
    expect(take().map(show)).toEqual(["currentMeta [a null-null] 0 of 0 ok", "close [] 0 of 0 ok"])
  })

  it("before those who wait for the call go on, and after its outcome is known", async () => {
    const { store, backend, events } = observed()
    const held = gate()
    backend.after = () => held.opened
    const seen: number[] = []
    const calls = [store.append("a", metaRecord()), store.append("b", metaRecord())]
    const waiting = calls.map(call => call.then(() => seen.push(events.length)))
    await later()
    expect(events).toEqual([])
    held.open()
    await Promise.all(waiting)
    expect(seen).toEqual([1, 2])
  })

  it("also when the database is asynchronous", async () => {
    const { store, backend, take } = observed()
    backend.before = () => later(1)
    await store.replace("a", batch(1, 2, 3))
    await store.currentMeta("a")
    await loadLabels(store, "a")
    await listIds(store)
    expect(take().map(event => [event.operation, event.records, event.queued])).toEqual([
      ["replace", 4, 0],
      ["currentMeta", 0, 0],
      ["loadAll", 4, 0],
      ["listDocIds", 1, 0],
    ])
  })
})

describe("OBSERVE-1 outcomes", () => {
  it("names the code a call rejected with, and gives the error", async () => {
    const { store, take } = observed()
    const error = await store.append("a", entry(1)).catch((reason: unknown) => reason)
    const [event] = take()
    expect(event).toMatchObject({ operation: "append", outcome: "STORE_META_MISSING", records: 1, group: 1 })
    expect(event?.error).toBe(error)
    expect(event?.documents).toEqual([{ docId: "a", first: null, last: null }])
  })

  it("includes calls that were refused for their arguments or after close", async () => {
    const { store, take } = observed()
    const bad = undefined as unknown as string
    await Promise.all([
      outcomeOf(store.append(bad, metaRecord())),
      outcomeOf(store.append("a", {} as never)),
      outcomeOf(store.replace("a", [])),
      outcomeOf(store.currentMeta("")),
      outcomeOf(rest(load(store, bad))),
      outcomeOf(listIds(store, "\0")),
    ])
    await store.close()
    await outcomeOf(store.append("a", metaRecord()))
    await outcomeOf(rest(load(store, "a")))
    await outcomeOf(rest(load(store, bad)))
    expect(take().map(show)).toEqual([
      "append [] 0 of 0 STORE_INVALID_DOC_ID",
      "append [a null-null] 0 of 0 STORE_INVALID_RECORD",
      "replace [a null-null] 0 of 0 STORE_META_MISSING",
      "currentMeta [] 0 of 0 STORE_INVALID_DOC_ID",
      "loadAll [] 0 of 0 STORE_INVALID_DOC_ID",
      "listDocIds [] 0 of 0 STORE_INVALID_DOC_ID",
      "close [] 0 of 0 ok",
      "append [a null-null] 0 of 0 STORE_CLOSED",
      "loadAll [a null-null] 0 of 0 STORE_CLOSED",
      "loadAll [] 0 of 0 STORE_CLOSED",
    ])
  })

  it("a write that found the database locked and was stored later is ok; one that was not says so", async () => {
    const { store, backend, take } = observed({ busyTimeout: 50 })
    await store.append("a", metaRecord())
    take()
    let locked = 2
    backend.before = () => {
      if (locked-- > 0) throw failure("STORE_BUSY")
    }
    await Promise.all([store.append("a", entry(1)), store.append("b", metaRecord())])
    expect(take().map(show)).toEqual(["append [a 2-2] 1 of 2 ok", "append [b 1-1] 1 of 2 ok"])
    locked = Number.POSITIVE_INFINITY
    expect(await outcomeOf(store.append("a", entry(2)))).toBe("STORE_BUSY")
    const [event] = take()
    expect(event).toMatchObject({ outcome: "STORE_BUSY", records: 1, group: 1 })
    expect(event?.milliseconds).toBeGreaterThanOrEqual(50)
  })

  it("a write of which nobody knows whether it is stored has the error that says so", async () => {
    const { store, backend, take } = observed()
    await store.append("a", metaRecord())
    take()
    backend.after = () => {
      throw failure("STORE_UNAVAILABLE", "unknown")
    }
    expect(await outcomeOf(store.append("a", entry(1)))).toBe("STORE_UNAVAILABLE")
    const [event] = take()
    expect(event?.error?.outcome).toBe("unknown")
    expect(event && show(event)).toBe("append [a null-null] 1 of 1 STORE_UNAVAILABLE")
  })

  it("calls of one commit have their own, and one refused by the load guard had no commit", async () => {
    const { store, backend, take } = observed()
    await store.append("a", metaRecord())
    backend.before = step => {
      if (step.method === "readMeta") throw failure("STORE_BACKEND")
    }
    await outcomeOf(store.currentMeta("a"))
    take()
    await Promise.all(
      [store.append("a", entry(1)), store.append("b", metaRecord()), store.append("c", entry(1))].map(outcomeOf),
    )
    expect(take().map(show).sort()).toEqual([
      "append [a null-null] 1 of 0 STORE_LOAD_FAILED",
      "append [b 1-1] 1 of 2 ok",
      "append [c null-null] 1 of 2 STORE_META_MISSING",
    ])
  })

  it("a group that fails is tried one by one, and says so", async () => {
    const { store, backend, take } = observed()
    backend.before = step => {
      if (step.operations.some(({ docId }) => docId === "bad")) throw failure("STORE_BACKEND")
    }
    await Promise.all(["a", "bad", "b"].map(id => outcomeOf(store.append(id, metaRecord()))))
    expect(take().map(show).sort()).toEqual([
      "append [a 1-1] 1 of 1 ok",
      "append [b 1-1] 1 of 1 ok",
      "append [bad null-null] 1 of 1 STORE_BACKEND",
    ])
  })

  it("a failed close, and the one that then succeeds", async () => {
    const { store, backend, take } = observed()
    let failing = true
    backend.before = () => {
      if (failing) throw failure("STORE_BUSY")
    }
    expect(await outcomeOf(store.close())).toBe("STORE_BUSY")
    failing = false
    await store.close()
    expect(take().map(show)).toEqual(["close [] 0 of 0 STORE_BUSY", "close [] 0 of 0 ok"])
  })
})

describe("OBSERVE-2 what an event measures", () => {
  it("the bytes of payload data, written and read", async () => {
    const { store, take } = observed()
    const binary = { kind: "since", encoding: "binary", data: new Uint8Array(300) } as const
    await store.append("a", metaRecord())
    await store.append("a", entry(1, "ä€"))
    await store.append("a", { kind: "entry", payload: binary, version: "long version" })
    await loadLabels(store, "a")
    expect(take().map(({ bytes }) => bytes)).toEqual([0, 2, 300, 302])
  })

  it("the time from the call to its outcome, waiting included", async () => {
    const { store, backend, take } = observed()
    const clock = handSetClock()
    backend.before = () => clock.advance(30)
    await Promise.all([store.append("a", metaRecord()), store.append("a", entry(1)), store.currentMeta("a")])
    expect(take().map(({ operation, milliseconds }) => [operation, milliseconds])).toEqual([
      ["append", 30],
      ["append", 30],
      ["currentMeta", 60],
    ])
  })

  it("of an iteration what it waited for, and not what the consumer did", async () => {
    const { store, backend, take } = observed()
    await store.replace("a", batch(1, 2, 3, 4, 5))
    take()
    const clock = handSetClock()
    backend.before = () => clock.advance(30)
    for await (const _ of store.loadAll("a")) clock.advance(1000)
    // Three pages of two records.
    expect(take().map(({ milliseconds }) => milliseconds)).toEqual([90])
  })

  it("how many other calls wait or are under way", async () => {
    const { store, backend, take } = observed()
    const held = gate()
    let first = true
    backend.before = step => {
      if (step.method !== "commit" || !first) return
      first = false
      return held.opened
    }
    const calls: Promise<unknown>[] = [store.append("a", metaRecord())]
    await later()
    calls.push(store.append("a", entry(1)), store.append("b", metaRecord()), store.currentMeta("b"))
    held.open()
    await Promise.all(calls)
    const [blocking, ...others] = take()
    expect(blocking?.queued).toBe(3)
    expect(others.map(({ queued }) => queued)).toEqual([0, 0, 0])
    expect(await soon(store.close())).toBe("ok")
    expect(take().map(({ queued }) => queued)).toEqual([0])
  })
})

describe("OBSERVE-3 the numbers of the memory store", () => {
  it("continue from write to write and after a replace, and begin again after a delete", async () => {
    const storage = new MemoryStorage()
    const events: StoreEvent[] = []
    const store = createMemoryStore({ storage, observe: event => events.push(event) })
    await store.replace("a", batch(1, 2))
    const other = createMemoryStore({ storage })
    await other.append("a", entry("unseen"))
    await Promise.all([store.append("a", entry(3)), store.append("a", entry(4))])
    await store.replace("a", batch(5))
    await store.delete("a")
    await store.append("a", metaRecord())
    expect(events.map(show)).toEqual([
      "replace [a 1-3] 3 of 1 ok",
      "append [a 5-5] 1 of 2 ok",
      "append [a 6-6] 1 of 2 ok",
      "replace [a 7-8] 2 of 1 ok",
      "delete [a null-null] 0 of 1 ok",
      "append [a 1-1] 1 of 1 ok",
    ])
  })

  it("are null where the backend does not tell them", async () => {
    const { store, backend, take } = observed()
    const commit = backend.commit.bind(backend)
    backend.commit = (operations, plan) => commit(operations, plan)
    await store.append("a", metaRecord())
    expect(take().map(show)).toEqual(["append [a null-null] 1 of 1 ok"])
  })

  it("what was told in an attempt that failed is void", async () => {
    const { store, backend, take } = observed()
    const commit = backend.commit.bind(backend)
    let attempts = 0
    backend.commit = (operations, plan, written) => {
      if (++attempts > 1) return commit(operations, plan)
      for (const operation of operations) written?.(operation, 7, 9)
      throw failure("STORE_BUSY")
    }
    await store.append("a", metaRecord())
    expect(take().map(show)).toEqual(["append [a null-null] 1 of 1 ok"])
  })
})

describe("OBSERVE-4 what the observer does is nobody else's concern", () => {
  const brokenObservers: [string, (event: StoreEvent) => void][] = [
    [
      "throws",
      () => {
        throw new Error("broken observer")
      },
    ],
    ["rejects", async () => Promise.reject(new Error("broken observer"))],
    [
      "throws null",
      () => {
        throw null
      },
    ],
  ]

  it.each(brokenObservers)("it %s: every call ends as without it, and the error is shown once", async (_, observe) => {
    const shown = vi.spyOn(console, "error").mockImplementation(() => {})
    const store = createMemoryStore({ observe })
    await Promise.all([store.append("a", metaRecord()), store.append("a", entry(1))])
    expect(await outcomeOf(store.append("b", entry(1)))).toBe("STORE_META_MISSING")
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1"])
    expect(await listIds(store)).toEqual(["a"])
    expect(await outcomeOf(store.append("", entry(1)))).toBe("STORE_INVALID_DOC_ID")
    await store.close()
    await later()
    expect(shown).toHaveBeenCalledTimes(1)
    expect(shown.mock.calls[0]?.[0]).toContain("`observe`")
  })

  it.each(brokenObservers)("it %s what cannot even be shown", async (_, observe) => {
    vi.spyOn(console, "error").mockImplementation(() => {
      throw new Error("cannot be shown")
    })
    const store = createMemoryStore({ observe })
    await store.append("a", metaRecord())
    await later()
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1"])
  })

  it("it may call the store, whatever it was told of", async () => {
    const calls: Promise<unknown>[] = []
    let store: Store | null = null
    const backend = new ScriptedBackend()
    backend.before = () => later(1)
    const observe = (event: StoreEvent) => {
      if (store === null || calls.length >= 40) return
      const docId = event.documents[0]?.docId ?? "a"
      calls.push(store.append(docId, entry(calls.length)), loadLabels(store, docId), store.currentMeta(docId))
    }
    store = new EngineStore(backend, { observe })
    const own = store
    await own.append("a", metaRecord())
    await Promise.all([own.append("a", entry("own")), own.replace("b", batch(1)), loadLabels(own, "a"), listIds(own)])
    while (calls.length < 40) await later(1)
    expect(new Set(await Promise.all(calls.map(call => soon(call, 5000))))).toEqual(new Set(["ok"]))
    expect(await soon(own.close(), 5000)).toBe("ok")
    expect(backend.violations).toEqual([])
  })

  it("it may close the store", async () => {
    const closings: Promise<void>[] = []
    const store: Store = createMemoryStore({
      observe: ({ operation }) => {
        if (operation === "append") closings.push(store.close())
      },
    })
    await store.append("a", metaRecord())
    expect(await soon(Promise.all(closings))).toBe("ok")
    expect(closings).toHaveLength(1)
  })

  it("a rejection that nobody handles is still one", async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    const others = process.listeners("unhandledRejection")
    process.removeAllListeners("unhandledRejection")
    process.on("unhandledRejection", listener)
    try {
      void observed().store.append("a", entry(1))
      void observed().store.currentMeta("")
      await later()
    } finally {
      process.removeAllListeners("unhandledRejection")
      for (const other of others) process.on("unhandledRejection", other)
    }
    expect(unhandled.map(reason => isStoreError(reason) && reason.code)).toEqual([
      "STORE_INVALID_DOC_ID",
      "STORE_META_MISSING",
    ])
  })
})

describe("OBSERVE-5 without the option", () => {
  it("the backend is not asked for numbers, and no clock is looked at for a call", async () => {
    const backend = new ScriptedBackend()
    const commit = backend.commit.bind(backend)
    const asked: unknown[] = []
    backend.commit = (operations, plan, written) => {
      asked.push(written)
      return commit(operations, plan, written)
    }
    const store = new EngineStore(backend)
    await store.append("a", metaRecord())
    expect(asked).toEqual([undefined])
    expect(store[ENGINE].observeTransaction()).toBeNull()
    await store.append("a", entry(1))
    const clock = vi.spyOn(performance, "now")
    await Promise.all([outcomeOf(store.append("", entry(1))), outcomeOf(store.replace("a", []))])
    expect(clock).not.toHaveBeenCalled()
  })
})
