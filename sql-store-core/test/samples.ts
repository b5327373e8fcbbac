import type { StoreMeta, StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import type { Row } from "../src/rows.js"

export const META: StoreMeta = {
  replicaType: ["yjs", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "h1",
}

export const META_JSON =
  '{"replicaType":["yjs",1,0],"syncMode":{"writerModel":"concurrent","delivery":"delta-capable",' +
  '"durability":"persistent"},"schemaHash":"h1"}'

export function metaRecord(schemaHash = "h1"): StoreRecord {
  return { kind: "meta", meta: { ...META, schemaHash } }
}

export function jsonEntry(data: string, version = "v"): StoreRecord {
  return { kind: "entry", payload: { kind: "since", encoding: "json", data }, version }
}

export function binaryEntry(data: Uint8Array, version = "v"): StoreRecord {
  return { kind: "entry", payload: { kind: "entirety", encoding: "binary", data }, version }
}

/** Well-formed text of all planes, without U+0000, as the contract admits it. */
export const text = fc
  .oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }))
  .map(value => value.replaceAll("\0", ""))

/** So that records can be compared strictly, prototypes included. */
const PLAIN = { noNullPrototype: true }

const number = fc.maxSafeNat()

export const meta: fc.Arbitrary<StoreMeta> = fc.record(
  {
    replicaType: fc.tuple(text, number, number),
    syncMode: fc.record(
      {
        writerModel: fc.constantFrom("serialized", "concurrent"),
        delivery: fc.constantFrom("delta-capable", "snapshot-only"),
        durability: fc.constantFrom("persistent", "transient"),
      },
      PLAIN,
    ),
    schemaHash: text,
  },
  PLAIN,
)

const kind = fc.constantFrom("entirety", "since")

const payload = fc.oneof(
  fc.record(
    { kind, encoding: fc.constant("json" as const), data: text, lineage: text },
    { requiredKeys: ["kind", "encoding", "data"], noNullPrototype: true },
  ),
  fc.record(
    { kind, encoding: fc.constant("binary" as const), data: fc.uint8Array({ maxLength: 60 }), lineage: text },
    { requiredKeys: ["kind", "encoding", "data"], noNullPrototype: true },
  ),
)

export const entry: fc.Arbitrary<StoreRecord> = fc.record(
  {
    kind: fc.constant("entry" as const),
    payload,
    version: text,
  },
  PLAIN,
)

export const metaRecords: fc.Arbitrary<StoreRecord> = meta.map(value => ({ kind: "meta", meta: value }))

/** The records of a document: metadata first, then anything. */
export const stream: fc.Arbitrary<StoreRecord[]> = fc
  .tuple(metaRecords, fc.array(fc.oneof({ weight: 4, arbitrary: entry }, { weight: 1, arbitrary: metaRecords })))
  .map(([first, rest]) => [first, ...rest])

/** Rows as a driver gives them, numbered from `first`. */
export function numbered(rows: readonly Row[], first = 1): (Row & { seq: number })[] {
  return rows.map((row, at) => ({ seq: first + at, ...row }))
}
