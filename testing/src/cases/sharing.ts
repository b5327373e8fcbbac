import type { StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, entry, meta, metaRecord } from "../fixtures.js"
import { create, label, labels, META, names, outcomes, rest, started, upTo } from "./support.js"

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

export const sharingCases: readonly ConformanceCase[] = [
  {
    id: "share-see-each-other",
    title: "what one store acknowledged, another one on the same data sees",
    rules: ["SHARE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", "a")
      deepEqual(await labels(second, "doc"), [META, "a"])
      deepEqual(await store.currentMeta("doc"), meta())
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
    rules: ["SHARE-1"],
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
    id: "share-stale-after-delete",
    title: "a store that appended to a document cannot append to it after the other store deleted it",
    rules: ["SHARE-3"],
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
    rules: ["DELETE-3"],
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
    rules: ["REPLACE-4"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", ...names("old", 20))
      const check = async (count: number, replaces: number) => {
        const texts = names("new", count)
        for (let i = 0; i < replaces; i++)
          await second.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
        await store.append("doc", entry("x"))
        deepEqual(await labels(second, "doc"), [META, ...texts, "x"], `after ${replaces} replaces by ${count}`)
      }
      for (const count of [1, 0, 50, 3]) await check(count, 1)
      // By now what comes behind the last record the store knew may be free again.
      for (const replaces of [2, 3, 5]) for (const count of [0, 1, 3]) await check(count, replaces)
    },
  },
  {
    id: "share-stale-identity",
    title: "a store that knew the old identity is held to the one the other store gave the document",
    rules: ["META-3"],
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
    rules: ["LOAD-1"],
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
    rules: ["LOAD-5"],
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
    rules: ["GUARD-1"],
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
    id: "share-listing-during-changes",
    title: "a listing yields ids that exist throughout exactly once while another store creates and deletes",
    rules: ["LIST-4"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const ids = names("doc", 3000)
      await Promise.all(ids.map(id => store.append(id, metaRecord())))
      const changed = new Set<string>()
      const seen: string[] = []
      for await (const id of upTo(10_000, store.listDocIds())) {
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
