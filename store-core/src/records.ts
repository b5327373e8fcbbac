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

/** Whose record is checked, for the error. */
export interface RecordOwner {
  readonly backend: string
  readonly docId: DocId
}

/**
 * A copy of a caller's record that nobody else holds, with the contract's properties only. Each property is read once,
 * so a getter cannot show one value to the check and another to the database. Bytes own their buffer, or lie in
 * `shared` where it is given.
 *
 * Throws `STORE_INVALID_RECORD` and `STORE_RECORD_TOO_LARGE`.
 */
export function copyRecord(value: unknown, owner: RecordOwner, shared: SharedBytes | null = null): StoreRecord {
  return guarded(owner, () => copy(value, owner, "record", shared))
}

/** Copies a `replace` batch; beyond `copyRecord`, throws `STORE_META_MISSING` unless the first record is a `meta`. */
export function copyRecords(value: unknown, owner: RecordOwner, shared: SharedBytes | null = null): StoreRecord[] {
  return guarded(owner, () => {
    if (!Array.isArray(value)) throw invalid(owner, "records", "an array of records", value)
    const records: StoreRecord[] = []
    const { length } = value
    for (let i = 0; i < length; i++) records.push(copy(value[i], owner, `records[${i}]`, shared))
    if (records[0]?.kind !== "meta") {
      const message = `Document ${showDocId(owner.docId)}: the first record of a replace is ${records.length === 0 ? "missing" : "an entry"}. Begin the batch with a meta record.`
      throw new StoreError("STORE_META_MISSING", message, owner)
    }
    return records
  })
}

/** About how many bytes a record takes in memory and in a statement. */
export function recordBytes(record: StoreRecord): number {
  if (record.kind === "meta") return 200 + record.meta.schemaHash.length
  return 100 + record.payload.data.length + record.version.length + (record.payload.lineage?.length ?? 0)
}

/** A caller's object may throw from a getter or be a revoked proxy: that is an invalid record, not a crash. */
function guarded<T>(owner: RecordOwner, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const message = `Document ${showDocId(owner.docId)}: the record could not be read. Pass plain objects, and bytes whose buffer is attached.`
    throw new StoreError("STORE_INVALID_RECORD", message, { ...owner, cause: error })
  }
}

function copy(value: unknown, owner: RecordOwner, at: string, shared: SharedBytes | null): StoreRecord {
  const record = properties(value, owner, at)
  const kind = record.kind
  if (kind === "entry") {
    const payload = copyPayload(record.payload, owner, `${at}.payload`, shared)
    return { kind, payload, version: text(record.version, RECORD_LIMITS.version, owner, `${at}.version`) }
  }
  if (kind === "meta") return { kind, meta: copyMeta(record.meta, owner, `${at}.meta`) }
  throw invalid(owner, `${at}.kind`, '"meta" or "entry"', kind)
}

function copyPayload(value: unknown, owner: RecordOwner, at: string, shared: SharedBytes | null): StorePayload {
  const payload = properties(value, owner, at)
  const kind = oneOf(payload.kind, ["entirety", "since"] as const, owner, `${at}.kind`)
  const encoding = oneOf(payload.encoding, ["json", "binary"] as const, owner, `${at}.encoding`)
  const raw = payload.data
  const data =
    encoding === "json" ? text(raw, RECORD_LIMITS.data, owner, `${at}.data`) : bytes(raw, owner, `${at}.data`, shared)
  const lineage = payload.lineage
  if (lineage === undefined) return { kind, encoding, data }
  return { kind, encoding, data, lineage: text(lineage, RECORD_LIMITS.lineage, owner, `${at}.lineage`) }
}

