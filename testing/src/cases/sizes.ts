import type { Store, StoreMeta, StoreRecord } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { binaryEntry, contentHash, type EntryRecord, entry, meta, metaRecord } from "../fixtures.js"
import { create, forEach, labels, META } from "./support.js"

const KIB = 1024
const MIB = 1024 * KIB
const DATA_LIMIT = 64 * MIB
/** Stores that cut records into pieces do it about here; nobody may see where. */
const PIECE = 1_000_000

const byteAt = (i: number) => (i ^ (i >>> 7) ^ (i >>> 15)) & 255

function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = byteAt(i)
  return bytes
}

/** Checks bytes that `patterned` made without a second array of that size beside them. */
function checkPattern(record: StoreRecord | undefined, length: number): void {
  ok(record?.kind === "entry" && record.payload.data instanceof Uint8Array, "a record of bytes came back")
  const { data } = record.payload
  equal(data.length, length, "number of bytes")
  for (let i = 0; i < length; i++) if (data[i] !== byteAt(i)) equal(data[i], byteAt(i), `byte ${i} of ${length}`)
}

async function bytesRoundTrip(store: Store, sizes: readonly number[]): Promise<void> {
  await forEach(
    sizes.map(size => [`${size} bytes`, size] as const),
    async (size, doc) => {
      await store.append(doc, metaRecord())
      await store.append(doc, binaryEntry(patterned(size)))
      await store.append(doc, entry("behind"))
      const records = await collect(store.loadAll(doc))
      checkPattern(records[1], size)
      deepEqual(records[2], entry("behind"))
      equal(records.length, 3, "number of records")
    },
  )
}

async function textRoundTrip(store: Store, texts: readonly (readonly [string, string])[]): Promise<void> {
  await forEach(texts, async (text, doc) => {
    await store.replace(doc, [metaRecord(), entry(text), entry("behind")])
    const [, record, behind] = await collect(store.loadAll(doc))
    ok(record?.kind === "entry" && typeof record.payload.data === "string", "a record of text came back")
    equal(record.payload.data.length, text.length, "length of the text")
    ok(record.payload.data === text, "the text is the same")
    deepEqual(behind, entry("behind"))
  })
}

/** Metadata of exactly this many bytes as JSON. */
function metaOfSize(bytes: number, unit = "x"): StoreMeta {
  const empty = JSON.stringify(meta({ schemaHash: "" })).length
  const width = new TextEncoder().encode(unit).length
  const units = Math.floor((bytes - empty) / width)
  return meta({ schemaHash: unit.repeat(units) + "x".repeat(bytes - empty - units * width) })
}

const EXACT: readonly (readonly [string, EntryRecord])[] = [
  ["a version of 256 KiB", entry("x", { version: "v".repeat(256 * KIB) })],
  ["a version of 256 KiB in two-byte characters", entry("x", { version: "\u00e9".repeat(128 * KIB) })],
  ["a version of 256 KiB in four-byte characters", entry("x", { version: "\u{1f600}".repeat(64 * KIB) })],
  ["a lineage of 64 KiB", entry("x", { lineage: "l".repeat(64 * KIB) })],
  ["a lineage of 64 KiB in two-byte characters", entry("x", { lineage: "\u00e9".repeat(32 * KIB) })],
  ["both, with empty data", entry("", { version: "v".repeat(256 * KIB), lineage: "l".repeat(64 * KIB) })],
]

const OVER: readonly (readonly [string, StoreRecord])[] = [
  ["a version of 256 KiB and a byte", entry("x", { version: "v".repeat(256 * KIB + 1) })],
  ["a version over 256 KiB only in UTF-8", entry("x", { version: `x${"\u00e9".repeat(128 * KIB)}` })],
  ["a lineage of 64 KiB and a byte", entry("x", { lineage: "l".repeat(64 * KIB + 1) })],
  ["a lineage over 64 KiB only in UTF-8", entry("x", { lineage: `x${"\u20ac".repeat(22 * KIB)}` })],
  ["a meta of 64 KiB and a byte", { kind: "meta", meta: metaOfSize(64 * KIB + 1) }],
  ["a meta over 64 KiB only in UTF-8", { kind: "meta", meta: metaOfSize(64 * KIB + 1, "\u20ac") }],
  ["a meta over 64 KiB only as JSON", metaRecord({ schemaHash: "\\".repeat(40 * KIB) })],
  ["a meta with a long replica name", metaRecord({ replicaType: ["n".repeat(64 * KIB), 1, 0] })],
]

