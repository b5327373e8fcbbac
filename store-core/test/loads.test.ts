import { EngineStore, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf, soon } from "./support/outcome.js"
import { batch, entry, label, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend, settleTurns } from "./support/scripted-backend.js"

const ALL = ["meta:schema-1", "1", "2", "3", "4", "5"]
const AFTER_FIRST = ALL.slice(1)

/** A store with the document "a" of six records, in pages of two. */
async function storeWithSix(options: object = {}): Promise<{ backend: ScriptedBackend; store: EngineStore }> {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, { busyTimeout: 50, ...options })
  await store.replace("a", batch(1, 2, 3, 4, 5))
  backend.steps.length = 0
  return { backend, store }
}

/** A load of "a" that has yielded its first record. */
async function opened(store: EngineStore): Promise<AsyncIterator<StoreRecord, unknown>> {
  const iterator = load(store, "a")
  await iterator.next()
  return iterator
}

const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve))
const timings: [string, () => void | Promise<void>][] = [
  ["synchronous", () => undefined],
  ["asynchronous", nextTurn],
]

describe.each(timings)("a load over a %s backend", (_, slow) => {
  it.each([false, true])(
    "LOAD-1: yields the records it started with, whatever is written meanwhile (empty pages: %s)",
    async empty => {
      const { backend, store } = await storeWithSix()
      backend.emptyPages = empty
      backend.before = slow
      const writes: (() => Promise<void>)[] = [
        () => store.append("a", entry(6)),
        () => store.replace("a", batch(7)),
        () => store.delete("a"),
        () => store.append("a", metaRecord({ schemaHash: "new" })),
      ]
      const iterators = [load(store, "a"), load(store, "a")]
      const labels: string[][] = [[], []]
      for (let i = 0; i < 7; i++) {
        for (const [j, iterator] of iterators.entries()) {
          const step = await iterator.next()
          if (step.done !== true) labels[j]?.push(step.value.kind === "meta" ? "meta:schema-1" : step.value.version)
        }
        await writes[i]?.()
      }
      expect(labels).toEqual([ALL, ALL])
      expect(await loadLabels(store, "a")).toEqual(["meta:new"])
    },
  )

  it("LOAD-2: next() called many times without waiting is answered in order", async () => {
    const { backend, store } = await storeWithSix()
    backend.before = slow
    const iterator = load(store, "a")
    const steps = await Promise.all(Array.from({ length: 9 }, () => iterator.next()))
    expect(steps.map(step => step.done)).toEqual([...Array(6).fill(false), true, true, true])
    expect(backend.count("readPage")).toBe(3)
  })

  it("LOAD-2: a step called in the reaction to another is answered after those called before it", async () => {
    const { backend, store } = await storeWithSix()
    backend.pageRecords = 6
    backend.before = slow
    const iterator = load(store, "a")
    const first = iterator.next()
    const second = iterator.next()
    const third = first.then(() => iterator.next())
    const versions = (await Promise.all([second, third])).map(step => (step.done === true ? "end" : label(step.value)))
    expect(versions).toEqual(["1", "2"])
  })

  it("LOAD-8: every iteration is a load of its own", async () => {
    const { backend, store } = await storeWithSix()
    backend.before = slow
    const loads = store.loadAll("a")
    const [one, two] = [loads[Symbol.asyncIterator](), loads[Symbol.asyncIterator]()]
    await one.next()
    await store.append("a", entry(6))
    expect([await rest(one), await rest(two)]).toEqual([AFTER_FIRST, [...ALL, "6"]])
  })

  it("LOAD-4: several open loads read ahead before a removal, which takes effect after", async () => {
    const { backend, store } = await storeWithSix()
    const open = await Promise.all([opened(store), opened(store), opened(store)])
    backend.steps.length = 0
    backend.before = slow
    await store.delete("a")
    expect(backend.steps.map(step => step.method)).toEqual([...Array(6).fill("readPage"), "commit"])
    expect(await Promise.all(open.map(rest))).toEqual([AFTER_FIRST, AFTER_FIRST, AFTER_FIRST])
  })

  it("LOAD-4, GUARD-3: without read-ahead an overtaken load throws, and the document can be written", async () => {
    const { backend, store } = await storeWithSix({ readAhead: 0 })
    const open = await opened(store)
    backend.steps.length = 0
    backend.before = slow
    await store.replace("a", batch(9))
    expect((await open.next()).done).toBe(false)
    for (let i = 0; i < 3; i++) expect(await outcomeOf(open.next())).toBe("STORE_LOAD_SUPERSEDED")
    expect(backend.steps[0]?.method).toBe("commit")
    expect(await outcomeOf(store.append("a", entry(10)))).toBe("ok")
  })

  it("LOAD-4: what is over the budget of all loads of the document is left", async () => {
    const { backend, store } = await storeWithSix({ readAhead: 1 })
    const [one, two] = [await opened(store), await opened(store)]
    backend.before = slow
    backend.steps.length = 0
    await store.delete("a")
    expect(backend.count("readPage")).toBe(1)
    expect(await soon(rest(one))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await soon(rest(two))).toBe("STORE_LOAD_SUPERSEDED")
  })

  it("LOAD-5, GUARD-1: overtaken by another store it throws, and the guard is set", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    backend.before = slow
    backend.overtake("a")
    expect(await outcomeOf(rest(open))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("STORE_LOAD_FAILED")
  })

  it("LOAD-3: an error stays, and is the same for every further step", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    backend.before = async () => {
      await slow()
      throw failure("STORE_CORRUPT")
    }
    const steps = Array.from({ length: 4 }, () => open.next())
    expect(await Promise.all(steps.map(outcomeOf))).toEqual(["ok", ...Array(3).fill("STORE_CORRUPT")])
    backend.before = () => {}
    expect(await outcomeOf(open.next())).toBe("STORE_CORRUPT")
    await open.return?.()
    expect(await outcomeOf(open.next())).toBe("STORE_CORRUPT")
  })
})

