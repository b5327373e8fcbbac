import type { Store, StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import { create, forEach, labels, META, outcomes, untyped } from "./support.js"

type Table = readonly (readonly [string, unknown])[]

function withPayload(changes: object): object {
  return { kind: "entry", version: "v", payload: { kind: "since", encoding: "json", data: "x", ...changes } }
}

function withMeta(changes: object): object {
  return { kind: "meta", meta: { ...meta(), ...changes } }
}

function without(value: object, key: string): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
}

const SHAPES: Table = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 1],
  ["a string", "meta"],
  ["an array", [entry("x")]],
  ["a function", () => entry("x")],
  ["an empty object", {}],
  ["a Promise of a record", Promise.resolve(entry("x"))],
  ["no kind", without(entry("x"), "kind")],
  ["another kind", { ...entry("x"), kind: "snapshot" }],
  ["a kind in another case", { ...entry("x"), kind: "Entry" }],
  ["a kind that is a String object", { ...entry("x"), kind: Object("entry") }],
  ["no version", without(entry("x"), "version")],
  ["a null version", { ...entry("x"), version: null }],
  ["a number as version", { ...entry("x"), version: 1 }],
  ["a String object as version", { ...entry("x"), version: Object("v") }],
  ["no payload", without(entry("x"), "payload")],
  ["a null payload", { ...entry("x"), payload: null }],
  ["a string as payload", { ...entry("x"), payload: "x" }],
  ["no payload kind", withPayload({ kind: undefined })],
  ["another payload kind", withPayload({ kind: "delta" })],
  ["no encoding", withPayload({ encoding: undefined })],
  ["another encoding", withPayload({ encoding: "text" })],
  ["a null lineage", withPayload({ lineage: null })],
  ["a number as lineage", withPayload({ lineage: 1 })],
  ["a revoked Proxy", revoked()],
  ["a revoked Proxy as payload", { ...entry("x"), payload: revoked() }],
  [
    "a getter that throws",
    {
      kind: "entry",
      version: "v",
      get payload() {
        throw new Error("no payload today")
      },
    },
  ],
]

const DATA: Table = [
  ["no data", withPayload({ data: undefined })],
  ["null as data", withPayload({ data: null })],
  ["a number as text", withPayload({ data: 1 })],
  ["an object as text", withPayload({ data: { a: 1 } })],
  ["a String object as text", withPayload({ data: Object("x") })],
  ["bytes as text", withPayload({ data: Uint8Array.of(1) })],
  ...notBytes().map(([what, data]) => [`${what} as bytes`, withPayload({ encoding: "binary", data })] as const),
]

function notBytes(): Table {
  return [
    ["a string", "x"],
    ["null", null],
    ["an ArrayBuffer", new ArrayBuffer(4)],
    ["a DataView", new DataView(new ArrayBuffer(4))],
    ["a Uint16Array", Uint16Array.of(1)],
    ["an Int8Array", Int8Array.of(1)],
    ["a Uint8ClampedArray", Uint8ClampedArray.of(1)],
    ["an array of numbers", [1, 2]],
    ["an array-like object", { length: 1, 0: 1 }],
    ["an object that only looks like a Uint8Array", Object.create(Uint8Array.prototype)],
    ["an object with the tag of a Uint8Array", { [Symbol.toStringTag]: "Uint8Array", length: 1, 0: 1 }],
    ["a Proxy of a Uint8Array", new Proxy(Uint8Array.of(1), {})],
    ["a detached Uint8Array", detached()],
    ["an empty detached Uint8Array", detached(0)],
    ["a Blob-like object", { size: 1, arrayBuffer: () => new ArrayBuffer(1) }],
  ]
}

const METAS: Table = [
  ["no meta", { kind: "meta" }],
  ["a null meta", { kind: "meta", meta: null }],
  ["a string as meta", { kind: "meta", meta: JSON.stringify(meta()) }],
  ["no replica type", withMeta({ replicaType: undefined })],
  ["a string as replica type", withMeta({ replicaType: "text" })],
  ["a replica type of one", withMeta({ replicaType: ["text"] })],
  ["a replica type of two", withMeta({ replicaType: ["text", 1] })],
  ["a replica type of four", withMeta({ replicaType: ["text", 1, 0, 0] })],
  ["an object as replica type", withMeta({ replicaType: { 0: "text", 1: 1, 2: 0, length: 3 } })],
  ["a number as name", withMeta({ replicaType: [1, 1, 0] })],
  ["a string as major number", withMeta({ replicaType: ["text", "1", 0] })],
  ["NaN as major number", withMeta({ replicaType: ["text", Number.NaN, 0] })],
  ["Infinity as minor number", withMeta({ replicaType: ["text", 1, Number.POSITIVE_INFINITY] })],
  ["a bigint as minor number", withMeta({ replicaType: ["text", 1, 0n] })],
  ["null as minor number", withMeta({ replicaType: ["text", 1, null] })],
  ["no sync mode", withMeta({ syncMode: undefined })],
  ["a null sync mode", withMeta({ syncMode: null })],
  ["a string as sync mode", withMeta({ syncMode: "concurrent" })],
  ...["writerModel", "delivery", "durability"].flatMap(name => [
    [`no ${name}`, withMeta({ syncMode: without(meta().syncMode, name) })] as const,
    [`another ${name}`, withMeta({ syncMode: { ...meta().syncMode, [name]: "other" } })] as const,
  ]),
  ["no schema hash", withMeta({ schemaHash: undefined })],
  ["a null schema hash", withMeta({ schemaHash: null })],
  ["a number as schema hash", withMeta({ schemaHash: 1 })],
]

