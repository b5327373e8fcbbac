import { EngineStore, MemoryStorage, StoreError, type WriteOperation } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf, soon } from "./support/outcome.js"
import { batch, entry, listIds, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend, type Step, settleTurns } from "./support/scripted-backend.js"

/** A store with these documents, each of one meta record, over a backend that has forgotten how they came to be. */
async function storeWith(...ids: string[]): Promise<{ backend: ScriptedBackend; store: EngineStore }> {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, { busyTimeout: 100 })
  await Promise.all(ids.map(id => store.append(id, metaRecord())))
  backend.steps.length = 0
  return { backend, store }
}

function holds(step: Step, docId: string): boolean {
  return step.operations.some(operation => operation.docId === docId)
}

describe("ORDER-6: writes share commits", () => {
  it("all writes of one tick are one commit", async () => {
    const { backend, store } = await storeWith("a", "b")
    await Promise.all([
      store.append("a", entry(1)),
      store.append("b", entry(2)),
      store.append("a", entry(3)),
      store.delete("c"),
    ])
    expect(backend.commits()).toEqual([["append a 1", "append b 2", "delete c", "append a 3"]])
  })

  it("writes called while a commit is in flight are the next one", async () => {
    const { backend, store } = await storeWith("a", "b")
    const held = gate()
    backend.before = () => held.opened
    const first = store.append("a", entry(1))
    await settleTurns()
    const others = [store.append("a", entry(2)), store.append("b", entry(3))]
    await settleTurns()
    const late = store.append("b", entry(4))
    held.open()
    await Promise.all([first, ...others, late])
    expect(backend.commits()).toEqual([["append a 1"], ["append b 3", "append a 2", "append b 4"]])
    expect(backend.violations).toEqual([])
  })

  it("writes called in the reaction to a commit are one commit again", async () => {
    const { backend, store } = await storeWith("a", "b")
    const then = async (id: string) => {
      await store.append(id, entry(1))
      await store.append(id, entry(2))
    }
    await Promise.all([then("a"), then("b")])
    expect(backend.commits()).toEqual([
      ["append a 1", "append b 1"],
      ["append a 2", "append b 2"],
    ])
  })

  it("a group has at most 5,000 records", async () => {
    const { backend, store } = await storeWith("a", "b")
    const versions = Array.from({ length: 2499 }, (_, i) => i)
    const writes = [store.replace("a", batch(...versions)), store.replace("b", batch(...versions)), store.delete("c")]
    await Promise.all(writes)
    expect(backend.steps.map(step => step.operations.length)).toEqual([2, 1])
  })

  it("a group has at most 8 MiB", async () => {
    const { backend, store } = await storeWith("a", "b", "c")
    const third = "x".repeat(8 * 1024 * 1024 * 0.34)
    await Promise.all(["a", "b", "c"].map(id => store.append(id, entry(id, third))))
    expect(backend.commits()).toEqual([["append a a", "append b b"], ["append c c"]])
  })

  it("a write that is larger than a group goes alone and comes to its turn", async () => {
    const { backend, store } = await storeWith("a", "b", "c")
    const large = "x".repeat(9 * 1024 * 1024)
    await Promise.all([store.append("a", entry(1)), store.append("b", entry(2, large)), store.append("c", entry(3))])
    expect(backend.commits()).toEqual([["append a 1"], ["append b 2"], ["append c 3"]])
    backend.steps.length = 0
    await Promise.all([store.replace("a", batch(...Array(5000).keys())), store.append("c", entry(4))])
    expect(backend.commits()).toEqual([["replace a 0"], ["append c 4"]])
  })

  it("ORDER-3: ten thousand queued appends to one document keep no other out of the next commit", async () => {
    const { backend, store } = await storeWith("a", "b", "c")
    const held = gate()
    backend.before = () => held.opened
    const writes = Array.from({ length: 10_000 }, (_, i) => store.append("a", entry(i)))
    await settleTurns()
    writes.push(store.append("b", entry("b")), store.append("c", entry("c")))
    held.open()
    await Promise.all(writes)
    expect(backend.steps.map(step => step.operations.length)).toEqual([5000, 5000, 2])
    expect(backend.steps.findIndex(step => holds(step, "b"))).toBe(1)
    expect(backend.steps.findIndex(step => holds(step, "c"))).toBe(1)
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", ...Array.from({ length: 10_000 }, (_, i) => `${i}`)])
  })
})