function copyMeta(value: unknown, owner: RecordOwner, at: string): StoreMeta {
  const meta = properties(value, owner, at)
  const replicaType = meta.replicaType
  if (!Array.isArray(replicaType) || replicaType.length !== 3) {
    throw invalid(owner, `${at}.replicaType`, "an array of name, major and minor number", replicaType)
  }
  const name = text(replicaType[0], RECORD_LIMITS.meta, owner, `${at}.replicaType[0]`)
  const major = versionNumber(replicaType[1], owner, `${at}.replicaType[1]`)
  const minor = versionNumber(replicaType[2], owner, `${at}.replicaType[2]`)
  const syncMode = copySyncMode(meta.syncMode, owner, `${at}.syncMode`)
  const schemaHash = text(meta.schemaHash, RECORD_LIMITS.meta, owner, `${at}.schemaHash`)
  const copied: StoreMeta = { replicaType: [name, major, minor], syncMode, schemaHash }
  // JSON writes a character as up to six; only a text that long can make the metadata too large.
  // Stryker disable next-line ConditionalExpression,EqualityOperator: counting comes to the same
  const short = (name.length + schemaHash.length) * 6 + 300 <= RECORD_LIMITS.meta
  if (!short && utf8LengthExceeds(JSON.stringify(copied), RECORD_LIMITS.meta)) {
    throw tooLarge(owner, `${at} (as JSON)`, RECORD_LIMITS.meta)
  }
  return copied
}

function copySyncMode(value: unknown, owner: RecordOwner, at: string): SyncMode {
  const mode = properties(value, owner, at)
  return {
    writerModel: oneOf(mode.writerModel, ["serialized", "concurrent"] as const, owner, `${at}.writerModel`),
    delivery: oneOf(mode.delivery, ["delta-capable", "snapshot-only"] as const, owner, `${at}.delivery`),
    durability: oneOf(mode.durability, ["persistent", "transient"] as const, owner, `${at}.durability`),
  }
}

function properties(value: unknown, owner: RecordOwner, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw invalid(owner, at, "an object", value)
  return value as Record<string, unknown>
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], owner: RecordOwner, at: string): T {
  for (const one of allowed) if (value === one) return one
  throw invalid(owner, at, allowed.map(one => `"${one}"`).join(" or "), value)
}

function versionNumber(value: unknown, owner: RecordOwner, at: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(owner, at, "a whole number from 0", value)
  // -0 would come back from JSON as 0.
  return (value as number) + 0
}

function text(value: unknown, limit: number, owner: RecordOwner, at: string): string {
  if (typeof value !== "string") throw invalid(owner, at, "a string", value)
  if (utf8LengthExceeds(value, limit)) throw tooLarge(owner, at, limit)
  if (!isStorableText(value)) throw invalid(owner, at, "well-formed text without U+0000", value)
  return value
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const tagOf = getter(Symbol.toStringTag)
const byteLengthOf = getter("byteLength")

/** The built-in getters, because an own property of the caller's array may say anything; they work across realms. */
function getter(name: string | symbol): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as (this: unknown) => unknown
}

function bytes(value: unknown, owner: RecordOwner, at: string, shared: SharedBytes | null): Uint8Array {
  if (tagOf.call(value) !== "Uint8Array") throw invalid(owner, at, "a Uint8Array", value)
  const length = byteLengthOf.call(value) as number
  if (length > RECORD_LIMITS.data) throw tooLarge(owner, at, RECORD_LIMITS.data)
  // Both throw when the buffer is detached; shared memory is copied into a buffer of our own.
  return shared === null ? new Uint8Array(value as Uint8Array) : shared.copy(value as Uint8Array, length)
}

function invalid(owner: RecordOwner, at: string, expected: string, found: unknown): StoreError {
  const message = `Document ${showDocId(owner.docId)}: ${at} must be ${expected}, but is ${show(found)}.`
  return new StoreError("STORE_INVALID_RECORD", message, owner)
}

function tooLarge(owner: RecordOwner, at: string, limit: number): StoreError {
  const message = `Document ${showDocId(owner.docId)}: ${at} is larger than ${limit} bytes. Split it, or keep it outside and store a reference.`
  return new StoreError("STORE_RECORD_TOO_LARGE", message, owner)
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
