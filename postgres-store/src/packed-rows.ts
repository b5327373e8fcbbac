import type { StoredRow } from "@holdfast/sql-store-core"

/** Stands where the lengths of a row do whose columns are not there. No version is so long that this could be one. */
const LEFT_OUT = -2_000_000_000

/**
 * The rows of a page as one value: all of them, one behind the other in whatever order, each with its number, its kind and the
 * lengths of its columns (-1: NULL) in front. In base64 it is for `unpackedRows`: a driver makes strings of every column of
 * every row it gets, which costs more than all the rest of reading a page; and this comes the same whatever `bytea_output`
 * says. Texts come in the encoding of the client, whose lengths are those that the server tells because both are UTF-8.
 *
 * Most rows have a version and bytes, and neither lineage nor payload. Those have the lengths of version and blob only, because
 * every function that the server calls for a row shows; in others the first length is -3 less that of the version, and those of
 * lineage and payload follow.
 *
 * @param below How many bytes a row must not have: of larger ones only the number, the kind and a mark are packed.
 */
export function packedRows(row: string, below?: string): string {
  const version = `${row}.version`
  const lineage = `${row}.lineage`
  const payload = `${row}.payload`
  const blob = `${row}.blob`
  const length = (column: string) => `coalesce(octet_length(${column}), -1)`
  const text = (column: string) => `coalesce(textsend(${column}), '')`
  const usual = `int4send(octet_length(${version})) || int4send(octet_length(${blob})) || textsend(${version}) || ${blob}`
  const lengths = [`-3 - ${length(version)}`, length(blob), length(lineage), length(payload)]
  const values = [text(version), text(lineage), text(payload), `coalesce(${blob}, '')`]
  const other = [...lengths.map(value => `int4send(${value})`), ...values].join(" || ")
  const noText = `${lineage} IS NULL AND ${payload} IS NULL`
  // NULL where one of them is, for which the others' sum asks of four columns.
  const size = `octet_length(${version}) + octet_length(${blob})`
  const columns =
    below === undefined
      ? `WHEN ${noText} AND ${size} IS NOT NULL THEN ${usual} ELSE ${other}`
      : `WHEN ${noText} AND ${size} < ${below} THEN ${usual} WHEN ${sizeOf(row)} < ${below} THEN ${other} ELSE int4send(${LEFT_OUT})`
  return `string_agg(int8send(${row}.seq) || int2send(${row}.kind) || CASE ${columns} END, '')`
}

/**
 * A document's first page as one value, for `unpackedPage`: its place among those asked for (from 1), its number, that of its
 * last row (0 without rows), then the rows.
 */
export function packedPage(place: string, doc: string, last: string, rows: string): string {
  return `encode(int4send(${place}::int4) || int8send(${doc}) || int8send(coalesce(${last}, 0)) || coalesce(${rows}, ''), 'base64')`
}

/** How many bytes the columns of a row have. */
export function sizeOf(row: string): string {
  const columns = ["version", "lineage", "payload", "blob"]
  return columns.map(column => `coalesce(octet_length(${row}.${column}), 0)`).join(" + ")
}

/**
 * The smaller pages are taken apart here, each before anything else runs: a buffer for each would be a good part of the work.
 */
const SCRATCH = new Uint8Array(64 * 1024)

export interface UnpackedPage {
  /** Its place among those asked for, from 0. */
  readonly at: number
  readonly doc: number
  /** The number of the document's last row, null without rows. */
  readonly last: number | null
  /** As of `unpackedRows`. */
  readonly rows: StoredRow[]
}

/** What `packedPage` packed. */
export function unpackedPage(packed: string): UnpackedPage {
  const { bytes, size } = decoded(packed)
  const view = new DataView(bytes.buffer)
  const last = int8(view, 12)
  return { at: view.getInt32(0) - 1, doc: int8(view, 4), last: last === 0 ? null : last, rows: rowsOf(bytes, 20, size) }
}

/** The rows that `packedRows` packed, in order; their bytes have buffers of their own. None when one was left out. */
export function unpackedRows(packed: string): StoredRow[] {
  const { bytes, size } = decoded(packed)
  return rowsOf(bytes, 0, size)
}

function rowsOf(bytes: Uint8Array<ArrayBuffer>, start: number, size: number): StoredRow[] {
  const view = new DataView(bytes.buffer)
  const rows: (StoredRow & { readonly seq: number })[] = []
  let last = Number.NEGATIVE_INFINITY
  let isSorted = true
  for (let at = start; at < size; ) {
    const seq = int8(view, at)
    const first = view.getInt32(at + 10)
    if (first === LEFT_OUT) return []
    const isUsual = first >= 0
    const lengths = {
      version: isUsual ? first : -3 - first,
      blob: view.getInt32(at + 14),
      lineage: isUsual ? -1 : view.getInt32(at + 18),
      payload: isUsual ? -1 : view.getInt32(at + 22),
    }
    const version = at + (isUsual ? 18 : 26)
    const lineage = version + Math.max(0, lengths.version)
    const payload = lineage + Math.max(0, lengths.lineage)
    const blob = payload + Math.max(0, lengths.payload)
    const end = blob + Math.max(0, lengths.blob)
    isSorted &&= seq > last
    last = seq
    rows.push({
      seq,
      kind: view.getInt16(at + 8),
      version: lengths.version < 0 ? null : textOf(bytes, version, lineage),
      lineage: lengths.lineage < 0 ? null : textOf(bytes, lineage, payload),
      payload: lengths.payload < 0 ? null : textOf(bytes, payload, blob),
      blob: lengths.blob < 0 ? null : bytes.slice(blob, end),
    })
    at = end
  }
  // The server reads them along the index as a rule; having it sort them would take longer than the look whether it did.
  return isSorted ? rows : rows.sort((a, b) => a.seq - b.seq)
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