describe("read-ahead and the load's own pages", () => {
  it("a removal waits for the page that is in flight and reads on behind it", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    await open.next()
    const held = gate()
    backend.before = () => held.opened
    const step = open.next()
    await settleTurns()
    const removal = store.delete("a")
    await settleTurns()
    expect(backend.steps.filter(one => (one.page ?? 0) > 0 || one.method === "commit")).toHaveLength(1)
    held.open()
    expect((await step).done).toBe(false)
    await removal
    expect(await rest(open)).toEqual(["3", "4", "5"])
    expect(backend.count("readPage")).toBe(3)
  })

  it("a page in flight that fails fails the load; the removal goes on", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    await open.next()
    const held = gate()
    let failing = true
    backend.before = async step => {
      await held.opened
      if (step.method === "readPage" && failing) throw failure("STORE_CORRUPT")
      failing = true
    }
    const step = outcomeOf(open.next())
    await settleTurns()
    const removal = outcomeOf(store.delete("a"))
    held.open()
    expect([await step, await removal]).toEqual(["STORE_CORRUPT", "ok"])
    failing = false
  })

  it.each(timings)("a removal that cannot read ahead over a %s backend goes on", async (_, slow) => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    backend.before = async step => {
      if (step.method === "readPage") throw failure("STORE_TIMEOUT")
      await slow()
    }
    expect(await outcomeOf(store.delete("a"))).toBe("ok")
    backend.before = () => {}
    expect(await outcomeOf(rest(open))).toBe("STORE_LOAD_SUPERSEDED")
  })

  it("a page that throws at once while reading ahead is left to the load", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    let failing = true
    backend.before = step => {
      if (step.method === "readPage" && failing) throw failure("STORE_TIMEOUT")
    }
    backend.refuse = () => failure("STORE_FULL")
    expect(await outcomeOf(store.delete("a"))).toBe("STORE_FULL")
    failing = false
    expect(await rest(open)).toEqual(AFTER_FIRST)
  })

  it("LOAD-2: after a removal that failed the load goes on, and who overtakes it then is not this store", async () => {
    const { backend, store } = await storeWithSix({ readAhead: 0 })
    const [one, two] = [await opened(store), await opened(store)]
    backend.refuse = operation => (operation.kind === "delete" ? failure("STORE_FULL") : null)
    expect(await outcomeOf(store.delete("a"))).toBe("STORE_FULL")
    expect(await rest(one)).toEqual(AFTER_FIRST)
    backend.overtake("a")
    expect(await outcomeOf(rest(two))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("STORE_LOAD_FAILED")
  })

  it("an append does not make open loads read ahead", async () => {
    const { backend, store } = await storeWithSix()
    const open = await opened(store)
    await store.append("a", entry(6))
    expect(backend.count("readPage")).toBe(1)
    expect(await rest(open)).toEqual(AFTER_FIRST)
  })

  it("a load that has read everything is not read ahead again", async () => {
    const { backend, store } = await storeWithSix()
    expect(await loadLabels(store, "a")).toEqual(ALL)
    const finished = backend.steps.length
    await store.delete("a")
    expect(backend.steps.length).toBe(finished + 1)
  })

  it("other documents do not wait for read-ahead", async () => {
    const { backend, store } = await storeWithSix()
    await opened(store)
    const held = gate()
    backend.before = step => (step.method === "readPage" ? held.opened : undefined)
    const removal = store.delete("a")
    const behind = store.append("a", metaRecord())
    expect(await soon(store.append("b", metaRecord()))).toBe("ok")
    expect(await soon(removal, 20)).toBe("pending")
    held.open()
    expect([await soon(removal), await soon(behind)]).toEqual(["ok", "ok"])
  })
})

