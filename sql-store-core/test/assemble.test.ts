import { runInNewContext } from "node:vm"
import type { StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { GapError, RecordAssembler, type StoredRow } from "../src/assemble.js"
import { encodeRecord, type Row, RowError } from "../src/rows.js"
import { binaryEntry, jsonEntry, META_JSON, metaRecord, numbered, stream } from "./samples.js"

const pieceBytes = fc.integer({ min: 4, max: 80 })
const pageRows = fc.integer({ min: 1, max: 7 })

function encodeStream(records: readonly StoreRecord[], limit?: number): Row[] {
  return records.flatMap((record, at) => encodeRecord(record, at === 0, limit))
}

function pages<T>(rows: readonly T[], size: number): T[][] {
  const cut: T[][] = []
  for (let at = 0; at < rows.length; at += size) cut.push(rows.slice(at, at + size))
  return cut
}

const HEAD: StoredRow = { seq: 1, kind: 1, version: null, lineage: null, payload: META_JSON, blob: null }
const ENTRY: StoredRow = { seq: 2, kind: 4, version: "v", lineage: null, payload: "x", blob: null }
const BEGUN: StoredRow = { seq: 2, kind: 6, version: "v", lineage: null, payload: "abcd", blob: null }
const LAST: StoredRow = { seq: 3, kind: 8, version: null, lineage: null, payload: "ef", blob: null }

function entryWithBlob(blob: unknown): Uint8Array {
  const { records } = new RecordAssembler().feed([HEAD, { ...ENTRY, payload: null, blob: blob as Uint8Array }])
  const record = records[1]
  if (record?.kind !== "entry" || typeof record.payload.data === "string") throw new Error("not a binary entry")
  return record.payload.data
}

describe("records come back equal (RECORD-1)", () => {
  test("whatever the records, the size of pieces and the cuts between pages", () => {
    fc.assert(
      fc.property(stream, pieceBytes, pageRows, fc.nat({ max: 2 ** 40 }), (records, limit, size, before) => {
        const assembler = new RecordAssembler()
        const rows = numbered(encodeStream(records, limit), before + 1)
        const found = pages(rows, size).flatMap(page => assembler.feed(page).records)
        assembler.finish()
        expect(found).toStrictEqual(records)
        expect(assembler.expected).toBe(before + rows.length + 1)
      }),
      { numRuns: 500 },
    )
  })

  test("whatever integers and bytes the driver gives", () => {
    const records = [metaRecord(), binaryEntry(new Uint8Array([1, 2, 3, 4, 5])), jsonEntry("x")]
    const rows = numbered(encodeStream(records, 4))
    const integers = [Number, BigInt, String]
    const blobs = [
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Uint8Array) => new Uint8Array([9, ...bytes, 9]).subarray(1, bytes.length + 1),
      (bytes: Uint8Array) => new Uint8Array(bytes).buffer,
    ]
    for (const asInteger of integers) {
      for (const asBlob of blobs) {
        const given = rows.map(row => ({
          ...row,
          seq: asInteger(row.seq),
          kind: asInteger(row.kind),
          blob: row.blob === null ? null : asBlob(row.blob),
        }))
        expect(new RecordAssembler().feed(given).records).toStrictEqual(records)
      }
    }
  })

  test("an absent lineage is no property", () => {
    const [, entry] = new RecordAssembler().feed([HEAD, ENTRY]).records
    expect(entry).toStrictEqual(jsonEntry("x"))
    expect(entry?.kind === "entry" && "lineage" in entry.payload).toBe(false)
  })

  test("empty text and empty bytes", () => {
    expect(new RecordAssembler().feed([HEAD, { ...ENTRY, version: "", payload: "" }]).records[1]).toStrictEqual(
      jsonEntry("", ""),
    )
    expect(entryWithBlob(new Uint8Array())).toStrictEqual(new Uint8Array())
    expect(entryWithBlob(new ArrayBuffer(0))).toStrictEqual(new Uint8Array())
    expect(entryWithBlob(Buffer.alloc(0))).toStrictEqual(new Uint8Array())
  })

  test("two metadata records share nothing (RECORD-6)", () => {
    const { records } = new RecordAssembler().feed([HEAD, { ...HEAD, seq: 2, kind: 2 }])
    const [first, second] = records
    if (first?.kind !== "meta" || second?.kind !== "meta") throw new Error("not metadata")
    expect(first.meta).toStrictEqual(second.meta)
    expect(first.meta).not.toBe(second.meta)
    expect(first.meta.syncMode).not.toBe(second.meta.syncMode)
    expect(first.meta.replicaType).not.toBe(second.meta.replicaType)
  })
})

