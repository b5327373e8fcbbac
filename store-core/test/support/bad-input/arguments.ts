import type { StoreMeta, StorePayload, StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import { noise, oddNames, oddText } from "./odd-values.js"
import { bytesKinds, listKinds, objectKinds, type Shape } from "./shapes.js"

/** The documents most inputs are about, so that they meet. */
const IDS = ["a", "a/b", "\u{10ffff}", "__proto__"] as const

const plain = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Shape> => values.map(value => ({ plain: value }))
const anything: fc.Arbitrary<Shape> = fc.oneof(
  plain(noise),
  oddNames.map(odd => ({ odd })),
  plain(oddText),
  fc.constant("throws" as const),
)

/** `good` mostly; in one of about forty places anything instead. */
function mostly(good: fc.Arbitrary<Shape>, weight = 40): fc.Arbitrary<Shape> {
  return fc.oneof({ weight, arbitrary: good }, { weight: 1, arbitrary: anything })
}

/** Text, at times of about the length the contract allows. */
function textUpTo(limit: number): fc.Arbitrary<Shape> {
  const near = fc.record({
    repeat: fc.constantFrom("x", "\u00e9", "\u20ac", "\u{1f600}", '"'),
    times: fc.integer({ min: -1, max: 2 }),
  })
  const long = near.map(({ repeat, times }) => ({
    repeat,
    times: Math.floor(limit / Buffer.byteLength(repeat)) + times,
  }))
  return mostly(
    fc.oneof(
      { weight: 200, arbitrary: plain(fc.string({ maxLength: 6 })) },
      { weight: 40, arbitrary: plain(oddText) },
      { weight: limit > 2000 ? 1 : 10, arbitrary: long },
    ),
  )
}

function oneOf(...values: string[]): fc.Arbitrary<Shape> {
  return mostly(plain(fc.constantFrom(...values)), 80)
}

function object(fields: Readonly<Record<string, fc.Arbitrary<Shape>>>, required: string[]): fc.Arbitrary<Shape> {
  const all = fc.record({ fields: fc.record(fields), as: objectKinds, missing: fc.integer({ min: 0, max: 400 }) })
  const optional = Object.keys(fields).filter(name => !required.includes(name))
  return mostly(
    all.map(({ fields, as, missing }) => {
      // One of the required fields is missing now and then, an optional one in half of all cases.
      const drop = required[400 - missing] ?? (missing % 2 === 0 ? optional[0] : undefined)
      return { fields: Object.fromEntries(Object.entries(fields).filter(([name]) => name !== drop)), as }
    }),
  )
}

function list(items: fc.Arbitrary<Shape[]>): fc.Arbitrary<Shape> {
  return mostly(fc.record({ items, as: listKinds }))
}

const number = mostly(plain(fc.oneof(fc.constantFrom(0, 1, 2, -0, Number.MAX_SAFE_INTEGER), fc.nat(3))))

const metadata = object(
  {
    replicaType: list(
      fc.oneof(
        { weight: 20, arbitrary: fc.tuple(oneOf("text", "text", "text", "map"), oneNumber(), number) },
        { weight: 1, arbitrary: fc.array(number, { maxLength: 4 }) },
      ),
    ),
    syncMode: object(
      {
        writerModel: oneOf("serialized"),
        delivery: oneOf("delta-capable"),
        durability: oneOf("persistent", "persistent", "persistent", "persistent", "transient"),
      },
      ["writerModel", "delivery", "durability"],
    ),
    schemaHash: textUpTo(64 * 1024),
  },
  ["replicaType", "syncMode", "schemaHash"],
)

/** The major number: nearly always the same, or every second record would be refused for it. */
function oneNumber(): fc.Arbitrary<Shape> {
  return fc.oneof({ weight: 12, arbitrary: plain(fc.constant(1)) }, { weight: 1, arbitrary: number })
}

const bytes: fc.Arbitrary<Shape> = fc.record({
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
  as: bytesKinds,
})

const lineage = fc.oneof(
  { weight: 5, arbitrary: textUpTo(64 * 1024) },
  { weight: 1, arbitrary: plain(fc.constant(undefined)) },
)

function payload(encoding: string, data: fc.Arbitrary<Shape>): fc.Arbitrary<Shape> {
  return object({ kind: oneOf("entirety", "since"), encoding: oneOf(encoding), data, lineage }, [
    "kind",
    "encoding",
    "data",
  ])
}

const text = mostly(fc.oneof(plain(fc.string({ maxLength: 20 })), plain(oddText)))

const entry = object(
  {
    kind: oneOf("entry"),
    payload: fc.oneof(payload("json", text), payload("binary", mostly(bytes))),
    version: textUpTo(256 * 1024),
  },
  ["kind", "payload", "version"],
)

const metaRecord = object({ kind: oneOf("meta"), meta: metadata }, ["kind", "meta"])

export const records = {
  one: fc.oneof({ weight: 3, arbitrary: metaRecord }, { weight: 3, arbitrary: entry }),
  batch: list(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(metaRecord, fc.array(fc.oneof(entry, entry, metaRecord), { maxLength: 3 }))
          .map(all => all.flat()),
      },
      { weight: 1, arbitrary: fc.array(entry, { maxLength: 2 }) },
    ),
  ),
}