describe("the first page", () => {
  it.each(timings)("is read again when it was overtaken, over a %s backend", async (_, slow) => {
    const { backend, store } = await storeWithSix()
    let overtaken = 10
    const trip = () => {
      if (overtaken-- > 0) throw failure("STORE_LOAD_SUPERSEDED")
    }
    backend.before = step => {
      const waiting = slow()
      if (step.page === 0) return waiting === undefined ? trip() : waiting.then(trip)
    }
    expect(await loadLabels(store, "a")).toEqual(ALL)
    overtaken = 11
    expect(await outcomeOf(loadLabels(store, "a"))).toBe("STORE_LOAD_SUPERSEDED")
    expect(overtaken).toBe(0)
  })

  it("LOAD-1: of an unknown document ends the load", async () => {
    const { store } = await storeWithSix()
    expect(await loadLabels(store, "unknown")).toEqual([])
  })

  it("LOAD-6: is not read before the first step", async () => {
    const { backend, store } = await storeWithSix()
    const iterator = load(store, "a")
    await store.append("a", entry(6))
    expect(backend.count("readPage")).toBe(0)
    expect(await rest(iterator)).toEqual([...ALL, "6"])
  })

  it("ID-2, ORDER-5: of what is no id is not read; the first step rejects, and every other", async () => {
    const { backend, store } = await storeWithSix()
    const iterator = load(store, "")
    expect([await outcomeOf(iterator.next()), await outcomeOf(iterator.next())]).toEqual(
      Array(2).fill("STORE_INVALID_DOC_ID"),
    )
    expect(backend.steps).toEqual([])
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("ok")
  })
})

describe("LOAD-6: breaking off", () => {
  it("before the first step, in the middle, at the end, after an error and twice", async () => {
    const { backend, store } = await storeWithSix()
    const end = { done: true, value: undefined }
    const unstarted = load(store, "a")
    expect([await unstarted.return?.(), await unstarted.next()]).toEqual([end, end])
    expect(backend.steps).toEqual([])
    const middle = await opened(store)
    expect([await middle.return?.(), await middle.next(), await middle.return?.()]).toEqual([end, end, end])
    const whole = load(store, "a")
    await rest(whole)
    expect([await whole.return?.(), await whole.next()]).toEqual([end, end])
    backend.steps.length = 0
    await store.delete("a")
    expect(backend.count("readPage")).toBe(0)
  })

  it("while a step is in flight is answered after it, and forgets the load", async () => {
    const { backend, store } = await storeWithSix()
    const iterator = load(store, "a")
    const held = gate()
    backend.before = () => held.opened
    const answers: string[] = []
    const note = (what: string) => () => answers.push(what)
    const all = [
      iterator.next().then(note("first")),
      iterator.return?.().then(note("return")),
      iterator.next().then(note("after")),
    ]
    await settleTurns()
    expect(answers).toEqual([])
    held.open()
    await Promise.all(all)
    expect(answers).toEqual(["first", "return", "after"])
    await store.delete("a")
    expect(backend.count("readPage")).toBe(1)
  })

  it("does not hide the loop's own error", async () => {
    const { store } = await storeWithSix()
    const consume = async () => {
      for await (const _ of store.loadAll("a")) throw new Error("mine")
    }
    await expect(consume()).rejects.toThrow("mine")
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("ok")
  })
})

it("a document may be appended to while it is being loaded, without end or deadlock", async () => {
  const { store } = await storeWithSix()
  for await (const _ of store.loadAll("a")) await store.append("a", entry("more"))
  expect(await loadLabels(store, "a")).toEqual([...ALL, ...Array(6).fill("more")])
})

it("LOAD-7: a load of many pages lets timers run", async () => {
  const { backend, store } = await storeWithSix()
  backend.pageRecords = 1
  await store.replace("a", batch(...Array(3000).keys()))
  let ticks = 0
  const timer = setInterval(() => ticks++, 0)
  await loadLabels(store, "a")
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(1)
})

it("LOAD-7: a record that is in memory is given within one turn of the microtask queue", async () => {
  const { backend, store } = await storeWithSix()
  backend.pageRecords = 10
  await store.replace("a", batch(1, 2, 3, 4))
  const open = load(store, "a")
  await open.next()
  for (let i = 0; i < 3; i++) {
    let given = false
    const step = open.next().then(() => {
      given = true
    })
    await null
    expect(given).toBe(true)
    await step
  }
})