describe("bytes are plain and own exactly their buffer (RECORD-2)", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3))
  shared.set([1, 2, 3])
  test.each<[string, unknown]>([
    ["a Uint8Array", new Uint8Array([1, 2, 3])],
    ["a subarray", new Uint8Array([0, 1, 2, 3, 0]).subarray(1, 4)],
    ["a prefix", new Uint8Array([1, 2, 3, 0]).subarray(0, 3)],
    ["a pooled Buffer", Buffer.from([1, 2, 3])],
    ["a Buffer with a buffer of its own", Buffer.from(new Uint8Array([1, 2, 3]).buffer)],
    ["a subclass", new (class extends Uint8Array {})([1, 2, 3])],
    ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
    ["a shared buffer", shared],
    ["another realm's Uint8Array", runInNewContext("new Uint8Array([1, 2, 3])")],
    ["another realm's ArrayBuffer", runInNewContext("new Uint8Array([1, 2, 3]).buffer")],
  ])("%s", (_name, blob) => {
    const bytes = entryWithBlob(blob)
    expect([...bytes]).toEqual([1, 2, 3])
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, 3])
    expect(bytes.buffer instanceof SharedArrayBuffer).toBe(false)
  })

  test("bytes that are so already are not copied", () => {
    const own = new Uint8Array([1, 2, 3])
    expect(entryWithBlob(own)).toBe(own)
    const buffer = new ArrayBuffer(8)
    expect(entryWithBlob(buffer).buffer).toBe(buffer)
    expect(entryWithBlob(Buffer.from(buffer)).buffer).toBe(buffer)
  })

  test("pieces are joined into one buffer", () => {
    const [, record] = new RecordAssembler().feed(
      numbered(encodeStream([metaRecord(), binaryEntry(Buffer.from("abcdefghij"))], 4)),
    ).records
    if (record?.kind !== "entry" || typeof record.payload.data === "string") throw new Error("not a binary entry")
    expect(record.payload.data).toStrictEqual(new Uint8Array(Buffer.from("abcdefghij")))
    expect(record.payload.data.buffer.byteLength).toBe(10)
  })

  test.each<[string, unknown]>([
    ["DataView", new DataView(new ArrayBuffer(2))],
    ["Uint16Array", new Uint16Array(2)],
    ["SharedArrayBuffer", new SharedArrayBuffer(2)],
    ["array", [1, 2]],
    ["text", "\\x0102"],
    ["number", 1],
    ["undefined", undefined],
    ["impostor", { [Symbol.toStringTag]: "Uint8Array", length: 1 }],
  ])("%s is not bytes", (_name, blob) => {
    expect(() => entryWithBlob(blob)).toThrow(new RowError("row 2: it has a blob that is not bytes"))
  })
})

describe("a missing row is a gap (LOAD-3)", () => {
  test("between pages, inside a page, and inside a record", () => {
    const assembler = new RecordAssembler()
    assembler.feed([HEAD])
    for (const [rows, expected, found] of [
      [[{ ...ENTRY, seq: 3 }], 2, 3],
      [[ENTRY, { ...ENTRY, seq: 9n }], 3, 9],
      [[BEGUN, { ...LAST, seq: "4" }], 3, 4],
      [[ENTRY, ENTRY], 3, 2],
    ] as const) {
      const error = thrown(() => assembler.feed(rows))
      expect(error).toBeInstanceOf(GapError)
      expect(error).toMatchObject({ name: "GapError", expected, found })
    }
    expect(assembler.feed([ENTRY]).records).toHaveLength(1)
  })

  test("a replace between two pages is a gap, since numbers go on", () => {
    const assembler = new RecordAssembler()
    assembler.feed([HEAD])
    expect(() => assembler.feed([{ ...HEAD, seq: 3 }])).toThrow(GapError)
  })
})

describe("how much memory records take (LOAD-7)", () => {
  const bytesOf = (row: Partial<StoredRow>) => new RecordAssembler().feed([HEAD, { ...ENTRY, ...row }]).bytes

  test("text counts twice, bytes once, and every record something", () => {
    const least = bytesOf({ payload: "", version: "" })
    expect(least).toBeGreaterThan(100)
    expect(bytesOf({ payload: "x".repeat(1000), version: "" }) - least).toBe(2000)
    expect(bytesOf({ payload: "", version: "x".repeat(1000) }) - least).toBe(2000)
    expect(bytesOf({ payload: "", version: "", lineage: "x".repeat(1000) }) - least).toBe(2000)
    expect(bytesOf({ payload: null, blob: new Uint8Array(1000), version: "" }) - least).toBe(1000)
    const metaBytes = (schemaHash: string) =>
      new RecordAssembler().feed([{ ...HEAD, payload: META_JSON.replace('"h1"', JSON.stringify(schemaHash)) }]).bytes
    expect(metaBytes("")).toBeGreaterThan(100)
    expect(metaBytes("x".repeat(1000)) - metaBytes("")).toBe(2000)
    expect(least - metaBytes("h1")).toBeGreaterThan(100)
  })
})