describe.each(["synchronous", "asynchronous"])("ORDER-1, ORDER-2 over a %s backend", kind => {
  const slow = () => (kind === "synchronous" ? undefined : new Promise<void>(resolve => setImmediate(resolve)))

  it("calls of all methods on one document see what was called before and nothing called after", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    backend.before = slow
    const hash = (meta: Promise<{ schemaHash: string } | null>) => meta.then(found => found?.schemaHash ?? null)
    const answers = [
      hash(store.currentMeta("a")),
      store.append("a", metaRecord({ schemaHash: "1" })),
      hash(store.currentMeta("a")),
      rest(load(store, "a")),
      store.append("a", entry("x")),
      store.replace("a", [metaRecord({ schemaHash: "2" }), entry("y")]),
      hash(store.currentMeta("a")),
      store.append("a", entry("z")),
      rest(load(store, "a")),
      outcomeOf(store.append("a", metaRecord({ replicaType: ["other", 1, 0] }))),
      store.delete("a"),
      hash(store.currentMeta("a")),
      rest(load(store, "a")),
      outcomeOf(store.append("a", entry("gone"))),
      store.append("a", metaRecord({ schemaHash: "3" })),
      rest(load(store, "a")),
    ]
    expect(await Promise.all(answers)).toEqual([
      null,
      undefined,
      "1",
      ["meta:1"],
      undefined,
      undefined,
      "2",
      undefined,
      ["meta:2", "y", "z"],
      "STORE_META_MISMATCH",
      undefined,
      null,
      [],
      "STORE_META_MISSING",
      undefined,
      ["meta:3"],
    ])
    expect(backend.violations).toEqual([])
  })

  it("a listing sees every write called before its first step", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend)
    backend.before = step => (step.method === "commit" ? slow() : undefined)
    const writes = [store.append("b", metaRecord()), store.append("a", metaRecord()), store.append("c", metaRecord())]
    writes.push(store.delete("c"))
    expect(await listIds(store)).toEqual(["a", "b"])
    await Promise.all(writes)
  })
})

describe("ORDER-3: documents do not wait for each other", () => {
  it("a read that takes long holds up its own document only", async () => {
    const { backend, store } = await storeWith("a", "b")
    const held = gate()
    backend.before = step => (step.method === "readMeta" && step.docId === "a" ? held.opened : undefined)
    const read = store.currentMeta("a")
    const write = store.append("a", entry(1))
    expect(await soon(store.append("b", entry(2)))).toBe("ok")
    expect(await soon(store.currentMeta("b"))).toBe("ok")
    expect(await soon(write, 20)).toBe("pending")
    held.open()
    expect(await Promise.all([soon(read), soon(write)])).toEqual(["ok", "ok"])
    expect(backend.violations).toEqual([])
  })

  it("a read of another document runs beside a commit, one of its own documents waits", async () => {
    const { backend, store } = await storeWith("a", "b")
    const held = gate()
    backend.before = step => (step.method === "commit" ? held.opened : undefined)
    const write = store.append("a", entry(1))
    await settleTurns()
    const own = store.currentMeta("a")
    expect(await soon(store.currentMeta("b"))).toBe("ok")
    expect(await soon(own, 20)).toBe("pending")
    held.open()
    expect(await Promise.all([soon(write), soon(own)])).toEqual(["ok", "ok"])
  })
})