export const ids: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 12, arbitrary: plain(fc.constantFrom(...IDS)) },
  { weight: 2, arbitrary: textUpTo(1024) },
  { weight: 1, arbitrary: anything },
)

/** The judgement below is the contract's once more, written from SPEC.md on plain values; the store must agree with it. */
export function isId(value: unknown): value is string {
  return value !== "" && isText(value, 1024)
}

export function isText(value: unknown, limit: number): value is string {
  if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) return false
  return Buffer.byteLength(value) <= limit
}

/** The record as it must come back, or null when it must be refused. */
export function recordOf(value: unknown): StoreRecord | null {
  const { kind, payload, version, meta } = fieldsOf(value)
  if (kind === "meta") {
    const metadata = metaOf(meta)
    return metadata === null ? null : { kind, meta: metadata }
  }
  const content = payloadOf(payload)
  if (kind !== "entry" || content === null || !isText(version, 256 * 1024)) return null
  return { kind, payload: content, version }
}

function payloadOf(value: unknown): StorePayload | null {
  const { kind, encoding, data, lineage } = fieldsOf(value)
  if (kind !== "entirety" && kind !== "since") return null
  if (lineage !== undefined && !isText(lineage, 64 * 1024)) return null
  const rest = lineage === undefined ? {} : { lineage }
  if (encoding === "json" && isText(data, 64 * 1024 * 1024)) return { kind, encoding, data, ...rest }
  const isBytes = data instanceof Uint8Array
  return encoding === "binary" && isBytes ? { kind, encoding, data: Uint8Array.from(data), ...rest } : null
}

function metaOf(value: unknown): StoreMeta | null {
  const { replicaType, syncMode, schemaHash } = fieldsOf(value)
  const { writerModel, delivery, durability } = fieldsOf(syncMode)
  if (!Array.isArray(replicaType) || replicaType.length !== 3 || !isText(schemaHash, 64 * 1024)) return null
  const [name, major, minor] = replicaType as unknown[]
  if (!isText(name, 64 * 1024) || !isCount(major) || !isCount(minor)) return null
  if (writerModel !== "serialized" && writerModel !== "concurrent") return null
  if (delivery !== "delta-capable" && delivery !== "snapshot-only") return null
  if (durability !== "persistent" && durability !== "transient") return null
  const meta: StoreMeta = {
    replicaType: [name, major + 0, minor + 0],
    syncMode: { writerModel, delivery, durability },
    schemaHash,
  }
  return Buffer.byteLength(JSON.stringify(meta)) <= 64 * 1024 ? meta : null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
}
