import type { Store, StoreRecord } from "@holdfast/store-core"
import { deepEqual, equal, ok, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { create, iterate, label, labels, META, names, rest, started } from "./support.js"

/** The ways to take a document away from under a load, and what the document is afterwards. */
const REMOVALS: readonly (readonly [string, (store: Store, docId: string) => Promise<unknown>, readonly string[]])[] = [
  [
    "replace",
    (store, doc) => store.replace(doc, [metaRecord({ schemaHash: "new" }), entry("new")]),
    ["meta new", "new"],
  ],
  ["delete", (store, doc) => store.delete(doc), []],
  [
    "delete and create",
    (store, doc) =>
      Promise.all([
        store.delete(doc),
        store.append(doc, metaRecord({ schemaHash: "new" })),
        store.append(doc, entry("new")),
      ]),
    ["meta new", "new"],
  ],
  [
    "replace by a longer one",
    (store, doc) =>
      store.replace(doc, [metaRecord({ schemaHash: "new" }), ...names("new", 20).map(text => entry(text))]),
    ["meta new", ...names("new", 20)],
  ],
]

async function createLong(store: Store, docId: string, texts: readonly string[]): Promise<string[]> {
  await store.replace(docId, [metaRecord(), ...texts.map(text => entry(text))])
  return [META, ...texts]
}

/** What the rest of a load yields: its labels, or `"superseded"` behind those it yielded before it threw that. */
async function restOrSuperseded(iterator: AsyncIterator<StoreRecord>): Promise<string[]> {
  const seen: string[] = []
  const go = async () => {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
      seen.push(label(step.value))
  }
  let superseded = false
  await go().catch(async (error: unknown) => {
    await rejects(Promise.reject(error), "STORE_LOAD_SUPERSEDED")
    superseded = true
  })
  return superseded ? [...seen, "superseded"] : seen
}

/** Whether what was seen is all of `expected`, or a part of its start and then `"superseded"`. */
function checkWholeOrSuperseded(seen: readonly string[], expected: readonly string[], what: string): boolean {
  if (seen.at(-1) !== "superseded") {
    deepEqual(seen, expected, `${what}: the whole load`)
    return true
  }
  deepEqual(seen.slice(0, -1), expected.slice(0, seen.length - 1), `${what}: the records before it was superseded`)
  return false
}

export const loadSnapshotCases: readonly ConformanceCase[] = [
  {
    id: "load-under-appends",
    title: "a load of several pages does not yield what is appended while it goes on",
    rules: ["LOAD-1"],
    async run({ store }) {
      const all = await createLong(store, "doc", names("e", 5000))
      const iterator = iterate(store.loadAll("doc"))
      const seen: string[] = []
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
        if (seen.push(label(step.value)) % 500 === 1) await store.append("doc", entry("later"))
      }
      deepEqual(seen, all)
      equal((await labels(store, "doc")).length, all.length + 11, "records afterwards")
    },
  },
  {
    id: "load-under-removal-at-every-step",
    title: "a load under which the document is replaced or deleted after any number of steps is complete",
    rules: ["LOAD-4"],
    async run({ store }) {
      const texts = ["a", "b", "c", "d"]
      for (const [what, remove, after] of REMOVALS) {
        for (let steps = 1; steps <= texts.length + 2; steps++) {
          const doc = `${what} after ${steps}`
          await create(store, doc, ...texts)
          const iterator = iterate(store.loadAll(doc))
          const seen: string[] = []
          for (let i = 0; i < steps; i++) {
            const step = await iterator.next()
            if (step.done !== true) seen.push(label(step.value))
          }
          await remove(store, doc)
          seen.push(...(await rest(iterator)).map(label))
          deepEqual(seen, [META, ...texts], doc)
          deepEqual(await labels(store, doc), after, `${doc}, afterwards`)
        }
      }
    },
  },
  {
    id: "load-of-pages-under-removal",
    title: "a load of several pages under which the document is replaced or deleted is complete up to 16 MiB",
    rules: ["LOAD-4"],
    async run({ store }) {
      for (const [what, remove, after] of REMOVALS) {
        const all = await createLong(store, what, names("e", 6000))
        const iterator = await started(store.loadAll(what))
        await remove(store, what)
        deepEqual([META, ...(await rest(iterator)).map(label)], all, what)
        deepEqual(await labels(store, what), after, `${what}, afterwards`)
      }
    },
  },
  {
    id: "load-under-removal-unawaited",
    title: "a load and a removal called in one tick do not meet: the load has all old records",
    rules: ["LOAD-2"],
    async run({ store }) {
      for (const [what, remove, after] of REMOVALS) {
        const all = await createLong(store, what, names("e", 3000))
        const load = labels(store, what)
        const removed = remove(store, what)
        const second = labels(store, what)
        deepEqual(await load, all, what)
        deepEqual(await second, after, `${what}, afterwards`)
        await removed
      }
    },
  },
  {
    id: "load-generations",
    title: "loads begun before and after each of several replaces each yield their own generation",
    rules: ["LOAD-4"],
    async run({ store }) {
      const generations = Array.from({ length: 6 }, (_, i) => names(`g${i} `, 400 * (i + 1)))
      const loads: AsyncIterator<StoreRecord>[] = []
      for (const texts of generations) {
        await createLong(store, "doc", texts)
        loads.push(await started(store.loadAll("doc")), await started(store.loadAll("doc")))
      }
      await store.delete("doc")
      for (const [i, load] of loads.entries())
        deepEqual((await rest(load)).map(label), generations[i >> 1], `load ${i}`)
    },
  },
  {
    id: "load-position-and-replace",
    title: "loads at different positions of one document are all complete when it is replaced",
    rules: ["LOAD-4"],
    async run({ store }) {
      const all = await createLong(store, "doc", names("e", 5000))
      const loads: { iterator: AsyncIterator<StoreRecord>; at: number }[] = []
      for (const at of [1, 2, 1000, 1999, 2000, 2001, 4000, 5000, 5001]) {
        const iterator = iterate(store.loadAll("doc"))
        for (let i = 0; i < at; i++) await iterator.next()
        loads.push({ iterator, at })
      }
      await store.replace("doc", [metaRecord()])
      for (const { iterator, at } of loads) deepEqual((await rest(iterator)).map(label), all.slice(at), `from ${at}`)
    },
  },
  {
    id: "load-long-pause",
    title: "a load goes on after a pause in which the document was changed and timers ran",
    rules: ["LOAD-2"],
    async run({ store }) {
      const all = await createLong(store, "doc", names("e", 4500))
      const iterator = await started(store.loadAll("doc"))
      await store.append("doc", entry("later"))
      await new Promise(resolve => setTimeout(resolve, 50))
      await store.replace("doc", [metaRecord(), entry("new")])
      await new Promise(resolve => setTimeout(resolve, 50))
      await store.delete("doc")
      deepEqual([META, ...(await rest(iterator)).map(label)], all)
    },
  },
  {
    id: "load-failed-replace-is-no-replace",
    title: "a load goes on when a replace of its document was refused",
    rules: ["LOAD-2"],
    async run({ store }) {
      const all = await createLong(store, "doc", names("e", 4500))
      const iterator = await started(store.loadAll("doc"))
      const clash = metaRecord({ replicaType: ["other", 1, 0] })
      await rejects(store.replace("doc", [clash]), "STORE_META_MISMATCH")
      await store.append("doc", entry("later"))
      deepEqual([META, ...(await rest(iterator)).map(label)], all)
      deepEqual(await labels(store, "doc"), [...all, "later"])
    },
  },
  {
    id: "load-no-empty-moment",
    title: "readers beside a loop of replaces see one generation each, never an empty or a mixed document",
    rules: ["REPLACE-1"],
    async run({ store }) {
      const generation = (i: number) => [
        metaRecord({ schemaHash: `${i}` }),
        ...names(`${i} `, 5).map(text => entry(text)),
      ]
      await store.replace("doc", generation(0))
      let over = false
      const write = async () => {
        for (let i = 1; i <= 200; i++) await store.replace("doc", generation(i))
      }
      const writer = write().finally(() => {
        over = true
      })
      // It is awaited at the end; a reader that fails before must not leave it unhandled.
      writer.catch(() => {})
      let reads = 0
      do {
        const [found, loaded] = await Promise.all([store.currentMeta("doc"), labels(store, "doc")])
        const i = Number(loaded[0]?.split(" ")[1])
        deepEqual(loaded, generation(i).map(label), `load ${reads}`)
        deepEqual(found, meta({ schemaHash: `${i}` }), "metadata asked for in the same tick")
        reads++
        await Promise.resolve()
      } while (!over)
      await writer
      ok(reads > 0, "there were reads")
    },
  },
  {
    id: "load-larger-than-read-ahead",
    title: "a load of more than 16 MiB under which the document is replaced is complete or says it was superseded",
    rules: ["LOAD-3", "GUARD-3"],
    slow: true,
    async run({ store }) {
      for (const [what, remove, after] of REMOVALS) {
        const sizes = Array.from({ length: 36 }, (_, i) => 1_000_000 + i)
        const records: StoreRecord[] = [metaRecord(), ...sizes.map(size => binaryEntry(new Uint8Array(size)))]
        const all = records.map(label)
        await store.replace(what, records)
        const iterator = await started(store.loadAll(what))
        await remove(store, what)
        checkWholeOrSuperseded([META, ...(await restOrSuperseded(iterator))], all, what)
        deepEqual(await labels(store, what), after, `${what}, afterwards`)
        await store.append(what, after.length === 0 ? metaRecord() : entry("more"))
        await store.delete(what)
      }
    },
  },
  {
    id: "load-without-read-ahead",
    title: "with readAhead 0 a load of many pages that is replaced is complete or superseded, and sets no guard",
    rules: ["LOAD-3", "GUARD-3"],
    requires: ["configured"],
    async run({ parts }) {
      const store = await parts.configured({ readAhead: 0 })
      for (const [what, remove, after] of REMOVALS) {
        const all = await createLong(store, what, names("e", 10_000))
        const iterator = await started(store.loadAll(what))
        await remove(store, what)
        checkWholeOrSuperseded([META, ...(await restOrSuperseded(iterator))], all, what)
        const more = after.length === 0 ? metaRecord({ schemaHash: "new" }) : entry("more")
        await store.append(what, more)
        deepEqual(await labels(store, what), [...after, label(more)], `${what}, afterwards`)
      }
      await store.close()
    },
  },
  {
    id: "load-superseded-stays-failed",
    title: "a load that was superseded never ends normally, and a new load of the document works",
    rules: ["LOAD-3"],
    requires: ["configured"],
    async run({ parts }) {
      const store = await parts.configured({ readAhead: 0 })
      const all = await createLong(store, "doc", names("e", 10_000))
      const open = await Promise.all([1, 2, 3].map(() => started(store.loadAll("doc"))))
      await store.replace("doc", [metaRecord({ schemaHash: "new" })])
      for (const [i, iterator] of open.entries()) {
        checkWholeOrSuperseded([META, ...(await restOrSuperseded(iterator))], all, `load ${i}`)
      }
      deepEqual(await labels(store, "doc"), ["meta new"])
      await store.close()
    },
  },
]
