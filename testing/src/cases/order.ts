import { deepEqual, equal, ok } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, metaRecord } from "../fixtures.js"
import { create, iterate, labels, META, names, outcomes, rest } from "./support.js"

export const orderCases: readonly ConformanceCase[] = [
  {
    id: "order-unawaited-appends",
    title: "100 appends on one document that nobody awaits are stored in call order",
    rules: ["ORDER-1"],
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
    rules: ["ORDER-1"],
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
    rules: ["ORDER-1"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      await Promise.all([store.delete("doc"), store.append("doc", metaRecord({ schemaHash: "new" }))])
      deepEqual(await labels(store, "doc"), ["meta new"])
    },
  },
  {
    id: "order-delete-then-entry",
    title: "an entry called right after a delete rejects, whether or not the delete was awaited",
    rules: ["ORDER-1"],
    async run({ store }) {
      await create(store, "doc", "a")
      deepEqual(await outcomes([store.delete("doc"), store.append("doc", entry("b"))]), ["ok", "STORE_META_MISSING"])
      deepEqual(await labels(store, "doc"), [])
    },
  },
  {
    id: "order-replace-then-append",
    title: "an append called right after a replace comes behind the replaced records, one called before is gone",
    rules: ["ORDER-1"],
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
    id: "order-failures-stand-alone",
    title: "appends that reject, for whatever reason, do not disturb the calls before and after them",
    rules: ["ORDER-4"],
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
    rules: ["ORDER-6"],
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
    rules: ["ORDER-1"],
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
