import type { Store } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok, rejects, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, metaRecord } from "../fixtures.js"
import { create, iterate, label, labels, META, names, rest, started, untyped } from "./support.js"

const HANG = 20_000

/** A document of several pages, by replace: many commits would make this slow where commits are. */
async function createLong(store: Store, docId: string, count = 10_000): Promise<string[]> {
  const texts = names("e", count)
  await store.replace(docId, [metaRecord(), ...texts.map(text => entry(text))])
  return [META, ...texts]
}

export const loadAllCases: readonly ConformanceCase[] = [
  {
    id: "load-unknown",
    title: "a load of a document that does not exist yields nothing",
    rules: ["LOAD-1"],
    async run({ store }) {
      deepEqual(await collect(store.loadAll("doc")), [])
      const iterator = iterate(store.loadAll("doc"))
      deepEqual(await iterator.next(), { done: true, value: undefined })
      deepEqual(await iterator.next(), { done: true, value: undefined })
      deepEqual(await collect(store.listDocIds()), [])
    },
  },
  {
    id: "load-exactly-the-records",
    title: "a load yields metas and entries of both encodings exactly in their order, the first one the meta",
    rules: ["LOAD-1"],
    async run({ store }) {
      const records = [
        metaRecord(),
        entry("a"),
        binaryEntry(Uint8Array.of(1, 2)),
        metaRecord({ schemaHash: "two" }),
        entry("b", { kind: "entirety", lineage: "l" }),
      ]
      for (const record of records) await store.append("doc", record)
      await create(store, "doc2", "not this")
      deepEqual(await collect(store.loadAll("doc")), records)
    },
  },
  {
    id: "load-around-page-limits",
    title: "loads of documents whose number of records lies around a page yield every record once",
    rules: ["LOAD-1"],
    async run({ store }) {
      for (const count of [998, 999, 1000, 1998, 1999, 2000, 2001, 3999, 4000]) {
        const all = await createLong(store, "doc", count)
        deepEqual(await labels(store, "doc"), all, `${count} entries`)
      }
    },
  },
  {
    id: "load-end-stays",
    title: "asked again after its end a load says that it has ended, also when records were added since",
    rules: ["LOAD-1"],
    async run({ store }) {
      await create(store, "doc", "a")
      const iterator = iterate(store.loadAll("doc"))
      equal((await rest(iterator)).length, 2, "number of records")
      await store.append("doc", entry("b"))
      for (let i = 0; i < 3; i++) equal((await iterator.next()).done, true, "done after the end")
    },
  },
  {
    id: "load-steps-not-awaited",
    title: "steps asked for without awaiting any are answered in order, those behind the end with the end",
    rules: ["LOAD-2"],
    async run({ store }) {
      const all = await createLong(store, "doc", 5000)
      const iterator = iterate(store.loadAll("doc"))
      const steps = await within(Promise.all(Array.from({ length: 5010 }, () => iterator.next())), HANG, "steps")
      deepEqual(
        steps.flatMap(step => (step.done === true ? [] : [label(step.value)])),
        all,
      )
      equal(steps.filter(step => step.done === true).length, 9, "number of steps behind the end")
    },
  },
  {
    id: "load-steps-asked-while-others-wait",
    title: "a step asked for when an earlier one was answered and others still wait is answered after those",
    rules: ["LOAD-2"],
    async run({ store }) {
      await create(store, "doc", "a", "b", "c", "d", "e")
      const iterator = iterate(store.loadAll("doc"))
      const steps = [iterator.next(), iterator.next(), iterator.next()]
      await steps[0]
      steps.push(iterator.next(), iterator.next())
      await steps[1]
      steps.push(iterator.next())
      const seen = (await Promise.all(steps)).map(step => (step.done === true ? "end" : label(step.value)))
      deepEqual(seen, [META, "a", "b", "c", "d", "e"])
    },
  },
  {
    id: "load-twice-from-one-iterable",
    title: "every iteration of what loadAll returned is a load of its own, also when they are interleaved",
    rules: ["LOAD-8"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      const iterable = store.loadAll("doc")
      const first = await started(iterable)
      await store.append("doc", entry("c"))
      const second = await started(iterable)
      deepEqual((await rest(first)).map(label), ["a", "b"])
      deepEqual((await rest(second)).map(label), ["a", "b", "c"])
      await store.replace("doc", [metaRecord(), entry("d")])
      deepEqual((await collect(iterable)).map(label), [META, "d"])
    },
  },
  {
    id: "load-many-interleaved",
    title: "loads of the same and of other documents interleaved step by step are all complete",
    rules: ["LOAD-2"],
    async run({ store }) {
      const expected = new Map<string, string[]>()
      for (const doc of ["a", "b", "c"]) expected.set(doc, await createLong(store, doc, 2500))
      const loads = ["a", "b", "a", "c", "a"].map(doc => ({ doc, iterator: iterate(store.loadAll(doc)), seen: [""] }))
      for (let open = loads.length; open > 0; ) {
        for (const load of loads) {
          const step = await load.iterator.next()
          if (step.done !== true) load.seen.push(label(step.value))
          else if (load.seen[0] === "") {
            load.seen.shift()
            open--
          }
        }
      }
      for (const { doc, seen } of loads) deepEqual(seen, expected.get(doc), doc)
    },
  },
  {
    id: "load-left-early",
    title: "after loads left by break, throw or return, at any point, all calls on the document work",
    rules: ["LOAD-6"],
    async run({ store }) {
      const all = await createLong(store, "doc", 5000)
      const leave = async (at: number, how: string) => {
        let seen = 0
        for await (const _ of store.loadAll("doc")) {
          if (++seen < at) continue
          if (how === "throw") throw new Error("left")
          break
        }
      }
      for (const at of [1, 2, 1999, 2000, 2001, 5000]) {
        await leave(at, "break")
        const thrown = await leave(at, "throw").catch((error: Error) => error.message)
        equal(thrown, "left", "what the loop threw")
        const iterator = await started(store.loadAll("doc"))
        if (iterator.return !== undefined) {
          equal((await iterator.return()).done, true, "done of return()")
          equal((await iterator.next()).done, true, "done after return()")
        }
      }
      const more = names("x", 1000)
      await within(Promise.all(more.map(text => store.append("doc", entry(text)))), HANG, "1,000 appends")
      deepEqual(await labels(store, "doc"), [...all, ...more])
      await within(store.close(), HANG, "close")
    },
  },
  {
    id: "load-never-started-or-finished",
    title: "loads that were never started or never finished hold up neither writes nor close",
    rules: ["LOAD-6", "LIST-6"],
    async run({ store }) {
      await createLong(store, "doc", 5000)
      for (let i = 0; i < 100; i++) {
        store.loadAll("doc")
        iterate(store.loadAll("doc"))
        iterate(store.listDocIds())
        await started(store.loadAll("doc"))
        await started(store.listDocIds())
      }
      const writes = [store.append("doc", entry("x")), store.replace("doc", [metaRecord()]), store.delete("doc")]
      await within(Promise.all(writes), HANG, "writes beside abandoned loads")
      deepEqual(await labels(store, "doc"), [])
      await within(store.close(), HANG, "close")
    },
  },
  {
    id: "load-return-unstarted",
    title: "an iterator that is returned before its first step is over and holds nothing",
    rules: ["LOAD-6"],
    async run({ store }) {
      await create(store, "doc", "a")
      for (const iterator of [iterate<unknown>(store.loadAll("doc")), iterate<unknown>(store.listDocIds())]) {
        if (iterator.return === undefined) continue
        equal((await iterator.return()).done, true, "done of return()")
        equal((await iterator.next()).done, true, "done after return()")
      }
      await store.delete("doc")
    },
  },
  {
    id: "load-is-paged",
    title: "a load of 10,000 records asks for the later ones only when the consumer gets there",
    rules: ["LOAD-7"],
    requires: ["fault"],
    async run({ store, parts }) {
      const all = await createLong(store, "doc")
      const iterator = await started(store.loadAll("doc"))
      parts.fault.arm(1)
      const seen = [META]
      await rejects(async () => {
        for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
          seen.push(label(step.value))
      }, ["STORE_BACKEND", "STORE_UNAVAILABLE", "STORE_CORRUPT"])
      equal(parts.fault.disarm(), true, "whether the store asked for more")
      ok(seen.length < all.length, "the first records came before the last were read")
      deepEqual(seen, all.slice(0, seen.length), "records before the failure")
      deepEqual(await labels(store, "doc"), all)
    },
  },
  {
    id: "load-large-records-over-pages",
    title: "records of several pieces among small ones come back in order, however they fall on pages",
    rules: ["LOAD-1"],
    slow: true,
    async run({ store }) {
      const sizes = [10, 3_900_000, 11, 4_300_000, 4_300_001, 0, 2_000_000, 2_100_000, 9_000_000, 1, 1_000_000]
      const small = names("e", 1500)
      const records = [
        metaRecord(),
        ...sizes.flatMap((size, i) => [
          binaryEntry(new Uint8Array(size).fill(i)),
          ...small.slice(i * 130, (i + 1) * 130).map(text => entry(text)),
        ]),
      ]
      await store.replace("doc", records)
      let at = 0
      for await (const record of store.loadAll("doc")) {
        equal(label(record), label(untyped(records[at])), `record ${at}`)
        if (record.kind === "entry" && typeof record.payload.data !== "string") {
          const fill = sizes.indexOf(record.payload.data.length)
          ok(
            record.payload.data.every(byte => byte === fill),
            `the bytes of record ${at} are its own`,
          )
        }
        at++
      }
      equal(at, records.length, "number of records")
    },
  },
  {
    id: "load-lets-event-loop-run",
    title: "a timer fires while a load of 80,000 records goes on",
    rules: ["LOAD-7"],
    slow: true,
    async run({ store }) {
      await createLong(store, "doc", 80_000)
      let fired = false
      const timer = setTimeout(() => {
        fired = true
      }, 0)
      let count = 0
      let firedAt = 0
      for await (const _ of store.loadAll("doc")) {
        count++
        if (fired && firedAt === 0) firedAt = count
      }
      clearTimeout(timer)
      equal(count, 80_001, "number of records")
      ok(firedAt > 0, "the timer fired before the last record")
    },
  },
]
