import { deepEqual, equal, ok, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import { create, iterate, labels, META, names, outcomes, rest, started } from "./support.js"

const HANG = 20_000

export const orderCases: readonly ConformanceCase[] = [
  {
    id: "order-unawaited-appends",
    title: "100 appends on one document that nobody awaits are stored in call order",
    rules: ["ORDER-1", "APPEND-1"],
    async run({ store }) {
      const texts = names("e", 100)
      await create(store, "doc", ...texts)
      deepEqual(await labels(store, "doc"), [META, ...texts])
    },
  },
  {
    id: "order-interleaved-documents",
    title: "un-awaited appends interleaved over 100 documents are stored in call order in each",
    rules: ["ORDER-1"],
    async run({ store }) {
      const docs = names("doc", 100)
      const calls = docs.map(doc => store.append(doc, metaRecord()))
      for (let i = 0; i < 10; i++) for (const doc of docs) calls.push(store.append(doc, entry(`${doc} ${i}`)))
      await Promise.all(calls)
      for (const doc of docs) {
        const expected = Array.from({ length: 10 }, (_, i) => `${doc} ${i}`)
        deepEqual(await labels(store, doc), [META, ...expected], doc)
      }
    },
  },
  {
    id: "order-append-then-delete",
    title: "after an append and a delete called in one tick the document does not exist",
    rules: ["ORDER-1", "DELETE-1"],
    async run({ store }) {
      await create(store, "old", "a")
      await Promise.all([
        store.append("old", entry("b")),
        store.delete("old"),
        store.append("new", metaRecord()),
        store.append("new", entry("a")),
        store.delete("new"),
      ])
      for (const doc of ["old", "new"]) {
        deepEqual(await labels(store, doc), [], doc)
        equal(await store.currentMeta(doc), null, `currentMeta of ${doc}`)
      }
    },
  },
  {
    id: "order-delete-then-append",
    title: "after a delete and an append of a meta called in one tick only the new meta is there",
    rules: ["ORDER-1", "DELETE-3"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      await Promise.all([store.delete("doc"), store.append("doc", metaRecord({ schemaHash: "new" }))])
      deepEqual(await labels(store, "doc"), ["meta new"])
    },
  },
  {
    id: "order-delete-then-entry",
    title: "an entry called right after a delete rejects, whether or not the delete was awaited",
    rules: ["ORDER-1", "META-1"],
    async run({ store }) {
      await create(store, "doc", "a")
      deepEqual(await outcomes([store.delete("doc"), store.append("doc", entry("b"))]), ["ok", "STORE_META_MISSING"])
      deepEqual(await labels(store, "doc"), [])
    },
  },
  {
    id: "order-replace-then-append",
    title: "an append called right after a replace comes behind the replaced records, one called before is gone",
    rules: ["ORDER-1", "REPLACE-4"],
    async run({ store }) {
      await create(store, "doc", "a")
      await Promise.all([
        store.append("doc", entry("b")),
        store.replace("doc", [metaRecord({ schemaHash: "two" }), entry("c")]),
        store.append("doc", entry("d")),
      ])
      deepEqual(await labels(store, "doc"), ["meta two", "c", "d"])
    },
  },
  {
    id: "order-one-long-chain",
    title: "writes of every kind and reads between them, all called in one tick, take effect one after the other",
    rules: ["ORDER-1", "ORDER-2"],
    async run({ store }) {
      const hash = async () => (await store.currentMeta("doc"))?.schemaHash ?? null
      const seen = await Promise.all([
        hash(),
        store.append("doc", metaRecord({ schemaHash: "one" })),
        hash(),
        labels(store, "doc"),
        store.append("doc", entry("a")),
        store.append("doc", metaRecord({ schemaHash: "two" })),
        hash(),
        store.replace("doc", [metaRecord({ schemaHash: "three" }), entry("b")]),
        labels(store, "doc"),
        hash(),
        store.delete("doc"),
        labels(store, "doc"),
        hash(),
        store.append("doc", metaRecord({ schemaHash: "four" })),
        hash(),
        store.append("doc", entry("c")),
        labels(store, "doc"),
      ])
      deepEqual(
        seen.filter(value => value !== undefined),
        [...[null, "one", ["meta one"], "two", ["meta three", "b"], "three", [], null, "four"], ["meta four", "c"]],
      )
    },
  },
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
    rules: ["ORDER-2", "LOAD-1"],
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
    rules: ["ORDER-2", "LOAD-1", "META-5"],
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
    rules: ["ORDER-2", "LOAD-1"],
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
    id: "order-append-inside-load",
    title: "appending to the document inside the loop that loads it neither deadlocks nor goes on for ever",
    rules: ["ORDER-3", "LOAD-1", "LOAD-2"],
    async run({ store }) {
      await create(store, "doc", "a", "b", "c")
      const loop = async () => {
        for await (const record of store.loadAll("doc")) await store.append("doc", entry(`after ${record.kind}`))
      }
      await within(loop(), HANG, "a load with an append for each record")
      const after = ["after meta", "after entry", "after entry", "after entry"]
      deepEqual(await labels(store, "doc"), [META, "a", "b", "c", ...after])
    },
  },
  {
    id: "order-every-call-inside-load",
    title: "every method can be awaited on the same document inside the loop that loads it",
    rules: ["ORDER-3", "LOAD-2", "LOAD-6"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      const seen: string[] = []
      const loop = async () => {
        for await (const record of store.loadAll("doc")) {
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
  {
    id: "order-failures-stand-alone",
    title: "appends that reject, for whatever reason, do not disturb the calls before and after them",
    rules: ["ORDER-4", "WRITE-4"],
    async run({ store }) {
      const other = metaRecord({ replicaType: ["other", 1, 0] })
      const calls = [
        store.append("doc", entry("too early")),
        store.append("doc", metaRecord()),
        store.append("doc", entry("a")),
        store.append("doc", other),
        store.append("other", entry("no meta")),
        store.append("doc", entry("\0")),
        store.append("", metaRecord()),
        store.replace("doc", []),
        store.append("doc", entry("b")),
        store.replace("doc", [other]),
        store.append("third", metaRecord()),
        store.append("doc", entry("c")),
      ]
      deepEqual(await outcomes(calls), [
        ...["STORE_META_MISSING", "ok", "ok", "STORE_META_MISMATCH", "STORE_META_MISSING", "STORE_INVALID_RECORD"],
        ...["STORE_INVALID_DOC_ID", "STORE_META_MISSING", "ok", "STORE_META_MISMATCH", "ok", "ok"],
      ])
      deepEqual(await labels(store, "doc"), [META, "a", "b", "c"])
      deepEqual(await rest(iterate(store.listDocIds())), ["doc", "third"])
    },
  },
  {
    id: "order-group-commit",
    title: "1,000 un-awaited appends to 100 documents take few commits, and one that rejects does so alone",
    rules: ["ORDER-6", "ORDER-4"],
    requires: ["commits"],
    async run({ store, parts }) {
      const docs = names("doc", 100)
      await Promise.all(docs.map(doc => store.append(doc, metaRecord())))
      const before = parts.commits()
      const calls: Promise<void>[] = []
      for (let i = 0; i < 10; i++) {
        for (const doc of docs) calls.push(store.append(doc, entry(`e${i}`)))
        if (i === 5) calls.push(store.append("unknown", entry("no meta")))
      }
      const codes = await outcomes(calls)
      const made = parts.commits() - before
      ok(made >= 1 && made <= 10, `1 to 10 commits for 1,000 appends, not ${made}`)
      equal(codes.indexOf("STORE_META_MISSING"), 600, "index of the append that rejects")
      equal(codes.filter(code => code === "ok").length, 1000, "appends that resolved")
      const expected = [META, ...Array.from({ length: 10 }, (_, i) => `e${i}`)]
      for (const doc of docs) deepEqual(await labels(store, doc), expected, doc)
    },
  },
  {
    id: "order-group-commit-of-every-kind",
    title: "appends, replaces and deletes called in one tick share commits and take effect in call order",
    rules: ["ORDER-6", "ORDER-1"],
    requires: ["commits"],
    async run({ store, parts }) {
      const docs = names("doc", 60)
      await Promise.all(docs.map(doc => create(store, doc, "a")))
      const before = parts.commits()
      const calls = docs.flatMap((doc, i) => [
        store.append(doc, entry("b")),
        ...(i % 3 === 0 ? [store.delete(doc)] : i % 3 === 1 ? [store.replace(doc, [metaRecord()])] : []),
      ])
      await Promise.all(calls)
      const made = parts.commits() - before
      ok(made >= 1 && made <= 10, `1 to 10 commits for 100 writes, not ${made}`)
      for (const [i, doc] of docs.entries()) {
        deepEqual(await labels(store, doc), [[], [META], [META, "a", "b"]][i % 3], doc)
      }
    },
  },
  {
    id: "order-writes-during-a-commit",
    title: "writes called while others are under way keep their order and have outcomes of their own",
    rules: ["ORDER-1", "ORDER-6"],
    async run({ store }) {
      await create(store, "doc")
      const calls: Promise<void>[] = []
      for (let i = 0; i < 50; i++) {
        calls.push(store.append("doc", entry(`e${i}`)))
        if (i % 3 === 0) await Promise.resolve()
        if (i % 10 === 0) await new Promise(resolve => setTimeout(resolve, 1))
      }
      await Promise.all(calls)
      deepEqual(await labels(store, "doc"), [META, ...Array.from({ length: 50 }, (_, i) => `e${i}`)])
    },
  },
]
