import type { StoredRow } from "@holdfast/sql-store-core"

/**
 * The rows of a page as one value: all of them in base64, one behind the other, each with its number, its
 * kind and the lengths of its columns (-1: NULL) in front. A driver makes strings of every column of every row it gets,
 * which costs more than all the rest of reading a page; and this comes the same whatever `bytea_output` says.
 */
export function packedRows(row: string): string {
  const texts = [`${row}.version`, `${row}.lineage`, `${row}.payload`]
  const lengths = [...texts, `${row}.blob`].map(column => `int4send(coalesce(octet_length(${column}), -1))`)
  const values = [...texts.map(column => `coalesce(convert_to(${column}, 'UTF8'), '')`), `coalesce(${row}.blob, '')`]
  const parts = [`int8send(${row}.seq)`, `int2send(${row}.kind)`, ...lengths, ...values]
  return `encode(string_agg(${parts.join(" || ")}, '' ORDER BY ${row}.seq), 'base64')`
}

const HEADER_BYTES = 26

/**
 * The smaller pages are taken apart here, each before anything else runs: a buffer for each would be a good part of the work.
 */
const SCRATCH = new Uint8Array(64 * 1024)

/** The rows that `packedRows` packed; their bytes have buffers of their own. */
export function unpackedRows(packed: string): StoredRow[] {
  const most = Math.floor((packed.length * 3) / 4)
  const bytes = most <= SCRATCH.length ? SCRATCH : new Uint8Array(most)
  const size = writeBase64(bytes, packed)
  const view = new DataView(bytes.buffer)
  const rows: StoredRow[] = []
  for (let at = 0; at < size; ) {
    const version = at + HEADER_BYTES
    const lineage = version + lengthAt(view, at + 10)
    const payload = lineage + lengthAt(view, at + 14)
    const blob = payload + lengthAt(view, at + 18)
    const end = blob + lengthAt(view, at + 22)
    rows.push({
      seq: view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4),
      kind: view.getInt16(at + 8),
      version: view.getInt32(at + 10) < 0 ? null : textOf(bytes, version, lineage),
      lineage: view.getInt32(at + 14) < 0 ? null : textOf(bytes, lineage, payload),
      payload: view.getInt32(at + 18) < 0 ? null : textOf(bytes, payload, blob),
      blob: view.getInt32(at + 22) < 0 ? null : bytes.slice(blob, end),
    })
    at = end
  }
  return rows
}

function lengthAt(view: DataView, at: number): number {
  return Math.max(0, view.getInt32(at))
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
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte > 127) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}
