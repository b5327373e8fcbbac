import type { Store } from "@holdfast/store-core"
import { deepEqual, equal, ok } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import { create, label, labels, META, names, outcomes, untyped } from "./support.js"

/** What a write may say when another store wrote the same document: then nothing was stored. */
const COLLISIONS: readonly string[] = ["STORE_CONFLICT", "STORE_BUSY"]

/** Appends that nobody awaits; returns the texts that were acknowledged. Anything but a collision fails. */
async function appendAll(store: Store, docId: string, texts: readonly string[]): Promise<string[]> {
  const codes = await outcomes(texts.map(text => store.append(docId, entry(text))))
  for (const code of codes) ok(code === "ok" || COLLISIONS.includes(code), `${code} is ok or a collision`)
  return texts.filter((_, i) => codes[i] === "ok")
}

export const sharingRaceCases: readonly ConformanceCase[] = [
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
    id: "share-interleaved-groups",
    title: "two stores that append to a shared document and to one of their own at once store each record once",
    rules: ["SHARE-2"],
    requires: ["second", "multiWriter"],
    async run({ store, parts }) {
      const stores = [store, await parts.second()]
      const docs = ["own 0", "own 1", "shared"]
      await Promise.all(docs.map(doc => create(store, doc)))
      const write = async (writer: Store, own: string) => {
        const done: string[] = []
        for (const text of names(own, 60)) {
          const acknowledged = await Promise.all([own, "shared"].map(doc => appendAll(writer, doc, [text])))
          done.push(...acknowledged.flatMap((texts, i) => texts.map(one => `${one} ${i}`)))
        }
        return done
      }
      const done = await Promise.all(stores.map((writer, i) => write(writer, docs[i] ?? "")))
      for (const [i, of] of done.entries()) {
        const acknowledged = (place: number) =>
          of.filter(text => text.endsWith(` ${place}`)).map(text => text.slice(0, -2))
        deepEqual((await labels(store, docs[i] ?? "")).slice(1), acknowledged(0), docs[i])
        const shared = (await labels(store, "shared")).filter(text => text.startsWith(docs[i] ?? ""))
        deepEqual(shared, acknowledged(1), `the shared document, ${docs[i]}`)
      }
    },
  },
  {
    id: "share-creation-race",
    title: "two stores that create the same document at once make one document with the records of both",
    rules: ["SHARE-2"],
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
    rules: ["SHARE-2"],
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
    rules: ["SHARE-3"],
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
    id: "share-replace-races-append",
    title: "an append that races the other store's replace is wholly before or behind it",
    rules: ["SHARE-2"],
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
    rules: ["SHARE-2"],
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
    id: "share-replace-is-one-step",
    title:
      "who reads a document beside another store's replaces finds one generation each time, never none or a mixture",
    rules: ["REPLACE-1"],
    requires: ["second"],
    async run({ store, parts }) {
      const second = await parts.second()
      const generation = (i: number) => [
        metaRecord({ schemaHash: `${i}` }),
        ...names(`${i} `, 5).map(text => entry(text)),
      ]
      await store.replace("doc", generation(0))
      let over = false
      const write = async () => {
        for (let i = 1; i <= 20; i++) await store.replace("doc", generation(i))
      }
      const written = write().finally(() => {
        over = true
      })
      // It is awaited at the end; a reader that fails before must not leave it unhandled.
      written.catch(() => {})
      do {
        const seen = await labels(second, "doc")
        deepEqual(seen, generation(Number(seen[1]?.split(" ")[0])).map(label), "what the other store loads")
        await Promise.resolve()
      } while (!over)
      await written
    },
  },
]