test("numbers of many digits come as text", () => {
  const assembler = new RecordAssembler()
  const rows = [HEAD, ENTRY].map((row, at) => ({ ...row, seq: String(1_234_567_890_123_455 + at) }))
  expect(assembler.feed(rows).records.length).toBe(2)
  expect(assembler.expected).toBe(1_234_567_890_123_457)
})

test("bad metadata in a row says why, with the cause", () => {
  const run = () => new RecordAssembler().feed([{ ...HEAD, payload: "{" }])
  expect(run).toThrow(
    expect.objectContaining({
      name: "RowError",
      message: "row 1: metadata is not JSON",
      cause: expect.objectContaining({ name: "RowError", cause: expect.any(SyntaxError) }),
    }),
  )
})

describe("rows that make no sense", () => {
  const afterHead: [string, Partial<StoredRow>[], string][] = [
    ["a head later", [{ ...HEAD }], "row 2: it begins a generation inside another"],
    ["an unknown kind", [{ kind: 9 }], "row 2: it has the unknown kind 9"],
    ["kind 0", [{ kind: 0 }], "row 2: it has the unknown kind 0"],
    ["a negative kind", [{ kind: -1 }], "row 2: it has the unknown kind -1"],
    ["no kind", [{ kind: null as never }], "safe integer"],
    ["a kind that is text", [{ kind: "meta" }], "safe integer"],
    ["a fractional kind", [{ kind: 4.5 }], "safe integer"],
    ["a number beyond the safe ones", [{ seq: 2n ** 53n }], "safe integer"],
    ["an empty number", [{ seq: "" }], "safe integer"],
    ["a hexadecimal number", [{ seq: "0x2" }], "safe integer"],
    ["a number with an exponent", [{ seq: "2e0" }], "safe integer"],
    ["a number of seventeen digits", [{ seq: "00000000000000002" }], "safe integer"],
    ["a number in an array", [{ kind: ["4"] as never }], "safe integer"],
    ["neither payload nor blob", [{ payload: null }], "row 2: it has neither payload nor blob"],
    ["both", [{ blob: new Uint8Array() }], "row 2: it has both payload and blob"],
    ["payload of a wrong type", [{ payload: 1 as never }], "row 2: it has a payload that is not text"],
    ["payload that is missing", [{ payload: undefined as never }], "row 2: it has a payload that is not text"],
    ["no version", [{ version: null }], "row 2: it has no version text"],
    ["a version of a wrong type", [{ version: 1 as never }], "row 2: it has no version text"],
    ["a lineage of a wrong type", [{ lineage: 1 as never }], "row 2: it has a lineage that is not text"],
    ["metadata without text", [{ kind: 2, version: null, payload: null }], "row 2: it is metadata without text"],
    [
      "metadata as bytes",
      [{ ...HEAD, kind: 2, payload: null, blob: new Uint8Array() }],
      "row 2: it is metadata without",
    ],
    ["metadata with a version", [{ ...HEAD, kind: 2, version: "v" }], "row 2: it is metadata with a version"],
    ["metadata with a lineage", [{ ...HEAD, kind: 2, lineage: "" }], "row 2: it is metadata with a version"],
    ["metadata with a blob", [{ ...HEAD, kind: 2, blob: new Uint8Array() }], "row 2: it is metadata with a version"],
    ["bad metadata", [{ ...HEAD, kind: 2, payload: "{}" }], "row 2: metadata: replicaType"],
    ["a middle piece alone", [{ ...LAST, kind: 7 }], "row 2: it continues a record, but none is open"],
    ["a last piece alone", [{ ...LAST }], "row 2: it continues a record, but none is open"],
    ["a last piece after a whole entry", [{}, { ...LAST }], "row 3: it continues a record, but none is open"],
    ["an entry inside a record", [BEGUN, {}], "row 3: it begins a record, but the one begun in row 2"],
    [
      "metadata inside a record",
      [BEGUN, { ...HEAD, kind: 2 }],
      "row 3: it begins a record, but the one begun in row 2",
    ],
    ["a record begun inside a record", [BEGUN, BEGUN], "row 3: it begins a record, but the one begun in row 2"],
    ["a piece with a version", [BEGUN, { ...LAST, version: "v" }], "row 3: it continues a record but has a version"],
    ["a piece with a lineage", [BEGUN, { ...LAST, lineage: "" }], "row 3: it continues a record but has a version"],
    ["an empty piece row", [BEGUN, { ...LAST, payload: null }], "row 3: it has neither payload nor blob"],
    [
      "bytes that continue text",
      [BEGUN, { ...LAST, payload: null, blob: new Uint8Array(1) }],
      "row 3: it has bytes but continues the text of row 2",
    ],
    [
      "text that continues bytes",
      [{ ...BEGUN, payload: null, blob: new Uint8Array(4) }, LAST],
      "row 3: it has text but continues the bytes of row 2",
    ],
  ]
  test.each(afterHead)("%s", (_name, changes, message) => {
    const rows = changes.map((change, at): StoredRow => ({ ...ENTRY, seq: at + 2, ...withoutOwnSeq(change) }))
    const assembler = new RecordAssembler()
    assembler.feed([HEAD])
    const error = thrown(() => assembler.feed(rows))
    expect(error).toBeInstanceOf(RowError)
    expect((error as Error).message).toContain(message)
  })

  test("the first row must be a head with a number from 1", () => {
    expect(() => new RecordAssembler().feed([ENTRY])).toThrow("row 2: it comes first but does not begin a generation")
    expect(() => new RecordAssembler().feed([{ ...HEAD, kind: 2 }])).toThrow(RowError)
    expect(() => new RecordAssembler().feed([{ ...HEAD, seq: 0 }])).toThrow(RowError)
    expect(() => new RecordAssembler().feed([{ ...HEAD, seq: -1 }])).toThrow(RowError)
    expect(new RecordAssembler().feed([{ ...HEAD, seq: 70 }]).records).toHaveLength(1)
  })

  test("a load that ends inside a record, or without rows", () => {
    const assembler = new RecordAssembler()
    expect(() => assembler.finish()).toThrow(new RowError("the document has no rows"))
    assembler.feed([HEAD, BEGUN])
    expect(() => assembler.finish()).toThrow(new RowError("row 2: it begins a record whose last piece is missing"))
    assembler.feed([LAST])
    assembler.finish()
  })
})

