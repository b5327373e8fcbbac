import type { Store, StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, type EntryRecord, entry, metaRecord, seeded } from "../fixtures.js"
import { forEach, outcomes, untyped } from "./support.js"

/** Stores the records in one tick behind a meta, by append or by replace, and checks that they come back equal. */
async function roundTrip(store: Store, docId: string, records: readonly StoreRecord[]): Promise<void> {
  const all = [metaRecord(), ...records]
  await Promise.all(all.map(record => store.append(docId, record)))
  deepEqual(await collect(store.loadAll(docId)), all, "appended")
  await store.replace(docId, all)
  deepEqual(await collect(store.loadAll(docId)), all, "replaced")
}

/** Stores one record that stands for `expected`, and checks that this comes back. */
async function comesBackAs(store: Store, docId: string, given: unknown, expected: StoreRecord): Promise<void> {
  await store.append(docId, metaRecord())
  await store.append(docId, untyped(given))
  deepEqual((await collect(store.loadAll(docId)))[1], expected)
}

const BYTES = Uint8Array.of(0, 1, 127, 128, 254, 255)

class Subclass extends Uint8Array {}

/** An array of another realm: every built-in method is there, but it is no instance of this realm's `Uint8Array`. */
function foreign(bytes: Uint8Array): Uint8Array {
  const prototype = Object.create(Object.getPrototypeOf(Uint8Array.prototype), { BYTES_PER_ELEMENT: { value: 1 } })
  return Object.setPrototypeOf(bytes.slice(), prototype) as Uint8Array
}

function views(): (readonly [string, Uint8Array])[] {
  const around = new Uint8Array(32).fill(9)
  around.set(BYTES, 5)
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer
  const tracking = new Uint8Array(new Resizable(BYTES.length, { maxByteLength: 64 }))
  tracking.set(BYTES)
  const list: [string, Uint8Array][] = [
    ["a subarray", around.subarray(5, 5 + BYTES.length)],
    ["a subclass", Subclass.from(BYTES)],
    ["a subarray of a subclass", Subclass.from(around).subarray(5, 5 + BYTES.length)],
    ["an array of another realm", foreign(BYTES)],
    ["an array on a resizable buffer", tracking],
    ["an array with own properties", Object.assign(BYTES.slice(), { length2: 1, toJSON: () => "wrong" })],
  ]
  if (typeof SharedArrayBuffer !== "undefined") {
    const shared = new Uint8Array(new SharedArrayBuffer(16))
    shared.set(BYTES, 3)
    list.push(["an array on a shared buffer", shared.subarray(3, 3 + BYTES.length)])
  }
  return list
}

