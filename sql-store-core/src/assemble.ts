import type { StorePayload, StoreRecord } from "@holdfast/store-core"
import { joinBytes, joinText } from "./chunks.js"
import { decodeMeta, RowError, RowKind } from "./rows.js"

/** An integer as drivers give it: 64-bit columns come as bigint or text from some. */
export type StoredInteger = number | bigint | string

/** A row of the records table as a driver gives it. */
export interface StoredRow {
  readonly seq: StoredInteger
  readonly kind: StoredInteger
  readonly version: string | null
  readonly lineage: string | null
  readonly payload: string | null
  readonly blob: Uint8Array | ArrayBuffer | null
}

/**
 * A row is missing. Either the document was replaced or deleted between two pages (`STORE_LOAD_SUPERSEDED`), or the
 * rows are damaged (`STORE_CORRUPT`): the backend has to ask which.
 */
export class GapError extends Error {
  override readonly name = "GapError"
  readonly expected: number
  readonly found: number

  constructor(expected: number, found: number) {
    super(`row ${expected} is missing: row ${found} came instead`)
    this.expected = expected
    this.found = found
  }
}

/** The records completed by some rows, and about how much memory they take, in bytes. */
export interface AssembledRecords {
  readonly records: StoreRecord[]
  readonly bytes: number
}

/** A record whose last piece has not come yet. */
interface OpenRecord {
  readonly seq: number
  readonly kind: StorePayload["kind"]
  readonly version: string
  readonly lineage: string | null
  /** The pieces: of text, unless there are `blobs`. */
  readonly texts: string[]
  readonly blobs: Uint8Array[] | null
}

/** About what a record takes beside its text and bytes: its objects and the headers of its strings and buffer. */
const RECORD_BYTES = 200

/**
 * Makes records of a load's rows, fed in order and in pages cut anywhere, from the first row of a generation on.
 *
 * After a throw it is as it was before the call, so that the same page can be read again.
 */
export class RecordAssembler {
  #expected: number | null = null
  #open: OpenRecord | null = null

  /** The sequence number the next row must have; null before the first row, which may have any. */
  get expected(): number | null {
    return this.#expected
  }

  /**
   * Takes the next rows. Throws `GapError` when a row is missing and `RowError` when one makes no sense; an error of
   * the iteration itself passes through.
   */
  feed(rows: Iterable<StoredRow>): AssembledRecords {
    let expected = this.#expected
    let open = this.#open === null ? null : copyOpen(this.#open)
    const records: StoreRecord[] = []
    let bytes = 0
    for (const row of rows) {
      const seq = integer(row.seq)
      if (expected === null) checkStart(seq)
      else if (seq !== expected) throw new GapError(expected, seq)
      const kind = integer(row.kind)
      if ((kind === RowKind.head) !== (expected === null)) throw misplacedHead(seq, expected === null)
      expected = seq + 1

      let record: StoreRecord | null = null
      if (kind === RowKind.middle || kind === RowKind.last) {
        if (open === null) throw wrong(seq, "continues a record, but none is open")
        addPiece(open, row, seq)
        if (kind === RowKind.last) {
          record = joinOpen(open)
          open = null
        }
      } else if (open !== null) {
        throw wrong(seq, `begins a record, but the one begun in row ${open.seq} has no last piece`)
      } else if (kind === RowKind.entiretyContinued || kind === RowKind.sinceContinued) {
        open = beginOpen(row, seq, kind === RowKind.entiretyContinued ? "entirety" : "since")
      } else {
        record = wholeRecord(row, seq, kind)
      }
      if (record !== null) {
        records.push(record)
        bytes += recordBytes(record)
      }
    }
    this.#expected = expected
    this.#open = open
    return { records, bytes }
  }