describe("ORDER-4: what fails fails alone", () => {
  it("each operation of a commit has its own outcome", async () => {
    const { store } = await storeWith("a", "b")
    const outcomes = [
      store.append("a", entry(1)),
      store.append("missing", entry(1)),
      store.append("b", metaRecord({ replicaType: ["other", 1, 0] })),
      store.append("b", entry(2)),
    ].map(outcomeOf)
    expect(await Promise.all(outcomes)).toEqual(["ok", "STORE_META_MISSING", "STORE_META_MISMATCH", "ok"])
  })

  it("a commit that fails is taken apart, and only what fails alone rejects", async () => {
    const { backend, store } = await storeWith("a", "b", "c")
    backend.before = step => {
      if (holds(step, "b")) throw failure("STORE_FULL")
    }
    const writes = [
      store.append("a", entry(1)),
      store.append("b", entry(2)),
      store.append("c", entry(3)),
      store.append("a", entry(4)),
    ]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["ok", "STORE_FULL", "ok", "ok"])
    expect(backend.commits()).toEqual([
      ["append a 1", "append b 2", "append c 3", "append a 4"],
      ["append a 1"],
      ["append b 2"],
      ["append c 3"],
      ["append a 4"],
    ])
  })

  it("a write that fails alone is not tried twice", async () => {
    const { backend, store } = await storeWith("a")
    backend.before = () => Promise.reject(failure("STORE_FULL"))
    expect(await outcomeOf(store.append("a", entry(1)))).toBe("STORE_FULL")
    expect(backend.count("commit")).toBe(1)
  })

  it("ERROR-1: whatever the backend throws becomes a StoreError with the document and the cause", async () => {
    const { backend, store } = await storeWith("a")
    for (const thrown of [new TypeError("driver"), "a string", null, undefined, Object.create(null)]) {
      backend.before = () => {
        throw thrown
      }
      const error: unknown = await store.append("a", entry(1)).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        name: "StoreError",
        code: "STORE_BACKEND",
        docId: "a",
        backend: "scripted",
        outcome: "none",
      })
      expect((error as Error).cause).toBe(thrown)
      expect((error as Error).message).toContain('Document "a": ')
    }
  })

  it("ERROR-1: a StoreError of the backend gets the document and keeps the rest", async () => {
    const { backend, store } = await storeWith("a")
    const cause = new Error("driver")
    const thrown = new StoreError("STORE_TIMEOUT", "gave up", {
      backend: "lower",
      cause,
      retryable: false,
      outcome: "unknown",
    })
    backend.before = () => {
      throw thrown
    }
    await expect(store.append("a", entry(1))).rejects.toMatchObject({
      code: "STORE_TIMEOUT",
      message: 'Document "a": gave up',
      docId: "a",
      backend: "lower",
      retryable: false,
      outcome: "unknown",
      cause,
    })
  })

  it("WRITE-1: an operation the backend does not answer for is not taken for stored", async () => {
    const { backend, store } = await storeWith("a", "b")
    backend.commit = () => [null]
    const settled = await Promise.allSettled([store.append("a", entry(1)), store.append("b", entry(2))])
    for (const one of settled) {
      expect(one).toMatchObject({ status: "rejected", reason: { code: "STORE_BACKEND", outcome: "unknown" } })
    }
  })
})

describe("a locked database", () => {
  it("a commit that finds it locked is tried again as a group", async () => {
    const { backend, store } = await storeWith("a", "b")
    let locked = 3
    backend.before = () => {
      if (locked-- > 0) throw failure(locked % 2 === 0 ? "STORE_BUSY" : "STORE_CONFLICT")
    }
    await Promise.all([store.append("a", entry(1)), store.append("b", entry(2))])
    expect(backend.commits()).toEqual(Array(4).fill(["append a 1", "append b 2"]))
  })

  it("SHARE-2: beyond the budget all of the group reject, and the store works on", async () => {
    const { backend, store } = await storeWith("a", "b")
    backend.before = () => {
      throw failure("STORE_BUSY")
    }
    const writes = [store.append("a", entry(1)), store.append("b", entry(2))]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["STORE_BUSY", "STORE_BUSY"])
    expect(backend.count("commit")).toBeGreaterThan(1)
    expect(backend.commits().every(commit => commit.length === 2)).toBe(true)
    backend.before = () => {}
    expect(await outcomeOf(store.append("a", entry(3)))).toBe("ok")
  })

  it("with no budget nothing is tried again", async () => {
    const backend = new ScriptedBackend()
    const store = new EngineStore(backend, { busyTimeout: 0 })
    backend.before = () => {
      throw failure("STORE_BUSY")
    }
    expect(await outcomeOf(store.append("a", metaRecord()))).toBe("STORE_BUSY")
    backend.before = () => {}
    backend.refuse = () => failure("STORE_CONFLICT")
    expect(await outcomeOf(store.append("a", metaRecord()))).toBe("STORE_CONFLICT")
    expect(backend.count("commit")).toBe(2)
  })

  it("that fails otherwise when tried again is taken apart", async () => {
    const { backend, store } = await storeWith("a", "b")
    const errors = [failure("STORE_BUSY"), failure("STORE_BACKEND")]
    backend.before = () => {
      const error = errors.shift()
      if (error !== undefined) throw error
    }
    expect(await Promise.all([store.append("a", entry(1)), store.append("b", entry(2))].map(outcomeOf))).toEqual([
      "ok",
      "ok",
    ])
    expect(backend.steps.map(step => step.operations.length)).toEqual([2, 2, 1, 1])
  })

  it("reads are tried again too, within the budget", async () => {
    const { backend, store } = await storeWith("a")
    let locked = 2
    backend.before = () => {
      if (locked-- > 0) throw failure("STORE_BUSY")
    }
    expect(await outcomeOf(store.currentMeta("a"))).toBe("ok")
    locked = 2
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1"])
    locked = 2
    expect(await listIds(store)).toEqual(["a"])
    locked = Number.POSITIVE_INFINITY
    expect(await outcomeOf(store.currentMeta("a"))).toBe("STORE_BUSY")
  })
})

