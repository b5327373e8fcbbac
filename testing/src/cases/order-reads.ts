import { deepEqual, equal, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { create, iterate, labels, META, names, rest, started, upTo } from "./support.js"

const HANG = 20_000

export const orderReadCases: readonly ConformanceCase[] = [
  {
    id: "order-many-calls-in-one-tick",
    title: "tens of thousands of reads and writes called in one tick on one document are all answered, in order",
    rules: ["ORDER-1", "ORDER-2"],
    async run({ store }) {
      const created = store.append("doc", metaRecord())
      const found = Array.from({ length: 20_000 }, () => store.currentMeta("doc"))
      const written = store.append("doc", metaRecord({ schemaHash: "two" }))
      const after = Array.from({ length: 20_000 }, () => store.currentMeta("doc"))
      for (const one of await within(Promise.all(found), HANG, "reads")) equal(one?.schemaHash, "schema-1", "before")
      for (const one of await within(Promise.all(after), HANG, "reads")) equal(one?.schemaHash, "two", "after")
      await Promise.all([created, written])
    },
  },
  {
    id: "order-reads-see-earlier-writes",
    title: "currentMeta, loadAll and listDocIds called right after un-awaited writes see them",
    rules: ["ORDER-2"],
    async run({ store }) {
      await create(store, "gone", "a")
      const writes = [store.append("doc", metaRecord()), store.append("doc", entry("a")), store.delete("gone")]
      const reads = [
        store.currentMeta("doc"),
        labels(store, "doc"),
        store.currentMeta("gone"),
        labels(store, "gone"),
        rest(iterate(store.listDocIds())),
      ]
      deepEqual(await Promise.all(reads), [meta(), [META, "a"], null, [], ["doc"]])
      await Promise.all(writes)
    },
  },
  {
    id: "order-reads-ignore-later-writes",
    title: "a currentMeta or a started load does not see writes called after it in the same tick",
    rules: ["ORDER-2"],
    async run({ store }) {
      const later = [
        (doc: string) => store.append(doc, metaRecord({ schemaHash: "later" })),
        (doc: string) => store.replace(doc, [metaRecord({ schemaHash: "later" }), entry("later")]),
        (doc: string) => store.delete(doc),
      ]
      for (const [i, write] of later.entries()) {
        const doc = `doc ${i}`
        await create(store, doc, "a", "b")
        const found = store.currentMeta(doc)
        const load = labels(store, doc)
        const written = write(doc)
        deepEqual(await found, meta(), `metadata of ${doc}`)
        deepEqual(await load, [META, "a", "b"], `records of ${doc}`)
        await written
      }
    },
  },
  {
    id: "order-reads-of-unknown-ignore-creation",
    title: "reads of an unknown document do not see that it is created by a call made after them",
    rules: ["ORDER-2"],
    async run({ store }) {
      const found = store.currentMeta("doc")
      const load = labels(store, "doc")
      const created = create(store, "doc", "a")
      equal(await found, null, "currentMeta")
      deepEqual(await load, [])
      await created
    },
  },
  {
    id: "order-load-starts-at-first-next",
    title: "a load sees what was called before its first next(), not only before loadAll",
    rules: ["ORDER-2"],
    async run({ store }) {
      await create(store, "doc", "a")
      const iterable = store.loadAll("doc")
      const iterator = iterate(iterable)
      const written = store.append("doc", entry("b"))
      deepEqual(
        (await rest(iterator)).map(record => record.kind),
        ["meta", "entry", "entry"],
      )
      await written
    },
  },
  {
    id: "order-list-starts-at-first-next",
    title: "a listing sees what was called before its first next(), not only before listDocIds",
    rules: ["ORDER-2"],
    async run({ store }) {
      const iterator = iterate(store.listDocIds())
      const written = create(store, "doc")
      deepEqual(await rest(iterator), ["doc"])
      await written
    },
  },
  {
    id: "order-list-sees-all-commits",
    title: "a listing sees every write called before it, also where they take more than one commit",
    rules: ["ORDER-2"],
    async run({ store }) {
      const docs = names("doc", 5)
      const large = binaryEntry(new Uint8Array(5_000_000))
      const writes = docs.map(doc => store.replace(doc, [metaRecord(), large]))
      deepEqual(await rest(iterate(store.listDocIds())), docs)
      await Promise.all(writes)
    },
  },
  {
    id: "order-append-inside-load",
    title: "appending to the document inside the loop that loads it neither deadlocks nor goes on for ever",
    rules: ["ORDER-3", "LOAD-1"],
    async run({ store }) {
      await create(store, "doc", "a", "b", "c")
      const loop = async () => {
        for await (const record of upTo(100, store.loadAll("doc")))
          await store.append("doc", entry(`after ${record.kind}`))
      }
      await within(loop(), HANG, "a load with an append for each record")
      const after = ["after meta", "after entry", "after entry", "after entry"]
      deepEqual(await labels(store, "doc"), [META, "a", "b", "c", ...after])
    },
  },
  {
    id: "order-every-call-inside-load",
    title: "every method can be awaited on the same document inside the loop that loads it",
    rules: ["ORDER-3", "LOAD-2"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      const seen: string[] = []
      const loop = async () => {
        for await (const record of upTo(100, store.loadAll("doc"))) {
          seen.push(record.kind)
          await store.currentMeta("doc")
          await labels(store, "doc")
          await rest(iterate(store.listDocIds()))
          await store.delete("doc")
          await store.replace("doc", [metaRecord()])
        }
      }
      await within(loop(), HANG, "a load with every call inside")
      deepEqual(seen, ["meta", "entry", "entry"])
    },
  },
  {
    id: "order-unfinished-reads-hold-up-nobody",
    title: "an unfinished load and an unfinished listing make no other call wait, on the same document or others",
    rules: ["ORDER-3", "LOAD-6", "LIST-6"],
    async run({ store }) {
      await create(store, "doc", ...names("e", 3000))
      await create(store, "other", "a")
      await started(store.loadAll("doc"))
      await started(store.listDocIds())
      const calls = Promise.all([
        store.append("doc", entry("x")),
        store.append("other", entry("b")),
        store.currentMeta("doc"),
        labels(store, "other"),
        store.delete("doc"),
        store.replace("other", [metaRecord()]),
      ])
      await within(calls, HANG, "calls beside an unfinished load")
      deepEqual(await labels(store, "other"), [META])
    },
  },
]
