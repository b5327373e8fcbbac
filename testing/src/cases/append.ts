import { collect, deepEqual, equal } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, metaRecord } from "../fixtures.js"
import { create, label, labels, META, names } from "./support.js"

export const appendCases: readonly ConformanceCase[] = [
  {
    id: "append-creates",
    title: "a meta appended to an unknown id creates the document",
    rules: ["APPEND-2"],
    async run({ store }) {
      await store.append("doc", metaRecord())
      deepEqual(await labels(store, "doc"), [META])
      deepEqual(await store.currentMeta("doc"), metaRecord().meta)
    },
  },
  {
    id: "append-awaited-one-by-one",
    title: "records appended one after the other are loaded in that order",
    rules: ["APPEND-1"],
    async run({ store }) {
      await store.append("doc", metaRecord())
      const texts = names("e", 100)
      for (const text of texts) await store.append("doc", entry(text))
      deepEqual(await labels(store, "doc"), [META, ...texts])
    },
  },
  {
    id: "append-ten-thousand",
    title: "10,000 records of one document are loaded in the order of their appends, over several pages",
    rules: ["APPEND-1"],
    async run({ store }) {
      const texts = names("e", 10_000)
      await create(store, "doc", ...texts)
      deepEqual(await labels(store, "doc"), [META, ...texts])
    },
  },
  {
    id: "append-after-everything",
    title: "appends come last also after a replace and after the document was deleted and created again",
    rules: ["APPEND-1"],
    async run({ store }) {
      await create(store, "doc", ...names("old", 50))
      await store.replace("doc", [metaRecord({ schemaHash: "two" }), entry("a"), entry("b")])
      await store.append("doc", entry("c"))
      deepEqual(await labels(store, "doc"), ["meta two", "a", "b", "c"])
      await store.delete("doc")
      await create(store, "doc", "d")
      await store.append("doc", entry("e"))
      deepEqual(await labels(store, "doc"), [META, "d", "e"])
    },
  },
  {
    id: "append-keeps-duplicates",
    title: "a record that is appended again, in the same tick or later, is there again",
    rules: ["APPEND-1"],
    async run({ store }) {
      const same = entry("same")
      await create(store, "doc", "same", "same")
      await store.append("doc", same)
      await store.append("doc", same)
      deepEqual(await labels(store, "doc"), [META, "same", "same", "same", "same"])
    },
  },
  {
    id: "append-mixed-sizes",
    title: "small records and records of several pieces appended in one tick keep their order",
    rules: ["ORDER-1"],
    async run({ store }) {
      const sizes = [1, 2_500_000, 0, 1_000_000, 1_000_001, 5, 3_000_000, 4_200_000, 7]
      await create(store, "doc")
      await Promise.all(sizes.map(size => store.append("doc", binaryEntry(new Uint8Array(size)))))
      deepEqual(await labels(store, "doc"), [META, ...sizes.map(size => `${size} bytes`)])
    },
  },
  {
    id: "append-more-than-a-group",
    title: "un-awaited appends of more data than one commit takes keep their order, also between documents' turns",
    rules: ["ORDER-1"],
    async run({ store }) {
      const docs = ["a", "b"]
      const bytes = new Uint8Array(900_000)
      await Promise.all(docs.map(doc => create(store, doc)))
      const calls: Promise<void>[] = []
      for (let i = 0; i < 12; i++) {
        for (const doc of docs) calls.push(store.append(doc, binaryEntry(bytes, { version: `${doc} ${i}` })))
      }
      await Promise.all(calls)
      for (const doc of docs) {
        const records = (await collect(store.loadAll(doc))).slice(1)
        const versions = records.map(record => (record.kind === "entry" ? record.version : label(record)))
        deepEqual(
          versions,
          Array.from({ length: 12 }, (_, i) => `${doc} ${i}`),
          doc,
        )
      }
    },
  },
  {
    id: "append-touches-one-document",
    title: "appending to one document leaves the others as they were",
    rules: ["APPEND-1", "META-4"],
    async run({ store }) {
      await Promise.all([create(store, "a", "1"), create(store, "b", "2"), create(store, "c", "3")])
      await store.append("b", entry("4"))
      await store.append("b", metaRecord({ schemaHash: "two" }))
      deepEqual(await labels(store, "a"), [META, "1"])
      deepEqual(await labels(store, "b"), [META, "2", "4", "meta two"])
      deepEqual(await labels(store, "c"), [META, "3"])
      equal((await store.currentMeta("c"))?.schemaHash, "schema-1", "schema hash of c")
    },
  },
]
