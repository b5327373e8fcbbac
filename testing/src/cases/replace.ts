import { collect, deepEqual, equal, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entries, entry, meta, metaRecord } from "../fixtures.js"
import { create, forEach, label, labels, META, names, untyped } from "./support.js"

export const replaceCases: readonly ConformanceCase[] = [
  {
    id: "replace-swaps",
    title: "replace swaps the whole stream for the batch, longer, shorter or the same",
    rules: ["REPLACE-1"],
    async run({ store }) {
      await create(store, "doc", "a", "b", "c")
      await create(store, "other", "x")
      for (const count of [1, 0, 5, 2, 300, 2, 2]) {
        const batch = [metaRecord({ schemaHash: `of ${count}` }), ...entries(count)]
        await store.replace("doc", batch)
        deepEqual(await collect(store.loadAll("doc")), batch, `batch of ${count}`)
        equal((await store.currentMeta("doc"))?.schemaHash, `of ${count}`, "schema hash")
      }
      deepEqual(await labels(store, "other"), [META, "x"])
      deepEqual(await collect(store.listDocIds()), ["doc", "other"])
    },
  },
  {
    id: "replace-creates",
    title: "replace of an unknown id creates the document",
    rules: ["REPLACE-3"],
    async run({ store }) {
      await store.replace("doc", [metaRecord(), entry("a")])
      await store.replace("bare", [metaRecord()])
      deepEqual(await labels(store, "doc"), [META, "a"])
      deepEqual(await labels(store, "bare"), [META])
      deepEqual(await store.currentMeta("doc"), meta())
      deepEqual(await collect(store.listDocIds()), ["bare", "doc"])
    },
  },
  {
    id: "replace-needs-meta-first",
    title: "a batch that is empty or begins with an entry rejects; the old stream stays and no document is created",
    rules: ["REPLACE-2"],
    async run({ store }) {
      await create(store, "doc", "a")
      for (const batch of [[], [entry("b")], [entry("b"), metaRecord()], entries(100)]) {
        const expected = { docId: "doc", outcome: "none" } as const
        await rejects(() => store.replace("doc", batch), "STORE_META_MISSING", expected)
        await rejects(() => store.replace("new", batch), "STORE_META_MISSING", { docId: "new" })
      }
      deepEqual(await labels(store, "doc"), [META, "a"])
      deepEqual(await collect(store.listDocIds()), ["doc"])
    },
  },
  {
    id: "replace-needs-an-array",
    title: "something else than an array of records rejects and the old stream stays",
    rules: ["REPLACE-2"],
    async run({ store }) {
      await create(store, "doc", "a")
      const sparse = [metaRecord(), entry("b"), entry("c")]
      delete sparse[1]
      const values: [string, unknown][] = [
        ["undefined", undefined],
        ["null", null],
        ["a string", "[]"],
        ["a number", 1],
        ["one record", metaRecord()],
        ["a Set", new Set([metaRecord()])],
        ["an iterator", [metaRecord()].values()],
        ["an array-like object", { length: 1, 0: metaRecord() }],
        ["a Promise of an array", Promise.resolve([metaRecord()])],
        ["an array with a hole", sparse],
        ["an array with null behind the meta", [metaRecord(), null]],
      ]
      await forEach(
        values,
        async value => void (await rejects(() => store.replace("doc", untyped(value)), "STORE_INVALID_RECORD")),
      )
      deepEqual(await labels(store, "doc"), [META, "a"])
    },
  },
  {
    id: "replace-takes-any-array",
    title: "frozen arrays and arrays of a subclass are batches",
    rules: ["REPLACE-2"],
    async run({ store }) {
      class Batch<T> extends Array<T> {}
      const records = [metaRecord(), entry("a")]
      await store.replace("frozen", untyped(Object.freeze([...records])))
      await store.replace("subclass", Batch.from(records))
      for (const doc of ["frozen", "subclass"]) deepEqual(await labels(store, doc), [META, "a"], doc)
    },
  },
  {
    id: "replace-then-append",
    title: "appends after a replace continue after its records, awaited or not, time and again",
    rules: ["REPLACE-4"],
    async run({ store }) {
      for (let round = 0; round < 10; round++) {
        const batch = [metaRecord(), entry(`${round} a`), entry(`${round} b`)]
        const replaced = store.replace("doc", batch)
        if (round % 2 === 0) await replaced
        await Promise.all([replaced, store.append("doc", entry("c")), store.append("doc", entry("d"))])
        await store.append("doc", entry("e"))
        deepEqual(await labels(store, "doc"), [META, `${round} a`, `${round} b`, "c", "d", "e"], `round ${round}`)
      }
    },
  },
  {
    id: "replace-unawaited-row",
    title: "of many replaces called in one tick the last one stands, with the appends after it",
    rules: ["ORDER-1"],
    async run({ store }) {
      const calls: Promise<void>[] = []
      for (let i = 0; i < 50; i++) {
        calls.push(store.replace("doc", [metaRecord(), entry(`r${i}`)]), store.append("doc", entry(`a${i}`)))
      }
      await Promise.all(calls)
      deepEqual(await labels(store, "doc"), [META, "r49", "a49"])
    },
  },
  {
    id: "replace-many-records",
    title: "replace takes 10,000 records at once",
    rules: ["REPLACE-1"],
    async run({ store }) {
      const batch = [metaRecord(), ...names("e", 10_000).map(text => entry(text))]
      await create(store, "doc", "a")
      await store.replace("doc", batch)
      deepEqual(await labels(store, "doc"), batch.map(label))
    },
  },
  {
    id: "replace-more-than-all-parameter-limits",
    title: "replace takes more records than a statement of any database has parameters",
    rules: ["REPLACE-1"],
    slow: true,
    async run({ store }) {
      const batch = [metaRecord(), ...names("e", 70_000).map(text => entry(text))]
      await store.replace("doc", batch)
      deepEqual(await labels(store, "doc"), batch.map(label))
      await store.replace("doc", [metaRecord()])
      deepEqual(await labels(store, "doc"), [META])
    },
  },
  {
    id: "replace-large",
    title: "replace takes a record of 50 MB, and several of megabytes, and gives the place back",
    rules: ["RECORD-5"],
    slow: true,
    async run({ store }) {
      const batches = [[50_000_000], [3_000_000, 0, 8_000_000, 1, 5_000_000], [10]]
      for (const sizes of batches) {
        await store.replace("doc", [metaRecord(), ...sizes.map(size => binaryEntry(new Uint8Array(size)))])
        deepEqual(await labels(store, "doc"), [META, ...sizes.map(size => `${size} bytes`)])
      }
    },
  },
]
