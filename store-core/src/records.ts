import { StoreError, showDocId } from "./errors.js"
import type { SharedBytes } from "./shared-bytes.js"
import type { DocId, StoreMeta, StorePayload, StoreRecord, SyncMode } from "./store.js"
import { isStorableText, utf8LengthExceeds } from "./text.js"

/** The limits of RECORD-5, in bytes; text counts in UTF-8. */
export const RECORD_LIMITS = {
  data: 64 * 1024 * 1024,
  version: 256 * 1024,
  lineage: 64 * 1024,
  meta: 64 * 1024,
} as const

const PAYLOAD_KINDS = ["entirety", "since"] as const
const ENCODINGS = ["json", "binary"] as const
const WRITER_MODELS = ["serialized", "concurrent"] as const
const DELIVERIES = ["delta-capable", "snapshot-only"] as const
const DURABILITIES = ["persistent", "transient"] as const

/** Whose record is checked, for the error. */
export interface RecordOwner {
  readonly backend: string
  readonly docId: DocId
}

/** Which record is checked. Names of its properties are joined to `at` in an error only, not for every good record. */
interface Place extends RecordOwner {
  readonly at: string
}

/**
 * A copy of a caller's record that nobody else holds, with the contract's properties only. Each property is read once,
 * so a getter cannot show one value to the check and another to the database. Bytes own their buffer, or lie in
 * `shared` where it is given.
 *
 * Throws `STORE_INVALID_RECORD` and `STORE_RECORD_TOO_LARGE`.
 */
export function copyRecord(value: unknown, owner: RecordOwner, shared: SharedBytes | null = null): StoreRecord {
  try {
    return copy(value, placeOf(owner, "record"), shared)
  } catch (error) {
    throw unreadable(owner, error)
  }
}

/** Copies a `replace` batch; beyond `copyRecord`, throws `STORE_META_MISSING` unless the first record is a `meta`. */
export function copyRecords(value: unknown, owner: RecordOwner, shared: SharedBytes | null = null): StoreRecord[] {
  try {
    return copyAll(value, owner, shared)
  } catch (error) {
    throw unreadable(owner, error)
  }
}

function copyAll(value: unknown, owner: RecordOwner, shared: SharedBytes | null): StoreRecord[] {
  if (!Array.isArray(value)) throw invalid(placeOf(owner, "records"), "", "an array of records", value)
  const records: StoreRecord[] = []
  const { length } = value
  for (let i = 0; i < length; i++) records.push(copy(value[i], placeOf(owner, `records[${i}]`), shared))
  if (records[0]?.kind !== "meta") {
    const message = `Document ${showDocId(owner.docId)}: the first record of a replace is ${records.length === 0 ? "missing" : "an entry"}. Begin the batch with a meta record.`
    throw new StoreError("STORE_META_MISSING", message, owner)
  }
  return records
}

function placeOf({ backend, docId }: RecordOwner, at: string): Place {
  return { backend, docId, at }
}

/** About how many bytes a record takes in memory and in a statement. */
export function recordBytes(record: StoreRecord): number {
  if (record.kind === "meta") return 200 + record.meta.schemaHash.length
  return 100 + record.payload.data.length + record.version.length + (record.payload.lineage?.length ?? 0)
}

/** A caller's object may throw from a getter or be a revoked proxy: that is an invalid record, not a crash. */
function unreadable(owner: RecordOwner, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const message = `Document ${showDocId(owner.docId)}: the record could not be read. Pass plain objects, and bytes whose buffer is attached.`
  return new StoreError("STORE_INVALID_RECORD", message, { ...owner, cause: error })
}

function copy(value: unknown, place: Place, shared: SharedBytes | null): StoreRecord {
  const record = properties(value, place, "")
  const kind = record.kind
  if (kind === "entry") {
    const payload = copyPayload(record.payload, place, shared)
    return { kind, payload, version: text(record.version, RECORD_LIMITS.version, place, ".version") }
  }
  if (kind === "meta") return { kind, meta: copyMeta(record.meta, place) }
  throw invalid(place, ".kind", '"meta" or "entry"', kind)
}

function copyPayload(value: unknown, place: Place, shared: SharedBytes | null): StorePayload {
  const payload = properties(value, place, ".payload")
  const kind = oneOf(payload.kind, PAYLOAD_KINDS, place, ".payload.kind")
  const encoding = oneOf(payload.encoding, ENCODINGS, place, ".payload.encoding")
  const raw = payload.data
  const data =
    encoding === "json"
      ? text(raw, RECORD_LIMITS.data, place, ".payload.data")
      : bytes(raw, place, ".payload.data", shared)
  const lineage = payload.lineage
  if (lineage === undefined) return { kind, encoding, data }
  return { kind, encoding, data, lineage: text(lineage, RECORD_LIMITS.lineage, place, ".payload.lineage") }
}

