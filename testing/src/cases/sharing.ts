import type { Store, StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { create, label, labels, META, names, outcomes, rest, started, untyped } from "./support.js"

/** What a write may say when another store wrote the same document: then nothing was stored. */
const COLLISIONS: readonly string[] = ["STORE_CONFLICT", "STORE_BUSY"]

/** The labels a load still yields; the load must be the whole `expected` or end in `STORE_LOAD_SUPERSEDED`. */
async function checkWholeOrSuperseded(
  iterator: AsyncIterator<StoreRecord>,
  expected: readonly string[],
): Promise<void> {
  const seen: string[] = []
  const go = async () => {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
      seen.push(label(step.value))
    return true
  }
  const whole = await go().catch(async (error: unknown) => {
    await rejects(Promise.reject(error), "STORE_LOAD_SUPERSEDED", { retryable: true })
    return false
  })
  deepEqual(seen, whole ? expected : expected.slice(0, seen.length), whole ? "the whole load" : "the part of the load")
}

/** Appends that nobody awaits; returns the texts that were acknowledged. Anything but a collision fails. */
async function appendAll(store: Store, docId: string, texts: readonly string[]): Promise<string[]> {
  const codes = await outcomes(texts.map(text => store.append(docId, entry(text))))
  for (const code of codes) ok(code === "ok" || COLLISIONS.includes(code), `${code} is ok or a collision`)
  return texts.filter((_, i) => codes[i] === "ok")
}

export const sharingCases: readonly ConformanceCase[] = [
  {
    id: "share-see-each-other",
    title: "what one store acknowledged, another one on the same data sees",
    rules: ["SHARE-1", "WRITE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", "a")
      deepEqual(await labels(second, "doc"), [META, "a"])
      deepEqual(await second.currentMeta("doc"), meta())
      await second.append("doc", entry("b"))
      await second.append("doc", metaRecord({ schemaHash: "two" }))
      await second.replace("other", [metaRecord(), entry("c")])
      deepEqual(await labels(store, "doc"), [META, "a", "b", "meta two"])
      equal((await store.currentMeta("doc"))?.schemaHash, "two", "schema hash")
      deepEqual(await collect(store.listDocIds()), ["doc", "other"])
      await store.delete("other")
      deepEqual(await collect(second.listDocIds()), ["doc"])
      equal(await second.currentMeta("other"), null, "currentMeta of what the other deleted")
    },
  },
  {
    id: "share-taking-turns",
    title: "two stores that append to one document in turns keep the order, whatever each remembers of it",
    rules: ["SHARE-1", "APPEND-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const stores = [store, await parts.second()]
      await create(store, "doc")
      const texts = names("e", 40)
      for (const [i, text] of texts.entries()) await stores[i % 3 === 0 ? 0 : 1]?.append("doc", entry(text))
      deepEqual(await labels(store, "doc"), [META, ...texts])
    },
  },
  {
    id: "share-interleaved-appends",
    title: "two stores that append to one document at once lose nothing, and each one's order is kept",
    rules: ["SHARE-2"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc")
      const mine = names("mine", 150)
      const theirs = names("theirs", 150)
      const acknowledged = await Promise.all([appendAll(store, "doc", mine), appendAll(second, "doc", theirs)])
      const stored = await labels(store, "doc")
      deepEqual(await labels(second, "doc"), stored, "what both load")
      equal(stored[0], META, "the first record")
      deepEqual(
        ["mine", "theirs"].map(stem => stored.filter(text => text.startsWith(stem))),
        acknowledged,
      )
      equal(stored.length, 1 + acknowledged.flat().length, "number of records")
    },
  },
  {
    id: "share-interleaved-one-by-one",
    title: "two stores that await each append to documents they share lose nothing and reorder nothing",
    rules: ["SHARE-2"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      const docs = ["a", "b"]
      await Promise.all(docs.map(doc => create(store, doc)))
      const write = async (writer: Store, stem: string) => {
        const done: string[] = []
        for (const text of names(stem, 40))
          for (const doc of docs) done.push(...(await appendAll(writer, doc, [`${text} ${doc}`])))
        return done
      }
      const [mine, theirs] = await Promise.all([write(store, "mine"), write(second, "theirs")])
      for (const doc of docs) {
        const stored = await labels(second, doc)
        const of = (texts: readonly string[]) => texts.filter(text => text.endsWith(` ${doc}`))
        deepEqual(
          stored.filter(text => text.startsWith("mine")),
          of(mine),
          `mine in ${doc}`,
        )
        deepEqual(
          stored.filter(text => text.startsWith("theirs")),
          of(theirs),
          `theirs in ${doc}`,
        )
      }
    },
  },
  {
    id: "share-creation-race",
    title: "two stores that create the same document at once make one document with the records of both",
    rules: ["SHARE-2", "APPEND-2"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      for (const doc of names("doc", 20)) {
        const codes = await outcomes([
          store.append(doc, metaRecord({ schemaHash: "one" })),
          second.append(doc, metaRecord({ schemaHash: "two" })),
        ])
        for (const code of codes) ok(code === "ok" || COLLISIONS.includes(code), `${code} is ok or a collision`)
        const expected = ["meta one", "meta two"].filter((_, i) => codes[i] === "ok")
        const stored = await labels(store, doc)
        deepEqual(stored.toSorted(), expected, doc)
        equal(`meta ${(await second.currentMeta(doc))?.schemaHash}`, stored.at(-1), "metadata and the last meta")
      }
    },
  },
  {
    id: "share-creation-race-of-two-identities",
    title: "of two stores that create the same document with different identities at once at most one succeeds",
    rules: ["SHARE-2", "META-3"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      const types = [meta().replicaType, ["other", 1, 0]] as const
      for (const doc of names("doc", 20)) {
        const codes = await outcomes(
          [store, second].map((writer, i) => writer.append(doc, metaRecord({ replicaType: untyped(types[i]) }))),
        )
        ok(codes.filter(code => code === "ok").length <= 1, `not both stored: ${codes}`)
        for (const code of codes) ok(["ok", "STORE_META_MISMATCH", ...COLLISIONS].includes(code), `${code} is expected`)
        const winner = codes.indexOf("ok")
        deepEqual((await store.currentMeta(doc))?.replicaType, winner === -1 ? undefined : types[winner], doc)
        equal((await labels(second, doc)).length, winner === -1 ? 0 : 1, "number of records")
      }
    },
  },
  {
    id: "share-append-races-delete",
    title: "an append that races the other store's delete precedes it or rejects, and leaves nothing behind",
    rules: ["SHARE-3", "DELETE-1"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      for (const [i, doc] of names("doc", 40).entries()) {
        await create(store, doc, "a")
        const calls = [
          () => store.append(doc, entry("x")),
          () => second.delete(doc),
          () => store.append(doc, entry("y")),
        ]
        if (i % 2 === 1) calls.reverse()
        const codes = await outcomes(calls.map(call => call()))
        for (const code of codes) ok(["ok", "STORE_META_MISSING", ...COLLISIONS].includes(code), `${code} is expected`)
        if (codes[1] !== "ok") await second.delete(doc)
        deepEqual(await labels(second, doc), [], `${doc} after its delete`)
        equal(await store.currentMeta(doc), null, "currentMeta")
        await create(second, doc, "b")
        deepEqual(await labels(store, doc), [META, "b"], `${doc}, created again`)
      }
    },
  },
  {
    id: "share-stale-after-delete",
    title: "a store that appended to a document cannot append to it after the other store deleted it",
    rules: ["SHARE-3", "DELETE-3"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", ...names("e", 30))
      await second.delete("doc")
      await rejects(store.append("doc", entry("x")), "STORE_META_MISSING", { docId: "doc", outcome: "none" })
      deepEqual(await labels(store, "doc"), [])
      deepEqual(await collect(second.listDocIds()), [])
      await create(store, "doc", "b")
      deepEqual(await labels(second, "doc"), [META, "b"])
    },
  },
  {
    id: "share-stale-after-recreation",
    title: "a store that knew the old document appends behind the records of the new one",
    rules: ["DELETE-3", "SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      for (const old of [0, 1, 2, 3, 10, 50]) {
        const doc = `doc ${old}`
        await create(store, doc, ...names("old", old))
        await second.delete(doc)
        await create(second, doc, "n1", "n2")
        await store.append(doc, entry("n3"))
        await second.append(doc, entry("n4"))
        deepEqual(await labels(store, doc), [META, "n1", "n2", "n3", "n4"], doc)
        deepEqual(await labels(second, doc), [META, "n1", "n2", "n3", "n4"], doc)
      }
    },
  },
  {
    id: "share-stale-after-replace",
    title: "a store that knew the old stream appends behind the records of the other store's replace",
    rules: ["REPLACE-4", "SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", ...names("old", 20))
      for (const count of [1, 0, 50, 3]) {
        const texts = names("new", count)
        await second.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
        await store.append("doc", entry("x"))
        deepEqual(await labels(second, "doc"), [META, ...texts, "x"], `after a replace by ${count}`)
      }
    },
  },
  {
    id: "share-stale-identity",
    title: "a store that knew the old identity is held to the one the other store gave the document",
    rules: ["META-3", "DELETE-3", "SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const other = metaRecord({ replicaType: ["other", 2, 0] })
      await create(store, "doc", "a")
      await second.delete("doc")
      await second.append("doc", other)
      await rejects(store.append("doc", metaRecord()), "STORE_META_MISMATCH", { messageIncludes: "replicaType" })
      await store.append("doc", other)
      deepEqual(await store.currentMeta("doc"), other.meta)
      deepEqual(await collect(store.loadAll("doc")), [other, other])
    },
  },
  {
    id: "share-load-under-append",
    title: "an open load does not yield what another store appends",
    rules: ["LOAD-1", "LOAD-2", "SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const texts = names("e", 5000)
      await store.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
      const load = await started(store.loadAll("doc"))
      await second.append("doc", entry("x"))
      deepEqual((await rest(load)).map(label), texts)
      deepEqual(await labels(store, "doc"), [META, ...texts, "x"])
    },
  },
  {
    id: "share-load-overtaken",
    title: "a load overtaken by another store's replace or delete is whole or says that it was superseded",
    rules: ["LOAD-3", "LOAD-5", "DELETE-3"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const texts = names("e", 10_000)
      const overtakings: (readonly [string, () => Promise<unknown>])[] = [
        ["replace", () => second.replace("doc", [metaRecord(), entry("new")])],
        ["longer replace", () => second.replace("doc", [metaRecord(), ...names("n", 12_000).map(text => entry(text))])],
        ["delete", () => second.delete("doc")],
        ["delete and create", () => Promise.all([second.delete("doc"), create(second, "doc", ...names("n", 3000))])],
        ["large records", () => second.replace("doc", [metaRecord(), binaryEntry(new Uint8Array(3_000_000))])],
      ]
      for (const [what, overtake] of overtakings) {
        for (const steps of [1, 2000, 5000]) {
          await store.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
          const load = await started(store.loadAll("doc"))
          for (let i = 1; i < steps; i++) await load.next()
          await overtake()
          const after = await labels(second, "doc")
          await checkWholeOrSuperseded(load, texts.slice(steps - 1)).catch((error: Error) => {
            throw new Error(`${what} after ${steps} steps: ${error.message}`, { cause: error })
          })
          deepEqual(await labels(store, "doc"), after, `after the ${what}`)
        }
      }
    },
  },
  {
    id: "share-load-overtaken-sets-guard",
    title: "a load overtaken from outside sets the guard if it failed, until a load has completed",
    rules: ["GUARD-1", "GUARD-2", "LOAD-5"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await store.replace("doc", [metaRecord(), ...names("e", 10_000).map(text => entry(text))])
      const load = await started(store.loadAll("doc"))
      await second.replace("doc", [metaRecord(), entry("new")])
      const [code] = await outcomes([rest(load)])
      if (code === "ok") await store.append("doc", entry("x"))
      else {
        equal(code, "STORE_LOAD_SUPERSEDED", "what became of the load")
        await rejects(store.append("doc", entry("x")), "STORE_LOAD_FAILED", { docId: "doc" })
        deepEqual(await labels(store, "doc"), [META, "new"])
        await store.append("doc", entry("x"))
      }
      deepEqual(await labels(second, "doc"), [META, "new", "x"])
    },
  },
  {
    id: "share-replace-races-append",
    title: "an append that races the other store's replace is wholly before or behind it",
    rules: ["SHARE-2", "REPLACE-1"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const second = await parts.second()
      for (const [i, doc] of names("doc", 30).entries()) {
        await create(store, doc, "old")
        const calls = [
          () => store.append(doc, entry("x")),
          () => second.replace(doc, [metaRecord({ schemaHash: "new" }), entry("a"), entry("b")]),
        ]
        const codes = await outcomes(i % 2 === 0 ? calls.map(call => call()) : calls.toReversed().map(call => call()))
        for (const code of codes) ok(code === "ok" || COLLISIONS.includes(code), `${code} is ok or a collision`)
        const replaced = codes[i % 2 === 0 ? 1 : 0] === "ok"
        const appended = codes[i % 2 === 0 ? 0 : 1] === "ok"
        const stream = replaced ? ["meta new", "a", "b"] : [META, "old"]
        const stored = await labels(second, doc)
        const behind = stored.at(-1) === "x"
        ok(!behind || appended, "only an acknowledged append is stored")
        ok(behind || !appended || replaced, "an acknowledged append is stored, or was before the replace")
        deepEqual(stored, behind ? [...stream, "x"] : stream, doc)
      }
    },
  },
  {
    id: "share-replaces-race",
    title: "two stores that replace one document at once leave one of the two streams",
    rules: ["SHARE-2", "REPLACE-1", "META-4"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const stores = [store, await parts.second()]
      for (let round = 0; round < 20; round++) {
        const batches = stores.map((_, i) => [
          metaRecord({ schemaHash: `${round} of ${i}` }),
          ...names(`${i} `, 20 * (i + 1)).map(text => entry(text)),
        ])
        const codes = await outcomes(stores.map((writer, i) => writer.replace("doc", untyped(batches[i]))))
        for (const code of codes) ok(code === "ok" || COLLISIONS.includes(code), `${code} is ok or a collision`)
        ok(codes.includes("ok"), "one of two at least succeeds")
        const stored = await labels(store, "doc")
        const winner = stored[0] === `meta ${round} of 0` ? 0 : 1
        deepEqual(stored, batches[winner]?.map(label), `round ${round}`)
        equal((await stores[1]?.currentMeta("doc"))?.schemaHash, `${round} of ${winner}`, "schema hash")
      }
    },
  },
  {
    id: "share-listing-during-changes",
    title: "a listing yields ids that exist throughout exactly once while another store creates and deletes",
    rules: ["LIST-4", "SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const ids = names("doc", 3000)
      await Promise.all(ids.map(id => store.append(id, metaRecord())))
      const changed = new Set<string>()
      const seen: string[] = []
      for await (const id of store.listDocIds()) {
        if (seen.push(id) % 300 !== 0) continue
        const gone = ids[(seen.length + 700) % 3000] ?? ""
        changed.add(gone).add(`${id}+`).add(`${gone}+`)
        await Promise.all([second.delete(gone), create(second, `${id}+`), create(second, `${gone}+`)])
      }
      equal(new Set(seen).size, seen.length, "number of different ids")
      deepEqual(
        seen.filter(id => !changed.has(id)),
        ids.filter(id => !changed.has(id)),
      )
    },
  },
  {
    id: "share-more-than-two",
    title: "four stores on the same data see all that each of them wrote",
    rules: ["SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const others = [await parts.second(), await parts.second(), await parts.second()]
      await create(store, "doc", "a")
      for (const [i, other] of others.entries()) await other.append("doc", entry(`of ${i}`))
      await store.append("doc", entry("b"))
      for (const other of others) deepEqual(await labels(other, "doc"), [META, "a", "of 0", "of 1", "of 2", "b"])
    },
  },
  {
    id: "share-isolated",
    title: "stores under different names in one database see nothing of each other, though their ids are the same",
    rules: ["SHARE-1"],
    requires: ["isolated"],
    async run({ store, parts }) {
      const isolated = await parts.isolated()
      await create(store, "doc", "mine")
      deepEqual(await collect(isolated.listDocIds()), [])
      equal(await isolated.currentMeta("doc"), null, "currentMeta")
      await rejects(isolated.append("doc", entry("x")), "STORE_META_MISSING", { docId: "doc" })
      await isolated.append("doc", metaRecord({ replicaType: ["other", 5, 0], schemaHash: "theirs" }))
      await Promise.all([create(isolated, "more", "x"), store.append("doc", entry("mine too"))])
      deepEqual(await labels(store, "doc"), [META, "mine", "mine too"])
      deepEqual(await labels(isolated, "doc"), ["meta theirs"])
      deepEqual(await collect(store.listDocIds()), ["doc"])
      deepEqual(await collect(isolated.listDocIds()), ["doc", "more"])
      await isolated.replace("doc", [metaRecord({ replicaType: ["other", 5, 0] })])
      deepEqual(await labels(store, "doc"), [META, "mine", "mine too"])
      await store.delete("doc")
      deepEqual(await labels(isolated, "doc"), [META])
      await isolated.delete("more")
      deepEqual(await collect(isolated.listDocIds()), ["doc"])
      deepEqual(await collect(store.listDocIds()), [])
    },
  },
]