describe("after a throw the page can be read again", () => {
  test.each<[string, (text: string) => Pick<StoredRow, "payload" | "blob">, unknown]>([
    ["text", text => ({ payload: text, blob: null }), "abcdef"],
    ["bytes", text => ({ payload: null, blob: new TextEncoder().encode(text) }), new TextEncoder().encode("abcdef")],
  ])("behind the first piece of a record of %s", (_, data, expected) => {
    const assembler = new RecordAssembler()
    assembler.feed([HEAD, { ...BEGUN, ...data("ab") }])
    const middle = { ...LAST, kind: 7, ...data("cd") }
    expect(() => assembler.feed(failing([middle]))).toThrow("the driver failed")
    const { records } = assembler.feed([middle, { ...LAST, seq: 4, ...data("ef") }])
    expect(records).toMatchObject([{ payload: { data: expected } }])
  })

  test("wherever in the stream it failed", () => {
    fc.assert(
      fc.property(stream, pieceBytes, pageRows, fc.nat(), (records, limit, size, at) => {
        const assembler = new RecordAssembler()
        const rows = numbered(encodeStream(records, limit))
        const bad = at % rows.length
        const found = pages(rows, size).flatMap((page, number) => {
          const inside = bad - number * size
          if (inside >= 0 && inside < page.length) {
            const spoilt = page.map((row, position) => (position === inside ? { ...row, kind: 99 } : row))
            expect(() => assembler.feed(spoilt)).toThrow()
            expect(() => assembler.feed(failing(page.slice(0, inside + 1)))).toThrow("the driver failed")
          }
          return assembler.feed(page).records
        })
        expect(found).toStrictEqual(records)
      }),
    )
  })
})

describe("bytes", () => {
  test("counts what the completed records hold", () => {
    const assembler = new RecordAssembler()
    const rows = numbered(encodeStream([metaRecord(), binaryEntry(new Uint8Array(3_000_000)), jsonEntry("x")]))
    expect(assembler.feed(rows.slice(0, 3)).bytes).toBeLessThan(1000)
    const { bytes } = assembler.feed(rows.slice(3))
    expect(bytes).toBeGreaterThanOrEqual(3_000_000)
    expect(bytes).toBeLessThan(3_001_000)
    expect(new RecordAssembler().feed([]).bytes).toBe(0)
  })
})

function withoutOwnSeq(row: Partial<StoredRow>): Partial<StoredRow> {
  const { seq, ...rest } = row
  return typeof seq === "number" || seq === undefined ? rest : row
}

function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

function* failing(rows: readonly StoredRow[]): Iterable<StoredRow> {
  yield* rows
  throw new Error("the driver failed")
}