  /** To be called after the load's last row: throws `RowError` when there was none, or a record is incomplete. */
  finish(): void {
    if (this.#expected === null) throw new RowError("the document has no rows")
    if (this.#open !== null) throw wrong(this.#open.seq, "begins a record whose last piece is missing")
  }
}

function wholeRecord(row: StoredRow, seq: number, kind: number): StoreRecord {
  if (kind === RowKind.since) return entry(row, seq, "since")
  if (kind === RowKind.entirety) return entry(row, seq, "entirety")
  if (kind === RowKind.head || kind === RowKind.meta) return metaRecord(row, seq)
  throw wrong(seq, `has the unknown kind ${kind}`)
}

function metaRecord(row: StoredRow, seq: number): StoreRecord {
  const { payload } = row
  if (typeof payload !== "string") throw wrong(seq, "is metadata without text")
  if (row.version !== null || row.lineage !== null || row.blob !== null) {
    throw wrong(seq, "is metadata with a version, lineage or blob")
  }
  try {
    return { kind: "meta", meta: decodeMeta(payload) }
  } catch (error) {
    throw new RowError(`row ${seq}: ${(error as RowError).message}`, { cause: error })
  }
}

function entry(row: StoredRow, seq: number, kind: StorePayload["kind"]): StoreRecord {
  const version = versionOf(row, seq)
  const lineage = lineageOf(row, seq)
  const data = dataOf(row, seq)
  return entryRecord(kind, typeof data === "string" ? data : owned(data), version, lineage)
}

function entryRecord(
  kind: StorePayload["kind"],
  data: string | Uint8Array,
  version: string,
  lineage: string | null,
): StoreRecord {
  const encoding = typeof data === "string" ? "json" : "binary"
  return lineage === null
    ? { kind: "entry", payload: { kind, encoding, data }, version }
    : { kind: "entry", payload: { kind, encoding, data, lineage }, version }
}

function beginOpen(row: StoredRow, seq: number, kind: StorePayload["kind"]): OpenRecord {
  const version = versionOf(row, seq)
  const lineage = lineageOf(row, seq)
  const data = dataOf(row, seq)
  if (typeof data === "string") return { seq, kind, version, lineage, texts: [data], blobs: null }
  // Stryker disable next-line ArrayDeclaration: nobody looks at the texts of a record of bytes
  return { seq, kind, version, lineage, texts: [], blobs: [data] }
}

function copyOpen(open: OpenRecord): OpenRecord {
  return { ...open, texts: open.texts.slice(), blobs: open.blobs?.slice() ?? null }
}

function addPiece(open: OpenRecord, row: StoredRow, seq: number): void {
  if (row.version !== null || row.lineage !== null) throw wrong(seq, "continues a record but has a version or lineage")
  const data = dataOf(row, seq)
  if (typeof data === "string") {
    if (open.blobs !== null) throw wrong(seq, `has text but continues the bytes of row ${open.seq}`)
    open.texts.push(data)
  } else {
    if (open.blobs === null) throw wrong(seq, `has bytes but continues the text of row ${open.seq}`)
    open.blobs.push(data)
  }
}

function joinOpen(open: OpenRecord): StoreRecord {
  const data = open.blobs === null ? joinText(open.texts) : joinBytes(open.blobs)
  return entryRecord(open.kind, data, open.version, open.lineage)
}

function versionOf(row: StoredRow, seq: number): string {
  if (typeof row.version !== "string") throw wrong(seq, "has no version text")
  return row.version
}

function lineageOf(row: StoredRow, seq: number): string | null {
  if (row.lineage !== null && typeof row.lineage !== "string") throw wrong(seq, "has a lineage that is not text")
  return row.lineage
}

/** The row's text, or its bytes as some view that may share its buffer with others. */
function dataOf(row: StoredRow, seq: number): string | Uint8Array {
  const { payload, blob } = row
  if (blob === null) {
    if (typeof payload === "string") return payload
    throw wrong(seq, payload === null ? "has neither payload nor blob" : "has a payload that is not text")
  }
  if (payload !== null) throw wrong(seq, "has both payload and blob")
  if (blob instanceof Uint8Array) return blob
  // The tag and not `instanceof` alone: under a test runner's own realm the driver's bytes are of another one.
  const tag: unknown = typeof blob === "object" ? blob[Symbol.toStringTag] : undefined
  if (tag === "ArrayBuffer" || (tag === "Uint8Array" && ArrayBuffer.isView(blob))) return new Uint8Array(blob)
  throw wrong(seq, "has a blob that is not bytes")
}

/** The bytes as a plain `Uint8Array` that owns exactly its buffer, copied only where they are not so already. */
function owned(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes
  if (bytes.byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return new Uint8Array(bytes)
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(buffer)
}

function recordBytes(record: StoreRecord): number {
  if (record.kind === "meta") return 2 * record.meta.schemaHash.length + RECORD_BYTES
  const { payload, version } = record
  const { data, lineage } = payload
  const text = version.length + (lineage === undefined ? 0 : lineage.length)
  return RECORD_BYTES + 2 * text + (typeof data === "string" ? 2 * data.length : data.length)
}

function integer(value: StoredInteger): number {
  if (Number.isSafeInteger(value)) return value as number
  if (typeof value === "bigint" || (typeof value === "string" && /^\d{1,16}$/.test(value))) {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
  }
  throw new RowError(
    `a row has ${typeof value} ${typeof value === "object" ? "" : String(value)} where a safe integer belongs`,
  )
}

function checkStart(seq: number): void {
  if (seq < 1) throw wrong(seq, "has a sequence number below 1")
}

function misplacedHead(seq: number, start: boolean): RowError {
  return wrong(seq, start ? "comes first but does not begin a generation" : "begins a generation inside another")
}

function wrong(seq: number, what: string): RowError {
  return new RowError(`row ${seq}: it ${what}`)
}
