import type { StoredRow } from "@holdfast/sql-store-core"

/** Of a row beside its number, in order. */
export const COLUMNS = ["kind", "version", "lineage", "payload", "blob"]
const SIZED = COLUMNS.slice(1)

/** Stand where the kind and the lengths do. Their first half is a mark that no kind makes, with a version as short as the usual ones. */
const MARK = -1
const RECORD = -1
const LEFT_OUT = -2
const VERSION_BELOW = 0x8000

/**
 * The rows of a page as one value: all of them, one behind the other in whatever order, each with its number
 * in front. In base64 it is for `unpackedRows`: a driver makes strings of every column of every row it gets, which costs more than
 * all the rest of reading a page; and this comes the same whatever `bytea_output` says. Texts come in the encoding of the
 * client, whose lengths are those that the server tells because both are UTF-8.
 *
 * Most rows have a version and bytes, and neither lineage nor payload. Those follow behind one integer with the kind and both lengths, because
 * every function that the server calls for a row shows; the columns of others as `record_send` packs them, in few words, because
 * those are read and planned each time.
 *
 * @param below How many bytes no column must have: of larger rows only the number and a mark are packed.
 */
export function packedRows(row: string, below?: string): string {
  const columns = COLUMNS.map(column => `${row}.${column}`)
  const [kind, version, lineage, payload, blob] = columns
  const [versionBytes, blobBytes] = [`octet_length(${version})`, `octet_length(${blob})`]
  const head = `(${kind}::int8 << 48) + (${versionBytes}::int8 << 32) + ${blobBytes}`
  const usual = `int8send(${head}) || textsend(${version}) || ${blob}`
  const record = `int8send(${RECORD}) || record_send(ROW(${columns.join(", ")}))`
  const isUsual = `${kind} IS NOT NULL AND ${lineage} IS NULL AND ${payload} IS NULL AND ${versionBytes} < ${VERSION_BELOW}`
  const largest = `greatest(${SIZED.map(column => `octet_length(${row}.${column})`).join(", ")})`
  const values =
    below === undefined
      ? `WHEN ${isUsual} AND ${blob} IS NOT NULL THEN ${usual} ELSE ${record}`
      : `WHEN ${isUsual} AND ${blobBytes} < ${below} THEN ${usual} WHEN ${largest} < ${below} THEN ${record} ELSE int8send(${LEFT_OUT})`
  return `string_agg(int8send(${row}.seq) || CASE ${values} END, '')`
}

/** A document as one value, for `unpackedDocument`: its place among those asked for (from 1), then the rows. */
export function packedDocument(place: string, rows: string): string {
  return `encode(int4send(${place}::int4) || coalesce(${rows}, ''), 'base64')`
}

/** A document's first page: between its place and the rows its number, and that of its last row (0 without rows). */
export function packedPage(place: string, doc: string, last: string, rows: string): string {
  return packedDocument(place, `int8send(${doc}) || int8send(coalesce(${last}, 0)) || coalesce(${rows}, '')`)
}

/** How many bytes the columns of a row have. */
export function sizeOf(row: string): string {
  return SIZED.map(column => `coalesce(octet_length(${row}.${column}), 0)`).join(" + ")
}

/**
 * The smaller pages are taken apart here, each before anything else runs: a buffer for each would be a good part of the work.
 */
const SCRATCH = new Uint8Array(64 * 1024)

export interface UnpackedDocument {
  /** Its place among those asked for, from 0. */
  readonly at: number
  /** As of `unpackedRows`. */
  readonly rows: StoredRow[]
}

export interface UnpackedPage extends UnpackedDocument {
  readonly doc: number
  /** The number of the document's last row, null without rows. */
  readonly last: number | null
}

/** What `packedDocument` packed. */
export function unpackedDocument(packed: string): UnpackedDocument {
  const { bytes, size } = decoded(packed)
  return { at: placeOf(new DataView(bytes.buffer)), rows: rowsOf(bytes, 4, size) }
}

/** What `packedPage` packed. */
export function unpackedPage(packed: string): UnpackedPage {
  const { bytes, size } = decoded(packed)
  const view = new DataView(bytes.buffer)
  const last = int8(view, 12)
  return { at: placeOf(view), doc: int8(view, 4), last: last === 0 ? null : last, rows: rowsOf(bytes, 20, size) }
}

