import { collect, deepEqual, equal } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { create, labels, META, names } from "./support.js"

export const deleteCases: readonly ConformanceCase[] = [
  {
    id: "delete-removes-everything",
    title: "after delete a document has no record and no metadata, and is not listed",
    rules: ["DELETE-1"],
    async run({ store }) {
      await create(store, "doc", ...names("e", 3000))
      await store.append("doc", metaRecord({ schemaHash: "two" }))
      await create(store, "other", "kept")
      await store.delete("doc")
      deepEqual(await labels(store, "doc"), [])
      equal(await store.currentMeta("doc"), null, "currentMeta")
      deepEqual(await collect(store.listDocIds()), ["other"])
      deepEqual(await collect(store.listDocIds("doc")), [])
      deepEqual(await labels(store, "other"), [META, "kept"])
    },
  },
  {
    id: "delete-unknown",
    title: "deleting a document that does not exist resolves, also twice and in one tick",
    rules: ["DELETE-2"],
    async run({ store }) {
      equal(await store.delete("doc"), undefined, "result")
      await create(store, "doc", "a")
      deepEqual(await Promise.all([1, 2, 3].map(() => store.delete("doc"))), [undefined, undefined, undefined])
      await store.delete("doc")
      deepEqual(await collect(store.listDocIds()), [])
    },
  },
  {
    id: "delete-and-create-shares-nothing",
    title: "a document created again under the same id has nothing of the old one, large records and identity included",
    rules: ["DELETE-3"],
    async run({ store }) {
      const large = binaryEntry(new Uint8Array(3_500_000).fill(1))
      await store.replace("doc", [metaRecord(), large, entry("a"), large, entry("b", { lineage: "l" })])
      await store.delete("doc")
      const fresh = meta({ replicaType: ["other", 9, 9], schemaHash: "fresh" })
      await store.append("doc", { kind: "meta", meta: fresh })
      deepEqual(await collect(store.loadAll("doc")), [{ kind: "meta", meta: fresh }])
      for (let i = 0; i < 6; i++) await store.append("doc", entry(`n${i}`))
      deepEqual(await labels(store, "doc"), ["meta fresh", "n0", "n1", "n2", "n3", "n4", "n5"])
      deepEqual(await store.currentMeta("doc"), fresh)
    },
  },
  {
    id: "delete-and-create-time-and-again",
    title: "a document can be deleted and created again many times, awaited or not",
    rules: ["DELETE-3"],
    async run({ store }) {
      const calls: Promise<unknown>[] = []
      for (let i = 0; i < 60; i++) {
        calls.push(create(store, "doc", `${i} a`, `${i} b`))
        if (i % 7 === 0) deepEqual(await labels(store, "doc"), [META, `${i} a`, `${i} b`], `round ${i}`)
        calls.push(store.delete("doc"))
      }
      calls.push(create(store, "doc", "last"))
      await Promise.all(calls)
      deepEqual(await labels(store, "doc"), [META, "last"])
    },
  },
  {
    id: "delete-many",
    title: "deleting every other document leaves the rest as it was",
    rules: ["DELETE-1"],
    async run({ store }) {
      const docs = names("doc", 100)
      await Promise.all(docs.map(doc => create(store, doc, `of ${doc}`)))
      await Promise.all(docs.filter((_, i) => i % 2 === 0).map(doc => store.delete(doc)))
      const left = docs.filter((_, i) => i % 2 === 1)
      deepEqual(await collect(store.listDocIds()), left)
      for (const doc of left) deepEqual(await labels(store, doc), [META, `of ${doc}`], doc)
    },
  },
  {
    id: "delete-survives-reopen",
    title: "a deleted document is gone after the store was reopened, and can be created again",
    rules: ["DELETE-1"],
    requires: ["durable", "reopen"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await store.delete("doc")
      await store.close()
      const again = await parts.reopen()
      deepEqual(await labels(again, "doc"), [])
      deepEqual(await collect(again.listDocIds()), [])
      await create(again, "doc", "b")
      deepEqual(await labels(again, "doc"), [META, "b"])
    },
  },
]
