import type { Store, StoreMeta } from "@holdfast/store-core"
import { collect, deepEqual, equal, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import { create, forEach, iterate, labels, META, outcomes, rest, untyped } from "./support.js"

/** META-4, seen from outside. */
async function agree(store: Store, docId: string, expected: StoreMeta): Promise<void> {
  const records = await collect(store.loadAll(docId))
  const last = records.findLast(record => record.kind === "meta")
  deepEqual(last?.meta, expected, "last meta of the stream")
  deepEqual(await store.currentMeta(docId), expected, "currentMeta")
}

const { syncMode } = meta()

/** Metadata that clashes with `meta()`, and the property that the message has to name. */
const CLASHES: readonly (readonly [string, { clash: Partial<StoreMeta>; names: string }])[] = [
  ["another name", { clash: { replicaType: ["other", 1, 0] }, names: "replicaType" }],
  ["a name in another case", { clash: { replicaType: ["Text", 1, 0] }, names: "replicaType" }],
  ["a greater major number", { clash: { replicaType: ["text", 2, 0] }, names: "replicaType" }],
  ["a smaller major number", { clash: { replicaType: ["text", 0, 0] }, names: "replicaType" }],
  ["another writer model", { clash: { syncMode: { ...syncMode, writerModel: "serialized" } }, names: "syncMode" }],
  ["another delivery", { clash: { syncMode: { ...syncMode, delivery: "snapshot-only" } }, names: "syncMode" }],
  ["another durability", { clash: { syncMode: { ...syncMode, durability: "transient" } }, names: "syncMode" }],
]

export const metadataCases: readonly ConformanceCase[] = [
  {
    id: "meta-of-unknown-is-null",
    title: "currentMeta of a document that does not exist is null, before it was created and after it was deleted",
    rules: ["META-5"],
    async run({ store }) {
      equal(await store.currentMeta("doc"), null, "before")
      await create(store, "doc", "a")
      await store.delete("doc")
      equal(await store.currentMeta("doc"), null, "after")
    },
  },
  {
    id: "meta-comes-back-equal",
    title: "currentMeta gives back exactly the properties of the contract, with their values",
    rules: ["RECORD-1"],
    async run({ store }) {
      const metas: StoreMeta[] = [
        meta(),
        meta({ replicaType: ["", 0, 0], schemaHash: "" }),
        meta({ replicaType: ["text", 0, Number.MAX_SAFE_INTEGER], schemaHash: '{"json":[1,"\\u0000"]}' }),
        meta({
          replicaType: ["n\u00e4me \u{1f600}\u2028'\"\\", 99, 1],
          schemaHash: "\u{10ffff}\uffff\ufeff\u0001\n\r\t",
        }),
        meta({ syncMode: { writerModel: "serialized", delivery: "snapshot-only", durability: "transient" } }),
      ]
      for (const [i, given] of metas.entries()) {
        await store.append(`doc ${i}`, { kind: "meta", meta: given })
        await agree(store, `doc ${i}`, given)
      }
    },
  },
  {
    id: "meta-first",
    title: "an entry for a document that does not exist rejects and leaves nothing",
    rules: ["META-1"],
    async run({ store }) {
      await rejects(store.append("doc", entry("a")), "STORE_META_MISSING", { docId: "doc", outcome: "none" })
      equal(await store.currentMeta("doc"), null, "currentMeta")
      deepEqual(await labels(store, "doc"), [])
      deepEqual(await collect(store.listDocIds()), [])
      await create(store, "doc", "b")
      deepEqual(await labels(store, "doc"), [META, "b"])
    },
  },
  {
    id: "meta-only-document",
    title: "a document that has only a meta exists: it is loaded and listed",
    rules: ["APPEND-2"],
    async run({ store }) {
      await store.append("doc", metaRecord())
      deepEqual(await collect(store.loadAll("doc")), [metaRecord()])
      deepEqual(await collect(store.listDocIds()), ["doc"])
    },
  },
  {
    id: "meta-last-wins",
    title: "a later meta changes the schema hash and the minor number, in either direction, and stays in the stream",
    rules: ["META-2", "META-4"],
    async run({ store }) {
      const metas = [
        meta({ schemaHash: "one" }),
        meta({ schemaHash: "two" }),
        meta({ replicaType: ["text", 1, 7], schemaHash: "two" }),
        meta({ replicaType: ["text", 1, 3], schemaHash: "three" }),
        meta({ replicaType: ["text", 1, 3], schemaHash: "one" }),
        meta({ replicaType: ["text", 1, 3], schemaHash: "one" }),
      ]
      for (const [i, next] of metas.entries()) {
        await store.append("doc", { kind: "meta", meta: next })
        await store.append("doc", entry(`e${i}`))
        await agree(store, "doc", next)
      }
      const records = await collect(store.loadAll("doc"))
      deepEqual(
        records.filter(record => record.kind === "meta").map(record => record.meta),
        metas,
      )
      equal(records.length, 2 * metas.length, "number of records")
    },
  },
  {
    id: "meta-last-of-a-tick-wins",
    title: "of many metas appended in one tick the last one is current and all are in the stream",
    rules: ["META-2", "META-4"],
    async run({ store }) {
      const hashes = Array.from({ length: 50 }, (_, i) => `hash ${i}`)
      await Promise.all(hashes.map(schemaHash => store.append("doc", metaRecord({ schemaHash }))))
      deepEqual(
        await labels(store, "doc"),
        hashes.map(hash => `meta ${hash}`),
      )
      await agree(store, "doc", meta({ schemaHash: "hash 49" }))
    },
  },
  {
    id: "meta-clash-on-append",
    title: "appending a meta with another name, major number or sync mode rejects and changes nothing",
    rules: ["META-3", "ERROR-2"],
    async run({ store }) {
      await create(store, "doc", "a")
      await forEach(CLASHES, async ({ clash, names }) => {
        await rejects(store.append("doc", metaRecord({ schemaHash: "changed", ...clash })), "STORE_META_MISMATCH", {
          docId: "doc",
          outcome: "none",
          messageIncludes: [names, "doc"],
        })
        await agree(store, "doc", meta())
        deepEqual(await labels(store, "doc"), [META, "a"])
      })
    },
  },
  {
    id: "meta-clash-with-document-on-replace",
    title: "replacing a document by one with another name, major number or sync mode rejects and changes nothing",
    rules: ["META-3"],
    async run({ store }) {
      await create(store, "doc", "a")
      await forEach(CLASHES, async ({ clash, names }) => {
        const batch = [metaRecord({ schemaHash: "changed", ...clash }), entry("b")]
        const expected = { docId: "doc", outcome: "none", messageIncludes: names } as const
        await rejects(store.replace("doc", batch), "STORE_META_MISMATCH", expected)
        await agree(store, "doc", meta())
        deepEqual(await labels(store, "doc"), [META, "a"])
      })
    },
  },
  {
    id: "meta-clash-within-replace",
    title: "a replace whose own metas clash rejects, for a known and an unknown document alike",
    rules: ["META-3"],
    async run({ store }) {
      await create(store, "doc", "a")
      await forEach(CLASHES, async ({ clash, names }) => {
        const batch = [metaRecord({ schemaHash: "changed" }), entry("b"), metaRecord(clash), entry("c")]
        await rejects(store.replace("doc", batch), "STORE_META_MISMATCH", { messageIncludes: names })
        await rejects(store.replace("new", batch), "STORE_META_MISMATCH", { messageIncludes: names })
        deepEqual(await labels(store, "doc"), [META, "a"])
        await agree(store, "doc", meta())
      })
      deepEqual(await collect(store.listDocIds()), ["doc"])
    },
  },
  {
    id: "meta-clash-in-one-tick",
    title: "of two clashing metas for an unknown document called in one tick the first one stands",
    rules: ["META-3"],
    async run({ store }) {
      const calls = [
        store.append("doc", metaRecord()),
        store.append("doc", metaRecord({ replicaType: ["other", 1, 0] })),
        store.append("doc", metaRecord({ schemaHash: "two" })),
        store.append("other", metaRecord({ replicaType: ["other", 1, 0] })),
      ]
      deepEqual(await outcomes(calls), ["ok", "STORE_META_MISMATCH", "ok", "ok"])
      deepEqual(await labels(store, "doc"), [META, "meta two"])
      await agree(store, "doc", meta({ schemaHash: "two" }))
    },
  },
  {
    id: "meta-of-replace",
    title: "after a replace with several metas the last of them is current",
    rules: ["META-2", "META-4"],
    async run({ store }) {
      await create(store, "doc", "a")
      const last = meta({ replicaType: ["text", 1, 4], schemaHash: "three" })
      const batch = [metaRecord({ schemaHash: "two" }), entry("b"), { kind: "meta", meta: last } as const, entry("c")]
      await store.replace("doc", batch)
      await agree(store, "doc", last)
      await store.replace("doc", [metaRecord({ schemaHash: "four" })])
      await agree(store, "doc", meta({ schemaHash: "four" }))
    },
  },
  {
    id: "meta-after-delete",
    title: "a document that was deleted can be created again with any identity, in the same tick too",
    rules: ["META-3"],
    async run({ store }) {
      await forEach(CLASHES, async ({ clash }) => {
        await store.append("doc", metaRecord())
        await Promise.all([store.delete("doc"), store.append("doc", metaRecord(clash))])
        await agree(store, "doc", meta(clash))
        await store.delete("doc")
      })
    },
  },
  {
    id: "meta-identity-is-per-document",
    title: "documents of different identities live side by side",
    rules: ["META-3"],
    async run({ store }) {
      await Promise.all(CLASHES.map(([what, { clash }]) => store.append(what, metaRecord(clash))))
      await forEach(CLASHES, ({ clash }, what) => agree(store, what, meta(clash)))
    },
  },
  {
    id: "meta-unknown-properties",
    title: "properties of a meta that the contract does not name are dropped, and never count as a clash",
    rules: ["RECORD-4"],
    async run({ store }) {
      const extended = { ...meta(), extra: 1, syncMode: { ...syncMode, extra: "x" }, toJSON: () => "wrong" }
      await store.append("doc", untyped({ kind: "meta", meta: extended, version: "v", extra: true }))
      await store.append("doc", untyped({ kind: "meta", meta: { ...meta(), extra: 2 } }))
      await agree(store, "doc", meta())
      deepEqual(await collect(store.loadAll("doc")), [metaRecord(), metaRecord()])
    },
  },
  {
    id: "meta-no-aliasing",
    title: "changing a meta after append was called, or one that was read, changes nothing stored",
    rules: ["RECORD-6"],
    async run({ store }) {
      const given = { replicaType: ["text", 1, 0], syncMode: { ...syncMode }, schemaHash: "schema-1" }
      // A store may hand out frozen objects, and then this does nothing.
      const spoil = (target: typeof given) => {
        Reflect.set(target.replicaType, 0, "spoilt")
        Reflect.set(target.syncMode, "writerModel", "serialized")
        Reflect.set(target, "schemaHash", "spoilt")
      }
      const written = store.append("doc", untyped({ kind: "meta", meta: given }))
      spoil(given)
      await written
      const sources = [
        () => store.currentMeta("doc"),
        async () => (await rest(iterate(store.loadAll("doc")))).map(r => (r.kind === "meta" ? r.meta : null))[0],
      ]
      for (const read of sources) {
        spoil(untyped(await read()))
        await agree(store, "doc", meta())
      }
    },
  },
]