export const sizeCases: readonly ConformanceCase[] = [
  {
    id: "size-small-bytes",
    title: "bytes of every length around the limits of common length fields come back equal",
    rules: ["RECORD-1"],
    run: ({ store }) =>
      bytesRoundTrip(store, [0, 1, 2, 127, 128, 255, 256, 1023, 4095, 4096, 4097, 65_535, 65_536, 65_537]),
  },
  {
    id: "size-large-bytes",
    title: "bytes of around one, two and four million come back equal, exactly at the limits of pieces and rows too",
    rules: ["RECORD-5"],
    run: ({ store }) =>
      bytesRoundTrip(store, [
        ...[PIECE - 1, PIECE, PIECE + 1, MIB - 1, MIB, MIB + 1, 2 * PIECE - 1, 2 * PIECE, 2 * PIECE + 1],
        ...[2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * PIECE, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 5 * PIECE + 1],
      ]),
  },
  {
    id: "size-large-text",
    title: "text of around one, two and four million bytes comes back equal",
    rules: ["RECORD-5"],
    run: ({ store }) =>
      textRoundTrip(
        store,
        [65_536, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 2 * MIB, 4 * MIB + 1].map(size => [
          `${size} characters`,
          "0123456789".repeat(Math.ceil(size / 10)).slice(0, size),
        ]),
      ),
  },
  {
    id: "size-text-across-pieces",
    title: "characters of several bytes that lie across a piece limit are not torn, dropped or changed",
    rules: ["RECORD-1"],
    async run({ store }) {
      const across = "\u{1f600}\u00e9\u20ac\ufeff\u{10ffff}\ufffde\u0301\r\n\ufeff"
      for (let before = PIECE - 12; before <= PIECE + 1; before++) {
        await textRoundTrip(store, [[`${before} characters before`, `${"x".repeat(before)}${across}y`]])
      }
    },
  },
  {
    id: "size-text-of-wide-characters",
    title: "large text made only of characters of two, three or four bytes comes back equal at every offset",
    rules: ["RECORD-1"],
    async run({ store }) {
      for (const [unit, count] of [
        ["\u00e9", 1_050_000],
        ["\u20ac", 700_000],
        ["\u{1f600}", 520_000],
      ] as const) {
        for (const offset of [0, 1, 2, 3]) {
          const what = `${offset} and ${count} of U+${unit.codePointAt(0)?.toString(16)}`
          await textRoundTrip(store, [[what, "x".repeat(offset) + unit.repeat(count)]])
        }
      }
    },
  },
  {
    id: "size-byte-order-mark-after-piece",
    title: "a byte order mark at the start of a text, and at the start of what may be its second piece, is kept",
    rules: ["RECORD-1"],
    run: ({ store }) =>
      textRoundTrip(store, [
        ["at the start", `\ufeff${"x".repeat(PIECE)}`],
        ["at the limit", `${"x".repeat(PIECE)}\ufeffx`],
        ["everywhere", "\ufeff".repeat(350_000)],
        ["at the end", `${"x".repeat(2 * PIECE)}\ufeff`],
      ]),
  },
  {
    id: "size-version-and-lineage-limits",
    title: "versions of 256 KiB and lineages of 64 KiB work, counted in UTF-8 bytes",
    rules: ["RECORD-5"],
    async run({ store }) {
      await forEach(EXACT, async (record, doc) => {
        await store.append(doc, metaRecord())
        await store.append(doc, record)
        deepEqual(await collect(store.loadAll(doc)), [metaRecord(), record])
      })
    },
  },
  {
    id: "size-whole-record-around-row-limits",
    title: "records whose data, version and lineage together lie around 2 MB work",
    rules: ["RECORD-5"],
    async run({ store }) {
      const beside = { version: "v".repeat(256 * KIB), lineage: "l".repeat(64 * KIB) }
      for (const total of [2_000_000, 2 * MIB]) {
        for (const delta of [-1000, -1, 0, 1, 1000]) {
          const size = total + delta - 320 * KIB
          const doc = `${total} ${delta}`
          await store.replace(doc, [
            metaRecord(),
            binaryEntry(patterned(size), beside),
            entry("x".repeat(size), beside),
          ])
          const [, bytes, text] = await collect(store.loadAll(doc))
          deepEqual(bytes, binaryEntry(patterned(size), beside), doc)
          deepEqual(text, entry("x".repeat(size), beside), doc)
        }
      }
    },
  },
  {
    id: "size-meta-limit",
    title: "metadata of 64 KiB as JSON works",
    rules: ["RECORD-5"],
    async run({ store }) {
      for (const unit of ["x", "\u20ac", "\u{1f600}"]) {
        const large = metaOfSize(64 * KIB, unit)
        await store.append(unit, metaRecord())
        await store.append(unit, { kind: "meta", meta: large })
        deepEqual(await store.currentMeta(unit), large)
        deepEqual((await collect(store.loadAll(unit)))[1], { kind: "meta", meta: large })
      }
    },
  },
  {
    id: "size-over-the-limits",
    title: "a version, lineage or meta over its limit rejects on append and replace, and stores nothing",
    rules: ["RECORD-5"],
    async run({ store }) {
      await create(store, "doc", "kept")
      await forEach(OVER, async record => {
        const expected = { docId: "doc", outcome: "none" } as const
        await rejects(() => store.append("doc", record), "STORE_RECORD_TOO_LARGE", expected)
        await rejects(
          () => store.replace("doc", [metaRecord(), entry("a"), record]),
          "STORE_RECORD_TOO_LARGE",
          expected,
        )
        await rejects(() => store.append("new", record), "STORE_RECORD_TOO_LARGE", { docId: "new" })
      })
      deepEqual(await labels(store, "doc"), [META, "kept"])
      deepEqual(await collect(store.listDocIds()), ["doc"])
    },
  },
  {
    id: "size-over-the-limits-before-io",
    title: "a record that is too large rejects before anything underneath the store is called",
    rules: ["RECORD-5"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "kept")
      parts.fault.arm(1)
      await forEach(OVER, async record => {
        await rejects(() => store.append("doc", record), "STORE_RECORD_TOO_LARGE")
        await rejects(() => store.replace("doc", [metaRecord(), record]), "STORE_RECORD_TOO_LARGE")
      })
      equal(parts.fault.disarm(), false, "whether anything underneath was called")
    },
  },
  {
    id: "size-sixteen-mebibytes",
    title: "16 MiB of bytes and 16 MiB of text come back equal, by append and by replace",
    rules: ["RECORD-5"],
    slow: true,
    async run({ store }) {
      await bytesRoundTrip(store, [16 * MIB])
      const text = "0123456789abcdef\u{1f600}".repeat((16 * MIB) / 20)
      await store.replace("doc", [metaRecord(), binaryEntry(patterned(16 * MIB)), entry(text)])
      const records = await collect(store.loadAll("doc"))
      checkPattern(records[1], 16 * MIB)
      const last = records[2]
      ok(last?.kind === "entry" && last.payload.data === text, "the text is the same")
    },
  },
  {
    id: "size-largest-bytes",
    title: "64 MiB of bytes work, a byte more rejects and the store goes on working",
    rules: ["RECORD-5"],
    slow: true,
    async run({ store }) {
      await bytesRoundTrip(store, [DATA_LIMIT])
      await create(store, "doc", "kept")
      const over = binaryEntry(new Uint8Array(DATA_LIMIT + 1))
      await rejects(() => store.append("doc", over), "STORE_RECORD_TOO_LARGE", { docId: "doc" })
      await rejects(() => store.replace("doc", [metaRecord(), over]), "STORE_RECORD_TOO_LARGE", { docId: "doc" })
      await store.append("doc", entry("a"))
      deepEqual(await labels(store, "doc"), [META, "kept", "a"])
    },
  },
  {
    id: "size-largest-text",
    title: "text of 64 MiB in UTF-8 works, a byte more rejects, also where its length in UTF-16 is far below",
    rules: ["RECORD-5"],
    slow: true,
    async run({ store }) {
      const text = "\u20ac".repeat(Math.floor(DATA_LIMIT / 3) - 1)
      const largest = text + "x".repeat(DATA_LIMIT - 3 * text.length)
      await create(store, "doc")
      await store.append("doc", entry(largest))
      const loaded = (await collect(store.loadAll("doc")))[1]
      ok(loaded?.kind === "entry" && loaded.payload.data === largest, "the text is the same")
      const over = [`${largest}x`, "x".repeat(DATA_LIMIT + 1), "\u{1f600}".repeat(DATA_LIMIT / 4 + 1)]
      for (const data of over) await rejects(() => store.append("doc", entry(data)), "STORE_RECORD_TOO_LARGE")
      equal((await collect(store.loadAll("doc"))).length, 2, "number of records")
    },
  },
  {
    id: "size-many-large-records",
    title: "a document of many large records of different content comes back in order with every byte",
    rules: ["RECORD-1"],
    slow: true,
    async run({ store }) {
      const hashes: string[] = []
      await store.append("doc", metaRecord())
      for (let i = 0; i < 12; i++) {
        const bytes = patterned(1_300_000 + 111_111 * i).fill(i, 0, 1000)
        hashes.push(contentHash(bytes))
        await store.append("doc", binaryEntry(bytes))
      }
      const loaded: string[] = []
      for await (const record of store.loadAll("doc")) {
        if (record.kind === "entry") loaded.push(contentHash(record.payload.data))
      }
      deepEqual(loaded, hashes)
    },
  },
]