function copyMeta(value: unknown, place: Place): StoreMeta {
  const meta = properties(value, place, ".meta")
  const replicaType = meta.replicaType
  if (!Array.isArray(replicaType) || replicaType.length !== 3) {
    throw invalid(place, ".meta.replicaType", "an array of name, major and minor number", replicaType)
  }
  const name = text(replicaType[0], RECORD_LIMITS.meta, place, ".meta.replicaType[0]")
  const major = versionNumber(replicaType[1], place, ".meta.replicaType[1]")
  const minor = versionNumber(replicaType[2], place, ".meta.replicaType[2]")
  const syncMode = copySyncMode(meta.syncMode, place)
  const schemaHash = text(meta.schemaHash, RECORD_LIMITS.meta, place, ".meta.schemaHash")
  const copied: StoreMeta = { replicaType: [name, major, minor], syncMode, schemaHash }
  // JSON writes a character as up to six; only a text that long can make the metadata too large.
  // Stryker disable next-line ConditionalExpression,EqualityOperator: counting comes to the same
  const short = (name.length + schemaHash.length) * 6 + 300 <= RECORD_LIMITS.meta
  if (!short && utf8LengthExceeds(JSON.stringify(copied), RECORD_LIMITS.meta)) {
    throw tooLarge(place, ".meta (as JSON)", RECORD_LIMITS.meta)
  }
  return copied
}

function copySyncMode(value: unknown, place: Place): SyncMode {
  const mode = properties(value, place, ".meta.syncMode")
  return {
    writerModel: oneOf(mode.writerModel, WRITER_MODELS, place, ".meta.syncMode.writerModel"),
    delivery: oneOf(mode.delivery, DELIVERIES, place, ".meta.syncMode.delivery"),
    durability: oneOf(mode.durability, DURABILITIES, place, ".meta.syncMode.durability"),
  }
}

function properties(value: unknown, place: Place, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw invalid(place, name, "an object", value)
  return value as Record<string, unknown>
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], place: Place, name: string): T {
  for (const one of allowed) if (value === one) return one
  throw invalid(place, name, allowed.map(one => `"${one}"`).join(" or "), value)
}

function versionNumber(value: unknown, place: Place, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(place, name, "a whole number from 0", value)
  // -0 would come back from JSON as 0.
  return (value as number) + 0
}

function text(value: unknown, limit: number, place: Place, name: string): string {
  if (typeof value !== "string") throw invalid(place, name, "a string", value)
  if (utf8LengthExceeds(value, limit)) throw tooLarge(place, name, limit)
  if (!isStorableText(value)) throw invalid(place, name, "well-formed text without U+0000", value)
  return value
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const tagOf = getter(Symbol.toStringTag)
const byteLengthOf = getter("byteLength")

/** The built-in getters, because an own property of the caller's array may say anything; they work across realms. */
function getter(name: string | symbol): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as (this: unknown) => unknown
}

function bytes(value: unknown, place: Place, name: string, shared: SharedBytes | null): Uint8Array {
  if (tagOf.call(value) !== "Uint8Array") throw invalid(place, name, "a Uint8Array", value)
  const length = byteLengthOf.call(value) as number
  if (length > RECORD_LIMITS.data) throw tooLarge(place, name, RECORD_LIMITS.data)
  // Both throw when the buffer is detached; shared memory is copied into a buffer of our own.
  return shared === null ? new Uint8Array(value as Uint8Array) : shared.copy(value as Uint8Array, length)
}

function invalid(place: Place, name: string, expected: string, found: unknown): StoreError {
  const { backend, docId, at } = place
  const message = `Document ${showDocId(docId)}: ${at}${name} must be ${expected}, but is ${show(found)}.`
  return new StoreError("STORE_INVALID_RECORD", message, { backend, docId })
}

function tooLarge(place: Place, name: string, limit: number): StoreError {
  const { backend, docId, at } = place
  const message = `Document ${showDocId(docId)}: ${at}${name} is larger than ${limit} bytes. Split it, or keep it outside and store a reference.`
  return new StoreError("STORE_RECORD_TOO_LARGE", message, { backend, docId })
}

/** Says what was found without calling anything of the caller's object. */
function show(value: unknown): string {
  if (typeof value === "string")
    return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined)
    return String(value)
  if (Array.isArray(value)) return "an array"
  if (typeof value === "object") return "an object of another kind"
  return `a ${typeof value}`
}