const BAD_TEXTS: Table = [
  ["U+0000", "\0"],
  ["U+0000 inside", "a\0b"],
  ["U+0000 at the end", "a\0"],
  ["a lone high surrogate", "a\ud83d"],
  ["a lone low surrogate", "\ude00a"],
  ["a reversed pair", "\ude00\ud83d"],
]

const TEXTS: Table = BAD_TEXTS.flatMap(([what, text]) => [
  [`${what} in data`, withPayload({ data: text })] as const,
  [`${what} in lineage`, withPayload({ lineage: text })] as const,
  [`${what} in version`, { ...entry("x"), version: text }] as const,
  [`${what} in the schema hash`, withMeta({ schemaHash: text })] as const,
  [`${what} in the replica name`, withMeta({ replicaType: [text, 1, 0] })] as const,
])

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function detached(length = 4): Uint8Array {
  const bytes = new Uint8Array(length)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

/** Each rejects on append and anywhere in a replace batch, and the document stays what it was. */
async function allReject(store: Store, table: Table): Promise<void> {
  await create(store, "doc", "kept")
  await forEach(table, async value => {
    const bad = untyped<StoreRecord>(value)
    await rejects(() => store.append("doc", bad), "STORE_INVALID_RECORD", { docId: "doc", outcome: "none" })
    await rejects(() => store.append("new", bad), "STORE_INVALID_RECORD", { docId: "new" })
    for (const batch of [
      [metaRecord(), bad],
      [metaRecord(), entry("a"), bad, entry("b")],
    ]) {
      await rejects(() => store.replace("doc", batch), "STORE_INVALID_RECORD", { docId: "doc", outcome: "none" })
    }
  })
  deepEqual(await labels(store, "doc"), [META, "kept"])
  deepEqual(await store.currentMeta("doc"), meta())
  deepEqual(await collect(store.listDocIds()), ["doc"])
}

export const invalidRecordCases: readonly ConformanceCase[] = [
  {
    id: "invalid-record-shape",
    title: "a record of a wrong shape rejects and stores nothing",
    rules: ["RECORD-3"],
    run: ({ store }) => allReject(store, SHAPES),
  },
  {
    id: "invalid-record-data",
    title: "data of a wrong type, of another encoding or with a detached buffer rejects and stores nothing",
    rules: ["RECORD-3"],
    run: ({ store }) => allReject(store, DATA),
  },
  {
    id: "invalid-record-meta",
    title: "a meta of a wrong shape rejects and stores nothing",
    rules: ["RECORD-3"],
    run: ({ store }) => allReject(store, METAS),
  },
  {
    id: "invalid-record-text",
    title: "text with U+0000 or an unpaired surrogate rejects wherever it is in a record",
    rules: ["RECORD-3"],
    run: ({ store }) => allReject(store, TEXTS),
  },
  {
    id: "invalid-record-first-in-replace",
    title: "an invalid record at the start of a replace batch rejects and the old stream stays",
    rules: ["RECORD-3"],
    async run({ store }) {
      await create(store, "doc", "kept")
      const replaceWith = (value: unknown) => store.replace("doc", [untyped<StoreRecord>(value), entry("a")])
      await forEach(METAS, async value => void (await rejects(() => replaceWith(value), "STORE_INVALID_RECORD")))
      // Such a record is invalid and no meta either; which of the two is said first is the store's choice.
      const either = ["STORE_INVALID_RECORD", "STORE_META_MISSING"] as const
      await forEach(SHAPES, async value => void (await rejects(() => replaceWith(value), either)))
      deepEqual(await labels(store, "doc"), [META, "kept"])
    },
  },
  {
    id: "invalid-record-before-io",
    title: "an invalid record rejects before anything underneath the store is called",
    rules: ["RECORD-3"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "kept")
      parts.fault.arm(1)
      await forEach([...SHAPES, ...DATA, ...METAS, ...TEXTS], async value => {
        const bad = untyped<StoreRecord>(value)
        await rejects(() => store.append("doc", bad), "STORE_INVALID_RECORD")
        await rejects(() => store.replace("doc", [metaRecord(), bad]), "STORE_INVALID_RECORD")
      })
      equal(parts.fault.disarm(), false, "whether anything underneath was called")
    },
  },
  {
    id: "invalid-record-among-good-ones",
    title: "invalid records among good ones, called in one tick, reject alone",
    rules: ["RECORD-3"],
    async run({ store }) {
      await create(store, "doc")
      const bad = [...SHAPES, ...DATA].map(([, value]) => untyped<StoreRecord>(value))
      const calls = bad.flatMap((record, i) => [store.append("doc", record), store.append("doc", entry(`e${i}`))])
      const expected = bad.flatMap(() => ["STORE_INVALID_RECORD", "ok"])
      deepEqual(await outcomes(calls), expected)
      deepEqual(await labels(store, "doc"), [META, ...bad.map((_, i) => `e${i}`)])
    },
  },
]
