import type { StoredRow } from "@holdfast/sql-store-core"

/**
 * The rows of a page as one value: the hexadecimal digits of all of them, one behind the other, each with its number, its
 * kind and the lengths of its columns (-1: NULL) in front. A driver makes strings of every column of every row it gets,
 * which costs more than all the rest of reading a page; and this comes the same whatever `bytea_output` says.
 */
export function packedRows(row: string): string {
  const texts = [`${row}.version`, `${row}.lineage`, `${row}.payload`]
  const lengths = [...texts, `${row}.blob`].map(column => `int4send(coalesce(octet_length(${column}), -1))`)
  const values = [...texts.map(column => `coalesce(convert_to(${column}, 'UTF8'), '')`), `coalesce(${row}.blob, '')`]
  const parts = [`int8send(${row}.seq)`, `int2send(${row}.kind)`, ...lengths, ...values]
  return `encode(string_agg(${parts.join(" || ")}, '' ORDER BY ${row}.seq), 'hex')`
}

const HEADER_BYTES = 26

/** The rows that `packedRows` packed; their bytes have buffers of their own. */
export function unpackedRows(hex: string): StoredRow[] {
  const bytes = bytesOfHex(hex)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const rows: StoredRow[] = []
  for (let at = 0; at < bytes.length; ) {
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
      blob: view.getInt32(at + 22) < 0 ? null : new Uint8Array(bytes.subarray(blob, end)),
    })
    at = end
  }
  return rows
}

function lengthAt(view: DataView, at: number): number {
  return Math.max(0, view.getInt32(at))
}

type NodeBytes = Uint8Array<ArrayBuffer> & {
  write(text: string, encoding: "hex"): number
  toString(encoding: "utf8", start: number, end: number): string
}

/** Where there are Buffers they decode several times as fast. */
const { Buffer: NodeBuffer } = globalThis as { Buffer?: { allocUnsafeSlow(size: number): NodeBytes } }

function bytesOfHex(hex: string): NodeBytes | Uint8Array<ArrayBuffer> {
  const size = hex.length / 2
  if (NodeBuffer !== undefined) {
    const bytes = NodeBuffer.allocUnsafeSlow(size)
    bytes.write(hex, "hex")
    return bytes
  }
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Takes no U+FEFF away, which a decoder does unasked. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

function textOf(bytes: NodeBytes | Uint8Array<ArrayBuffer>, start: number, end: number): string {
  if (NodeBuffer !== undefined) return (bytes as NodeBytes).toString("utf8", start, end)
  return decoder.decode(bytes.subarray(start, end))
}