export const payloadCases: readonly ConformanceCase[] = [
  {
    id: "record-all-shapes",
    title:
      "every combination of payload kind, encoding, lineage and version comes back equal, appended together or alone",
    rules: ["RECORD-1"],
    async run({ store }) {
      const records: EntryRecord[] = []
      for (const kind of ["entirety", "since"] as const) {
        for (const options of [
          {},
          { lineage: "" },
          { lineage: "l" },
          { version: "" },
          { version: "1", lineage: "2" },
        ]) {
          records.push(entry("text", { kind, ...options }), binaryEntry(BYTES.slice(), { kind, ...options }))
        }
      }
      await roundTrip(store, "doc", records)
      // A store may have statements of their own for records that come one by one, and for those of few properties.
      await store.append("alone", metaRecord())
      for (const record of records) await store.append("alone", record)
      deepEqual(await collect(store.loadAll("alone")), [metaRecord(), ...records])
    },
  },
  {
    id: "record-empty",
    title: "empty bytes, empty text, an empty version and an empty lineage come back empty, an absent lineage absent",
    rules: ["RECORD-1"],
    async run({ store }) {
      const records = [
        binaryEntry(new Uint8Array(0)),
        binaryEntry(new Uint8Array(0), { version: "", lineage: "" }),
        entry(""),
        entry("", { version: "", lineage: "" }),
      ]
      await roundTrip(store, "doc", records)
      const first = (await collect(store.loadAll("doc")))[1]
      equal(
        first?.kind === "entry" && "lineage" in first.payload,
        false,
        "whether an absent lineage came back as a key",
      )
    },
  },
  {
    id: "record-all-byte-values",
    title: "all byte values, and random bytes of many lengths, come back equal",
    rules: ["RECORD-1"],
    async run({ store }) {
      const random = seeded(21)
      const all = Uint8Array.from({ length: 256 }, (_, i) => i)
      const records = [binaryEntry(all), binaryEntry(all.slice().reverse())]
      for (let i = 0; i < 60; i++) records.push(binaryEntry(random.bytes(random.int(0, 600))))
      for (let byte = 0; byte < 256; byte += 15) records.push(binaryEntry(Uint8Array.of(byte)))
      await roundTrip(store, "doc", records)
    },
  },
  {
    id: "record-look-alikes",
    title: "text and bytes that look like numbers, JSON, hex, base64 or SQL come back as they went in",
    rules: ["RECORD-1"],
    async run({ store }) {
      const texts = [
        ...["null", "true", "0", "-0", "01", "1e400", "9007199254740993", "0x10", " 1 ", "NaN", "Infinity", "1.0"],
        ...["{}", "[]", '{"a":1,"a":2}', '{"b":1,"a":0}', '{ "a" : 1.0 }', '"text"', "not JSON", "{", '"\\u0000"', "'"],
        ...[
          "\\x00ff",
          "\\\\",
          "\\n",
          "x'00'",
          "AAECAw==",
          "data:;base64,AA==",
          "'; DROP TABLE holdfast_meta; --",
          "$1?%",
        ],
        ...["2020-01-01T00:00:00Z", "undefined", " ", "\t", "\n", "\r\n", "a\r\nb", " a ", "\u0001\u001f\u007f\u0085"],
      ]
      const encoder = new TextEncoder()
      const records = texts.flatMap(text => [
        entry(text, { version: text, lineage: text }),
        binaryEntry(encoder.encode(text), { version: text }),
      ])
      const utf16 = Uint8Array.of(0xff, 0xfe, 0x61, 0x00, 0x00, 0xd8)
      await roundTrip(store, "doc", [...records, binaryEntry(utf16)])
    },
  },
  {
    id: "record-unicode-text",
    title: "text of every plane comes back unchanged in data, version and lineage: not normalised, trimmed or cut",
    rules: ["RECORD-1"],
    async run({ store }) {
      const random = seeded(22)
      const texts = [
        ...[
          "\u00e9",
          "e\u0301",
          "\u212b",
          "\ufeffa",
          "a\ufeff",
          "\ufffd",
          "\ufffe\uffff",
          "\ud7ff\ue000",
          "\u2028\u2029",
        ],
        ...["\u{10000}", "\u{1f469}\u200d\u{1f4bb}", "\u{10ffff}", "\u202eabc"],
        ...Array.from({ length: 60 }, () => random.text(random.int(1, 80))),
      ]
      await roundTrip(
        store,
        "doc",
        texts.map(text => entry(text, { version: text, lineage: text })),
      )
    },
  },
  {
    id: "record-numeric-versions",
    title: "versions are text: those that are equal as numbers stay different",
    rules: ["RECORD-1"],
    async run({ store }) {
      const versions = ["1", "01", "1.0", "1e0", "9007199254740993", "9007199254740992", "1e400", "-0", "0", "", " "]
      await roundTrip(
        store,
        "doc",
        versions.map(version => entry("x", { version })),
      )
    },
  },
  {
    id: "record-views-go-in",
    title: "any Uint8Array goes in: subarray, subclass, shared, resizable, of another realm",
    rules: ["RECORD-2"],
    async run({ store }) {
      await forEach(views(), async (view, what) => {
        await comesBackAs(store, what, binaryEntry(view), binaryEntry(BYTES))
        await store.replace(what, [metaRecord(), binaryEntry(view)])
        deepEqual((await collect(store.loadAll(what)))[1], binaryEntry(BYTES), "replaced")
      })
    },
  },
  {
    id: "record-bytes-come-out-plain",
    title: "loaded bytes are a plain Uint8Array that owns exactly its buffer",
    rules: ["RECORD-2"],
    async run({ store }) {
      const sizes = [0, 1, 100, 5000, 70_000, 1_000_000, 1_000_001, 2_500_000]
      await Promise.all(
        [metaRecord(), ...sizes.map(n => binaryEntry(new Uint8Array(n)))].map(r => store.append("doc", r)),
      )
      for await (const record of store.loadAll("doc")) {
        if (record.kind !== "entry") continue
        const { data } = record.payload
        ok(data instanceof Uint8Array, "bytes are a Uint8Array")
        const what = `of ${data.length} bytes`
        equal(Object.getPrototypeOf(data), Uint8Array.prototype, `prototype ${what}`)
        equal(data.constructor, Uint8Array, `constructor ${what}`)
        equal(data.byteOffset, 0, `byteOffset ${what}`)
        equal(data.buffer.byteLength, data.length, `length of the buffer ${what}`)
        equal(Object.prototype.toString.call(data.buffer), "[object ArrayBuffer]", `buffer ${what}`)
      }
    },
  },
  {
    id: "record-unknown-properties",
    title: "properties the contract does not name are dropped from entries and payloads, on append and on replace",
    rules: ["RECORD-4"],
    async run({ store }) {
      const { payload } = entry("x", { lineage: "l" })
      const given = { kind: "entry", version: "v", extra: 1, meta: null, payload: { ...payload, extra: 2, toJSON: 3 } }
      const expected = entry("x", { lineage: "l" })
      await comesBackAs(store, "doc", given, expected)
      await store.replace("doc", [metaRecord(), untyped<StoreRecord>(given)])
      deepEqual((await collect(store.loadAll("doc")))[1], expected)
    },
  },
  {
    id: "record-unusual-objects",
    title: "frozen, sealed, null-prototype, inheriting and getter-bearing records are stored as what they say",
    rules: ["RECORD-1"],
    async run({ store }) {
      const expected = entry("x", { lineage: "l" })
      const { payload } = expected
      const inherits = Object.create({ kind: "entry", version: "v" }, { payload: { value: payload } })
      class Live {
        readonly kind = "entry"
        get payload() {
          return { ...payload }
        }
        get version() {
          return "v"
        }
      }
      const unusual: (readonly [string, unknown])[] = [
        ["frozen", Object.freeze({ ...expected, payload: Object.freeze({ ...payload }) })],
        ["sealed", Object.seal({ ...expected, payload: Object.seal({ ...payload }) })],
        [
          "null prototype",
          Object.assign(Object.create(null), expected, { payload: Object.assign(Object.create(null), payload) }),
        ],
        ["inherited properties", inherits],
        [
          "getters",
          {
            kind: "entry",
            version: "v",
            get payload() {
              return { ...payload }
            },
          },
        ],
        ["a class with getters", new Live()],
        ["a Proxy", new Proxy({ ...expected }, {})],
      ]
      await forEach(unusual, (given, what) => comesBackAs(store, what, given, expected))
    },
  },
  {
    id: "record-undefined-lineage",
    title: "a lineage that is given as undefined is an absent lineage",
    rules: ["RECORD-1"],
    async run({ store }) {
      const given = { kind: "entry", version: "v", payload: { ...entry("x").payload, lineage: undefined } }
      await comesBackAs(store, "doc", given, entry("x"))
    },
  },
  {
    id: "record-lying-getters",
    title: "a record whose getters answer differently each time is stored as one of the answers or rejects",
    rules: ["RECORD-3"],
    async run({ store }) {
      const answers: unknown[] = ["good", 1, "\0", null, new Uint8Array(3)]
      for (let offset = 0; offset < answers.length; offset++) {
        let reads = offset
        const payload = {
          kind: "since",
          encoding: "json",
          get data() {
            return answers[reads++ % answers.length]
          },
        }
        const doc = `doc ${offset}`
        const calls = [
          store.append(doc, metaRecord()),
          store.append(doc, untyped({ kind: "entry", version: "v", payload })),
        ]
        const code = (await outcomes(calls))[1]
        const loaded = await collect(store.loadAll(doc))
        deepEqual(loaded, code === "ok" ? [metaRecord(), entry("good")] : [metaRecord()], `${doc}, ${code}`)
        if (code !== "ok") equal(code, "STORE_INVALID_RECORD", doc)
      }
    },
  },
  {
    id: "record-caller-changes-it",
    title: "what the caller does to a record after the call returned, before it is stored, changes nothing",
    rules: ["RECORD-6"],
    async run({ store }) {
      const bytes = BYTES.slice()
      const moved = BYTES.slice()
      const record = {
        kind: "entry",
        version: "v",
        payload: { kind: "since", encoding: "json", data: "x", lineage: "l" },
      }
      const batch = [metaRecord(), entry("a"), binaryEntry(bytes)] as StoreRecord[]
      const calls = [
        store.append("doc", metaRecord()),
        store.append("doc", binaryEntry(bytes)),
        store.append("doc", binaryEntry(moved)),
        store.append("doc", untyped(record)),
        store.replace("other", batch),
      ]
      bytes.fill(7)
      structuredClone(moved.buffer, { transfer: [moved.buffer] })
      Object.assign(record.payload, { data: "changed", lineage: "changed" })
      record.version = "changed"
      batch[1] = entry("changed")
      batch.push(entry("added"))
      await Promise.all(calls)
      const expected = [metaRecord(), binaryEntry(BYTES), binaryEntry(BYTES), entry("x", { lineage: "l" })]
      deepEqual(await collect(store.loadAll("doc")), expected)
      deepEqual(await collect(store.loadAll("other")), [metaRecord(), entry("a"), binaryEntry(BYTES)])
    },
  },
  {
    id: "record-loaded-ones-are-nobody-elses",
    title: "changing loaded records changes nothing stored and nothing another load got",
    rules: ["RECORD-6"],
    async run({ store }) {
      const big = new Uint8Array(1_500_000).fill(3)
      const all = [metaRecord(), binaryEntry(BYTES.slice()), binaryEntry(big), entry("x")]
      await store.replace("doc", all)
      const kept = await collect(store.loadAll("doc"))
      const spoilt = await collect(store.loadAll("doc"))
      const buffers = [...kept, ...spoilt].flatMap(record =>
        record.kind === "entry" && typeof record.payload.data !== "string" ? [record.payload.data.buffer] : [],
      )
      equal(new Set(buffers).size, 4, "number of different buffers")
      for (const record of spoilt) {
        if (record.kind === "entry" && typeof record.payload.data !== "string") record.payload.data.fill(99)
        // A store may hand out frozen objects, and then this does nothing.
        Reflect.set(record, "kind", "spoilt")
      }
      deepEqual(kept, all, "records of the other load")
      deepEqual(await collect(store.loadAll("doc")), all, "records of a later load")
    },
  },
]
