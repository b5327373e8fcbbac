import type { StoreMeta, StorePayload, StoreRecord } from "@holdfast/store-core"
import { cutBytes, cutText } from "./chunks.js"
import { PIECE_BYTES } from "./limits.js"

/**
 * What a row of the records table is, in its column `kind`. Part of the format: a number never changes its meaning, and
 * numbers not named here are free for later minors.
 *
 * A record is one row, or a row that says "continued", any number of middle pieces and a last piece, in consecutive
 * rows written by one transaction.
 */
export const RowKind = {
  /** The first row of a generation: the metadata a document was created or replaced with. */
  head: 1,
  /** Metadata stored later. */
  meta: 2,
  /** An entry of kind `"entirety"`, whole. */
  entirety: 3,
  /** An entry of kind `"since"`, whole. */
  since: 4,
  /** The first piece of an `"entirety"`. */
  entiretyContinued: 5,
  /** The first piece of a `"since"`. */
  sinceContinued: 6,
  /** A piece that is neither first nor last. */
  middle: 7,
  /** The last piece. */
  last: 8,
} as const

/**
 * A row of the records table without its key.
 *
 * Metadata: `payload` has it as JSON, the rest is null. Entries: `version`, `lineage` (null when absent) and either
 * text in `payload` or bytes in `blob`. Middle and last pieces: only `payload` or `blob`, as in the row they continue.
 */
export interface Row {
  readonly kind: number
  readonly version: string | null
  readonly lineage: string | null
  readonly payload: string | null
  readonly blob: Uint8Array | null
}

/** Stored rows or metadata make no sense. Backends report it as `STORE_CORRUPT`, naming the document. */
export class RowError extends Error {
  override readonly name = "RowError"
}

/**
 * The rows of one record, the payload in pieces of at most `pieceBytes`. `first` says that the record begins a
 * generation, which only metadata does. Blobs are views of the record's bytes, not copies.
 */
export function encodeRecord(record: StoreRecord, first: boolean, pieceBytes = PIECE_BYTES): Row[] {
  const rows: Row[] = []
  pushRecord(rows, record, first, pieceBytes)
  return rows
}

/** `encodeRecord` into a list that is there already: a group has thousands of records of one row each. */
export function pushRecord(rows: Row[], record: StoreRecord, first: boolean, pieceBytes = PIECE_BYTES): void {
  if (record.kind === "meta") {
    const kind = first ? RowKind.head : RowKind.meta
    rows.push({ kind, version: null, lineage: null, payload: encodeMeta(record.meta), blob: null })
    return
  }
  if (first) throw new TypeError("A generation begins with metadata, not with an entry")
  const whole = wholeRow(record, pieceBytes)
  // Stryker disable next-line ConditionalExpression,BlockStatement: what is one piece also comes the long way
  if (whole !== null) {
    rows.push(whole)
    return
  }
  const { payload, version } = record
  const { data } = payload
  if (typeof data === "string") {
    const pieces = cutText(data, pieceBytes)
    for (let at = 0; at < pieces.length; at++) {
      rows.push(entryRow(payload, version, at, pieces.length, pieces[at] as string, null))
    }
  } else {
    const pieces = cutBytes(data, pieceBytes)
    for (let at = 0; at < pieces.length; at++) {
      rows.push(entryRow(payload, version, at, pieces.length, null, pieces[at] as Uint8Array))
    }
  }
}

/**
 * The row of an entry that is one row, as nearly all are; null for metadata and for what may take more. Lone appends and
 * groups of thousands are spared a list for each.
 */
export function wholeRow(record: StoreRecord, pieceBytes = PIECE_BYTES): Row | null {
  if (record.kind === "meta") return null
  const { payload, version } = record
  const { data } = payload
  // Stryker disable ConditionalExpression,EqualityOperator,ArithmeticOperator: the caller then goes the long way
  if (typeof data === "string")
    return data.length * 3 <= pieceBytes ? entryRow(payload, version, 0, 1, data, null) : null
  return data.length <= pieceBytes ? entryRow(payload, version, 0, 1, null, data) : null
  // Stryker restore all
}

function entryRow(
  entry: StorePayload,
  version: string,
  at: number,
  of: number,
  payload: string | null,
  blob: Uint8Array | null,
): Row {
  if (at > 0) {
    return { kind: at === of - 1 ? RowKind.last : RowKind.middle, version: null, lineage: null, payload, blob }
  }
  return { kind: entryKind(entry.kind, of > 1), version, lineage: entry.lineage ?? null, payload, blob }
}

function entryKind(kind: StorePayload["kind"], continued: boolean): number {
  if (kind === "entirety") return continued ? RowKind.entiretyContinued : RowKind.entirety
  return continued ? RowKind.sinceContinued : RowKind.since
}

/** Metadata as it is stored, in the meta table and in the stream: JSON with the properties in a fixed order. */
export function encodeMeta(meta: StoreMeta): string {
  return JSON.stringify(copyMeta(meta))
}

/** The text and the result of the last `decodeMeta`; the result is never handed out. */
let lastText: string | null = null
let lastMeta: StoreMeta | null = null

/**
 * Stored metadata; every call returns objects of its own. Properties that are not of this format's minor are dropped.
 *
 * Throws `RowError` when the text is not metadata.
 */
export function decodeMeta(text: string): StoreMeta {
  // Documents of one application mostly carry the same metadata; comparing and copying is cheaper than parsing.
  // Stryker disable next-line ConditionalExpression,EqualityOperator: parsing comes to the same
  if (lastMeta === null || text !== lastText) {
    lastMeta = parseMeta(text)
    lastText = text
  }
  return copyMeta(lastMeta)
}

function copyMeta(meta: StoreMeta): StoreMeta {
  const { replicaType, syncMode } = meta
  return {
    replicaType: [replicaType[0], replicaType[1], replicaType[2]],
    syncMode: {
      writerModel: syncMode.writerModel,
      delivery: syncMode.delivery,
      durability: syncMode.durability,
    },
    schemaHash: meta.schemaHash,
  }
}

function parseMeta(text: string): StoreMeta {
  const meta = parseJson(text)
  if (!isObject(meta)) throw new RowError("metadata is not a JSON object")
  const { replicaType, syncMode, schemaHash } = meta
  if (!isReplicaType(replicaType))
    throw new RowError("metadata: replicaType is not a name and two whole numbers from 0")
  if (!isSyncMode(syncMode)) throw new RowError("metadata: syncMode is not one of the contract")
  if (typeof schemaHash !== "string") throw new RowError("metadata: schemaHash is not a string")
  return copyMeta({ replicaType, syncMode, schemaHash })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RowError("metadata is not JSON", { cause })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isReplicaType(value: unknown): value is StoreMeta["replicaType"] {
  if (!Array.isArray(value) || value.length !== 3) return false
  const parts: readonly unknown[] = value
  return typeof parts[0] === "string" && isCount(parts[1]) && isCount(parts[2])
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isSyncMode(value: unknown): value is StoreMeta["syncMode"] {
  if (!isObject(value)) return false
  const { writerModel, delivery, durability } = value
  return (
    (writerModel === "serialized" || writerModel === "concurrent") &&
    (delivery === "delta-capable" || delivery === "snapshot-only") &&
    (durability === "persistent" || durability === "transient")
  )
}