function placeOf(view: DataView): number {
  return view.getInt32(0) - 1
}

/** The rows that `packedRows` packed, in order; their bytes have buffers of their own. None when one was left out. */
export function unpackedRows(packed: string): StoredRow[] {
  const { bytes, size } = decoded(packed)
  return rowsOf(bytes, 0, size)
}

function rowsOf(bytes: Uint8Array<ArrayBuffer>, start: number, size: number): StoredRow[] {
  const view = new DataView(bytes.buffer)
  const rows: NumberedRow[] = []
  let last = Number.NEGATIVE_INFINITY
  let isSorted = true
  for (let at = start; at < size; ) {
    const seq = int8(view, at)
    const head = view.getInt32(at + 8)
    const tail = view.getInt32(at + 12)
    if (head === MARK && tail === LEFT_OUT) return []
    isSorted &&= seq > last
    last = seq
    if (head === MARK) {
      at = pushRecord(rows, seq, bytes, view, at + 16)
      continue
    }
    const version = at + 16
    const blob = version + (head & 0xffff)
    const end = blob + tail
    rows.push({
      seq,
      kind: head >> 16,
      version: textOf(bytes, version, blob),
      lineage: null,
      payload: null,
      blob: bytes.slice(blob, end),
    })
    at = end
  }
  // The server reads them along the index as a rule; having it sort them would take longer than the look whether it did.
  return isSorted ? rows : rows.sort((a, b) => a.seq - b.seq)
}

interface NumberedRow extends StoredRow {
  readonly seq: number
}

/** Takes apart what `record_send` packed: how many columns, then the type, length (-1: NULL) and bytes of each. Returns its end. */
function pushRecord(
  rows: NumberedRow[],
  seq: number,
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  start: number,
): number {
  let end = start + 4
  const next = <T>(take: (bytes: Uint8Array<ArrayBuffer>, from: number, to: number) => T): T | null => {
    const length = view.getInt32(end + 4)
    const from = end + 8
    end = from + Math.max(0, length)
    return length < 0 ? null : take(bytes, from, end)
  }
  rows.push({
    seq,
    kind: next((_, from) => view.getInt16(from)) as number,
    version: next(textOf),
    lineage: next(textOf),
    payload: next(textOf),
    blob: next((all, from, to) => all.slice(from, to)),
  })
  return end
}

/** The bytes are those up to `size`; they stay until the next call. */
function decoded(packed: string): { bytes: Uint8Array<ArrayBuffer>; size: number } {
  const most = Math.floor((packed.length * 3) / 4)
  const bytes = most <= SCRATCH.length ? SCRATCH : new Uint8Array(most)
  return { bytes, size: writeBase64(bytes, packed) }
}

/** Exact as far as numbers are. */
function int8(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}

/** Where there are Buffers they decode several times as fast. */
const { Buffer: NodeBuffer } = globalThis as {
  Buffer?: { from(buffer: ArrayBuffer): { write(text: string, encoding: "base64"): number } }
}

/** Returns how many bytes it wrote. The server breaks the text into lines, which both decoders pass over. */
function writeBase64(bytes: Uint8Array<ArrayBuffer>, text: string): number {
  if (NodeBuffer !== undefined) return NodeBuffer.from(bytes.buffer).write(text, "base64")
  const decoded = atob(text)
  for (let i = 0; i < decoded.length; i++) bytes[i] = decoded.charCodeAt(i)
  return decoded.length
}

/** Takes no U+FEFF away, which a decoder does unasked. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Versions are short and plain; a decoder takes longer to begin than they take to read. */
const SHORT = 24

function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return decoder.decode(bytes.subarray(start, end))
  let text = ""
  let i = start
  // Four at once: of one alone a string is made, and another of it and those before.
  for (; i + 4 <= end; i += 4) {
    const a = bytes[i] as number
    const b = bytes[i + 1] as number
    const c = bytes[i + 2] as number
    const d = bytes[i + 3] as number
    if ((a | b | c | d) > 127) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(a, b, c, d)
  }
  for (; i < end; i++) {
    const byte = bytes[i] as number
    if (byte > 127) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}