describe("a locked document", () => {
  it("is tried apart, without holding up the others of its group", async () => {
    const { backend, store } = await storeWith("a", "b")
    let locked = true
    backend.refuse = operation => (locked && operation.docId === "a" ? failure("STORE_BUSY") : null)
    const writes = [store.append("a", entry(1)), store.append("b", entry(2)), store.append("a", entry(3))]
    expect(await outcomeOf(writes[1] as Promise<void>)).toBe("ok")
    expect(await outcomeOf(store.append("b", entry(4)))).toBe("ok")
    locked = false
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["ok", "ok", "ok"])
    expect(await loadLabels(store, "a")).toEqual(["meta:schema-1", "1", "3"])
  })

  it("rejects beyond the budget; what follows on it is decided without what was rejected", async () => {
    const { backend, store } = await storeWith("b")
    backend.refuse = operation => {
      const creates = operation.kind === "append" && operation.docId === "a" && operation.records[0]?.kind === "meta"
      return creates ? failure("STORE_CONFLICT") : null
    }
    const writes = [store.append("a", metaRecord()), store.append("a", entry(1)), store.append("b", entry(2))]
    const outcomes = await Promise.all(writes.map(outcomeOf))
    expect(outcomes[0]).toBe("STORE_CONFLICT")
    expect(["STORE_CONFLICT", "STORE_META_MISSING"]).toContain(outcomes[1])
    expect(outcomes[2]).toBe("ok")
  })
})

describe("WRITE-3: a lost connection", () => {
  it.each(["none", "unknown"] as const)(
    "rejects all of a group, outcome %s, and nothing is tried again",
    async outcome => {
      const { backend, store } = await storeWith("a", "b")
      backend.after = () => {
        throw failure("STORE_UNAVAILABLE", outcome)
      }
      const settled = await Promise.allSettled([store.append("a", entry(1)), store.append("b", entry(2))])
      for (const one of settled) {
        expect(one).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE", outcome } })
      }
      expect(backend.count("commit")).toBe(1)
      backend.after = () => {}
      expect(await outcomeOf(store.append("a", entry(3)))).toBe("ok")
    },
  )

  it("another code with an unknown outcome is the same", async () => {
    const { backend, store } = await storeWith("a", "b")
    backend.before = () => Promise.reject(failure("STORE_TIMEOUT", "unknown"))
    const writes = [store.append("a", entry(1)), store.append("b", entry(2))]
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["STORE_TIMEOUT", "STORE_TIMEOUT"])
    expect(backend.count("commit")).toBe(1)
  })

  it("while a group is taken apart, rejects the rest of it", async () => {
    const { backend, store } = await storeWith("a", "b", "c")
    const errors = [failure("STORE_BACKEND"), null, failure("STORE_UNAVAILABLE")]
    backend.before = () => {
      const error = errors.shift()
      if (error) throw error
    }
    const writes = ["a", "b", "c"].map(id => store.append(id, entry(1)))
    expect(await Promise.all(writes.map(outcomeOf))).toEqual(["ok", "STORE_UNAVAILABLE", "STORE_UNAVAILABLE"])
    expect(backend.count("commit")).toBe(3)
  })

  it("a retryable code whose outcome is unknown is not tried again", async () => {
    const { backend, store } = await storeWith("a")
    backend.before = () => {
      throw failure("STORE_CONFLICT", "unknown")
    }
    await expect(store.append("a", entry(1))).rejects.toMatchObject({ code: "STORE_CONFLICT", outcome: "unknown" })
    expect(backend.count("commit")).toBe(1)
  })
})

it("a program that awaits call after call lets timers run", async () => {
  const { store } = await storeWith("a")
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  for (let i = 0; ticks < 3 && i < 2_000_000; i++) {
    if (i % 2 === 0) await store.append("a", entry(i))
    else await store.currentMeta("a")
  }
  clearInterval(timer)
  expect(ticks).toBe(3)
})

it("so does one that lists again and again", async () => {
  const { store } = await storeWith("a")
  let stopped = false
  setTimeout(() => {
    stopped = true
  }, 1)
  let listings = 0
  for (; !stopped && listings < 200_000; listings++) for await (const _ of store.listDocIds()) break
  expect(stopped).toBe(true)
})

it("SHARE-1: two stores on one storage see each other's documents", async () => {
  const storage = new MemoryStorage()
  const stores = [new EngineStore(new ScriptedBackend(storage)), new EngineStore(new ScriptedBackend(storage))]
  const [one, two] = stores as [EngineStore, EngineStore]
  await one.append("a", metaRecord())
  const operations: WriteOperation["kind"][] = ["append", "append"]
  await Promise.all(operations.map((_, i) => (i === 0 ? one : two).append("a", entry(i))))
  expect((await loadLabels(one, "a")).sort()).toEqual(["0", "1", "meta:schema-1"])
})
