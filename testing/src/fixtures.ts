import type { StoreMeta, StorePayload, StoreRecord } from "@holdfast/store-core"

/** A record of kind `meta`. */
export type MetaRecord = Extract<StoreRecord, { kind: "meta" }>
/** A record of kind `entry`. */
export type EntryRecord = Extract<StoreRecord, { kind: "entry" }>

/** Valid metadata, with what `overrides` says instead. A new object each time. */
export function meta(overrides: Partial<StoreMeta> = {}): StoreMeta {
  return {
    replicaType: ["text", 1, 0],
    syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "schema-1",
    ...overrides,
  }
}

/** A valid `meta` record. */
export function metaRecord(overrides: Partial<StoreMeta> = {}): MetaRecord {
  return { kind: "meta", meta: meta(overrides) }
}

/** What an entry may have beside its data. `lineage` is absent unless given. */
export interface EntryOptions {
  readonly kind?: StorePayload["kind"]
  readonly version?: string
  readonly lineage?: string
}

/** A valid text entry: a number becomes a small piece of JSON, a string is the data as it is. */
export function entry(data: number | string, options: EntryOptions = {}): EntryRecord {
  const text = typeof data === "number" ? `{"n":${data}}` : data
  return record("json", text, { version: typeof data === "number" ? `v${data}` : "v", ...options })
}

/** A valid entry of bytes; the array goes in as it is, not copied. */
export function binaryEntry(bytes: Uint8Array, options: EntryOptions = {}): EntryRecord {
  return record("binary", bytes, options)
}

function record(encoding: StorePayload["encoding"], data: string | Uint8Array, options: EntryOptions): EntryRecord {
  const { kind = "since", version = "v", lineage } = options
  const payload: StorePayload = lineage === undefined ? { kind, encoding, data } : { kind, encoding, data, lineage }
  return { kind: "entry", payload, version }
}

/** Entries `from`, `from + 1`, … as `entry` makes them. */
export function entries(count: number, from = 1): EntryRecord[] {
  return Array.from({ length: count }, (_, i) => entry(from + i))
}

/** A source of randomness that says the same again for the same seed. */
export interface Random {
  /** A whole number of at least `min` and at most `max`. */
  int(min: number, max: number): number
  /** Whether an event of this probability (0 to 1) happens. */
  chance(probability: number): boolean
  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array
  /** Well-formed text of `length` code points without U+0000, with unusual ones among them. */
  text(length: number): string
}

/** mulberry32: small, fast and good enough to choose test data with. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new RangeError("pick from nothing")
    return items[int(0, items.length - 1)] as T
  }
  return {
    int,
    chance: probability => next() < probability,
    pick,
    bytes: length => Uint8Array.from({ length }, () => int(0, 255)),
    text: length => Array.from({ length }, () => codePoint(int, pick)).join(""),
  }
}

/** Half of them ordinary letters: text that is odd throughout hides what mixing does. */
function codePoint(int: Random["int"], pick: Random["pick"]): string {
  if (int(0, 1) === 0) return String.fromCharCode(int(0x61, 0x7a))
  if (int(0, 1) === 0) return pick(ODD)
  const point = int(1, 0x10ffff - 0x800)
  return String.fromCodePoint(point < 0xd800 ? point : point + 0x800)
}

/** Code points where encodings, collations, quoting or patterns go wrong. */
const ODD: readonly string[] = [
  ..."\u0001\t\n\r\u001f \"'%_\\/*?[]`;:$\u007f\u0080\u00a0\u00df\u00e9\u00ff\u0130\u0131",
  ..."\u0301\u07ff\u0800\u200b\u200d\u202e\u2028\ud7ff\ue000\ufeff\ufffd\uffff\u{10000}\u{1f600}\u{10ffff}",
]

/** Ids that are valid, all different, and that some database, collation or driver is known to confuse or refuse. */
export const nastyIds: readonly string[] = [
  " ",
  "  ",
  " a",
  "a ",
  "a",
  "A",
  "\u0001",
  "\t",
  "a\nb",
  "\r\n",
  "\u007f",
  "\u0080",
  "%",
  "_",
  "\\",
  "\\\\",
  "a%",
  "a_",
  "[a]",
  "*",
  "?",
  "'",
  "''",
  '"',
  "`",
  "'; DROP TABLE holdfast_records; --",
  "$1",
  "?1",
  ":id",
  "@id",
  "{}",
  "null",
  "undefined",
  "NaN",
  "true",
  "0",
  "00",
  "1",
  "1.0",
  "1e3",
  "-0",
  "9007199254740993",
  "x'00'",
  "\\x00",
  "\\u0000",
  ".",
  "..",
  "../..",
  "/",
  "//",
  "a/b",
  "a/b/",
  "C:\\x",
  "con",
  "a:b",
  "a?b#c",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "i",
  "I",
  "\u0130",
  "\u0131",
  "ss",
  "\u00df",
  "\u1e9e",
  "\u00e9",
  "e\u0301",
  "\u212b",
  "\u00c5",
  "A\u030a",
  "\ufb01",
  "fi",
  "\u00a0",
  "\u200b",
  "\u200d",
  "\u202eabc",
  "\u2028",
  "\ufeff",
  "\ufeffa",
  "\ud7ff",
  "\ue000",
  "\ufffd",
  "\ufffe",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
  "\u{1f469}\u200d\u{1f4bb}",
  "\u{10ffff}",
  "a\u{10ffff}",
  "x".repeat(1024),
  "\u00e9".repeat(512),
  "\u{1f600}".repeat(256),
]

/** A short name for the content of bytes or text (64-bit FNV-1a), to compare large data without keeping both. */
export function contentHash(data: string | Uint8Array): string {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data
  let low = 0x811c9dc5
  let high = 0xcbf29ce4
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, 0x01000193) >>> 0
    high = Math.imul(high ^ byte ^ (low & 0xff), 0x01000193) >>> 0
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0")
}
