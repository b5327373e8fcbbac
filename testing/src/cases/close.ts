import type { StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, rejects, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { callsWith, create, forEach, iterate, label, labels, META, names, outcomes, started } from "./support.js"

const HANG = 20_000

export const closeCases: readonly ConformanceCase[] = [
  {
    id: "close-completes-writes",
    title: "close waits for the writes called before it, each of which settles as it would have",
    rules: ["CLOSE-1"],
    async run({ store }) {
      const settled: string[] = []
      const calls = [
        store.append("doc", metaRecord()),
        ...names("e", 200).map(text => store.append("doc", entry(text))),
        store.append("doc", binaryEntry(new Uint8Array(2_500_000))),
        store.append("unknown", entry("x")),
        store.replace("other", [metaRecord(), entry("a")]),
        store.delete("doc"),
      ]
      const watched = calls.map(call => call.finally(() => settled.push("write")))
      const closed = store.close().then(() => settled.push("close"))
      deepEqual(await outcomes(watched), [...Array(202).fill("ok"), "STORE_META_MISSING", "ok", "ok"])
      await within(closed, HANG, "close")
      equal(settled.indexOf("close"), calls.length, "writes that settled before close did")
    },
  },
  {
    id: "close-completes-reads",
    title: "reads called before close in the same tick complete, and steps already asked for are answered",
    rules: ["CLOSE-1"],
    async run({ store }) {
      await create(store, "doc", "a")
      const load = iterate(store.loadAll("doc"))
      const listing = iterate(store.listDocIds())
      const reads = [store.append("doc", entry("b")), store.currentMeta("doc"), load.next(), listing.next()]
      const closed = store.close()
      deepEqual(await Promise.all(reads), [
        undefined,
        meta(),
        { done: false, value: metaRecord() },
        { done: false, value: "doc" },
      ])
      await closed
      await rejects(() => load.next(), "STORE_CLOSED")
      await rejects(() => listing.next(), "STORE_CLOSED")
    },
  },
  {
    id: "close-completes-steps",
    title: "steps of a load of several pages asked for before close are all answered, and those after it reject",
    rules: ["CLOSE-1", "CLOSE-2"],
    async run({ store }) {
      const texts = names("e", 6000)
      await store.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
      const load = await started(store.loadAll("doc"))
      const steps = texts.slice(0, 5000).map(() => load.next())
      const closed = store.close()
      const late = outcomes([load.next(), load.next()])
      const seen = (await within(Promise.all(steps), HANG, "steps")).map(step => label(step.value))
      deepEqual(seen, texts.slice(0, 5000))
      deepEqual(await late, ["STORE_CLOSED", "STORE_CLOSED"])
      await within(closed, HANG, "close")
    },
  },
  {
    id: "close-then-everything-rejects",
    title: "after close every method rejects with STORE_CLOSED, from the same tick on and for ever",
    rules: ["CLOSE-2"],
    async run({ store }) {
      await create(store, "doc", "a")
      const closed = store.close()
      for (const when of ["in the same tick", "afterwards"]) {
        for (const doc of ["doc", "unknown"]) {
          await forEach(callsWith(store, doc), async (call, name) => {
            const error = await rejects(call, "STORE_CLOSED")
            equal(error.outcome, "none", `outcome of ${name} ${when}`)
          })
        }
        await rejects(() => iterate(store.listDocIds()).next(), "STORE_CLOSED")
        await rejects(() => iterate(store.listDocIds("d")).next(), "STORE_CLOSED")
        await closed
      }
    },
  },
  {
    id: "close-under-open-iterations",
    title: "the next step of an open load or listing rejects after close, even with items in memory or none left",
    rules: ["CLOSE-2"],
    async run({ store }) {
      await create(store, "doc", "a", "b", "c")
      await store.replace("long", [metaRecord(), ...names("e", 5000).map(text => entry(text))])
      const iterators: [string, AsyncIterator<unknown>][] = []
      for (const doc of ["doc", "long"])
        iterators.push([`load of ${doc}`, await started<StoreRecord>(store.loadAll(doc))])
      const last = await started<StoreRecord>(store.loadAll("doc"))
      for (let i = 0; i < 3; i++) equal((await last.next()).done, false, "done of a record")
      iterators.push(["load behind its last record", last], ["listing", await started(store.listDocIds())])
      iterators.push(["load not started", iterate<unknown>(store.loadAll("doc"))])
      iterators.push(["listing not started", iterate<unknown>(store.listDocIds())])
      await within(store.close(), HANG, "close beside open iterations")
      await forEach(iterators, async iterator => void (await rejects(() => iterator.next(), "STORE_CLOSED")))
    },
  },
  {
    id: "close-in-a-loop",
    title: "closing the store inside a loop over a load or a listing makes the loop throw, not end",
    rules: ["CLOSE-2"],
    async run({ store, fresh }) {
      await create(store, "doc", "a", "b")
      const load = async () => {
        for await (const _ of store.loadAll("doc")) await store.close()
      }
      await rejects(load, "STORE_CLOSED")
      const other = (await fresh()).store
      await Promise.all([create(other, "a"), create(other, "b")])
      const listing = async () => {
        for await (const _ of other.listDocIds()) await other.close()
      }
      await rejects(listing, "STORE_CLOSED")
    },
  },
  {
    id: "close-twice",
    title: "close may be called again, at once or later, and every call resolves when the store is closed",
    rules: ["CLOSE-3"],
    async run({ store }) {
      const settled: string[] = []
      const write = create(store, "doc", ...names("e", 50)).then(() => settled.push("write"))
      const closes = [1, 2, 3].map(() => store.close().then(() => settled.push("close")))
      await within(Promise.all([write, ...closes]), HANG, "three closes")
      deepEqual(settled, ["write", "close", "close", "close"])
      equal(await store.close(), undefined, "result")
    },
  },
  {
    id: "close-by-dispose",
    title: "Symbol.asyncDispose closes the store, so that await using does",
    rules: ["CLOSE-3"],
    async run({ store }) {
      const write = create(store, "doc", "a")
      {
        await using disposable = store as typeof store & AsyncDisposable
        equal(typeof disposable[Symbol.asyncDispose], "function", "type of the dispose method")
      }
      await write
      await rejects(store.currentMeta("doc"), "STORE_CLOSED")
      await store.close()
    },
  },
  {
    id: "close-unused",
    title: "a store that was never used closes",
    rules: ["CLOSE-1"],
    async run({ store }) {
      await within(store.close(), HANG, "close")
    },
  },
  {
    id: "close-after-failures",
    title: "a store closes after calls that were refused and iterations that were abandoned",
    rules: ["CLOSE-1"],
    async run({ store }) {
      await create(store, "doc", ...names("e", 3000))
      await outcomes([store.append("doc", entry("\0")), store.append("x", entry("x")), store.replace("doc", [])])
      for (let i = 0; i < 20; i++) {
        await started(store.loadAll("doc"))
        await started(store.listDocIds())
      }
      await within(store.close(), HANG, "close")
    },
  },
  {
    id: "close-under-faults",
    title: "a close that fails underneath rejects or resolves, the store stays closed, and close can be called again",
    rules: ["CLOSE-3"],
    requires: ["fault"],
    async run({ fresh }) {
      for (let call = 1, struck = true; struck && call <= 100; call++) {
        const { store, fault } = await fresh()
        await create(store, "doc", "a")
        fault?.arm(call)
        await outcomes([store.close()])
        struck = fault?.disarm() ?? false
        await rejects(store.append("doc", entry("b")), "STORE_CLOSED")
        await within(store.close(), HANG, `close again after a fault at call ${call}`)
        await rejects(store.currentMeta("doc"), "STORE_CLOSED")
      }
    },
  },
  {
    id: "close-then-reopen",
    title: "what was called before close, awaited or not, is found after reopening",
    rules: ["CLOSE-1"],
    requires: ["durable", "reopen"],
    async run({ store, parts }) {
      const texts = names("e", 300)
      const write = create(store, "doc", ...texts)
      const large = store.replace("large", [metaRecord(), binaryEntry(new Uint8Array(2_500_000))])
      await store.close()
      await Promise.all([write, large])
      const again = await parts.reopen()
      deepEqual(await labels(again, "doc"), [META, ...texts])
      deepEqual(await labels(again, "large"), [META, "2500000 bytes"])
      deepEqual(await again.currentMeta("doc"), meta())
      deepEqual(await collect(again.listDocIds()), ["doc", "large"])
    },
  },
  {
    id: "close-reopen-many-times",
    title: "a store can be closed and reopened many times without running out of anything, and goes on writing",
    rules: ["CLOSE-4"],
    requires: ["durable", "reopen"],
    slow: true,
    async run({ store, parts }) {
      await store.append("doc", metaRecord())
      await store.close()
      const texts = names("e", 60)
      for (const text of texts) {
        const again = await parts.reopen()
        await again.append("doc", entry(text))
        await started(again.loadAll("doc"))
        await again.close()
      }
      deepEqual(await labels(await parts.reopen(), "doc"), [META, ...texts])
    },
  },
  {
    id: "close-leaves-nothing-running",
    title: "after close nothing of the store goes on: what an open load or a timer might do no longer happens",
    rules: ["CLOSE-4"],
    async run({ store }) {
      await create(store, "doc", ...names("e", 3000))
      const load = await started(store.loadAll("doc"))
      await store.close()
      await new Promise(resolve => setTimeout(resolve, 30))
      await rejects(() => load.next(), "STORE_CLOSED")
      await store.close()
    },
  },
]
