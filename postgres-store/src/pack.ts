import type { Row } from "@holdfast/sql-store-core"
import { int4Array, int8Array } from "./binary.js"
import type { PgParameter } from "./pg-adapter.js"

/** A row on its way to a document, which the statement knows by its place in another parameter (from 1). */
export interface PlacedRow {
  readonly ord: number
  /** The row's number, or how far it is behind the document's last one. */
  readonly seq: number
  readonly row: Row
}

/** Rows as the parameters of `unpackRows`, with `ord` and `seq` for keys. */
export function packPlacedRows(rows: readonly PlacedRow[]): PgParameter[] {
  const keys = [int4Array(rows.map(({ ord }) => ord)), int8Array(rows.map(({ seq }) => seq))]
  return [...keys, ...packRows(rows.map(({ row }) => row))]
}

/**
 * Rows as the parameters of `unpackRows` without its keys: all texts and bytes in one buffer, and arrays that say where each
 * begins and how long it is (-1: NULL). Parameters of the server's own array types would have it parse or spill them; one
 * buffer is copied from as it is.
 */
export function packRows(rows: readonly Row[]): PgParameter[] {
  const data = new Packer(rows.reduce((sum, row) => sum + lengthOf(row), 0))
  const starts: number[] = []
  const lengths: [number[], number[], number[], number[]] = [[], [], [], []]
  for (const row of rows) {
    starts.push(data.length + 1)
    lengths[0].push(data.addText(row.version))
    lengths[1].push(data.addText(row.lineage))
    lengths[2].push(data.addText(row.payload))
    lengths[3].push(data.addBytes(row.blob))
  }
  return [data.bytes(), int4Array(rows.map(({ kind }) => kind)), int4Array(starts), ...lengths.map(int4Array)]
}

/** A column that a row has beside those of `packRows`, and the type of the array that brings it. */
export type RowKey = readonly [name: string, type: string]

export const PLACED: readonly RowKey[] = [
  ["ord", "int4"],
  ["seq", "int8"],
]

/**
 * The FROM item that turns parameters from number `first` on into rows `r`, and the expressions of the columns: first the
 * arrays of the keys, then what `packRows` made.
 */
export function unpackRows(
  first: number,
  keys: readonly RowKey[],
): { readonly from: string; readonly columns: string } {
  const data = first + keys.length
  const packed = ["kind", "start", "v", "l", "p", "b"]
  const arrays = [
    ...keys.map(([, type], i) => `$${first + i}::${type}[]`),
    ...packed.map((_, i) => `$${data + 1 + i}::int4[]`),
  ]
  const cut = (start: string, length: string) => `substring($${data}::bytea FROM ${start} FOR ${length})`
  const text = (start: string, length: string) =>
    `CASE WHEN ${length} >= 0 THEN convert_from(${cut(start, length)}, 'UTF8') END`
  const after = (...lengths: string[]) => ["r.start", ...lengths.map(length => `greatest(${length}, 0)`)].join(" + ")
  return {
    from: `unnest(${arrays.join(", ")}) AS r(${[...keys.map(([name]) => name), ...packed].join(", ")})`,
    columns: [
      "r.kind::int2",
      text("r.start", "r.v"),
      text(after("r.v"), "r.l"),
      text(after("r.v", "r.l"), "r.p"),
      `CASE WHEN r.b >= 0 THEN ${cut(after("r.v", "r.l", "r.p"), "r.b")} END`,
    ].join(", "),
  }
}

/** About how many bytes a row takes; text that is not ASCII takes more. */
function lengthOf({ version, lineage, payload, blob }: Row): number {
  return (version?.length ?? 0) + (lineage?.length ?? 0) + (payload?.length ?? 0) + (blob?.length ?? 0)
}

/** A buffer that grows. Growing copies it, which for large records would take several times their memory. */
class Packer {
  length = 0
  private buffer: Uint8Array
  private readonly encoder = new TextEncoder()

  constructor(expected: number) {
    this.buffer = new Uint8Array(expected + 4096)
  }

  /** Returns how many bytes were added, -1 for none because there is no text. */
  addText(text: string | null): number {
    if (text === null) return -1
    // No UTF-16 unit takes more than three bytes. Exact for long texts, whose buffer would be three times too large.
    if (text.length > 100_000) return this.addBytes(this.encoder.encode(text))
    this.makeRoom(text.length * 3)
    const { written } = this.encoder.encodeInto(text, this.buffer.subarray(this.length))
    this.length += written
    return written
  }

  addBytes(bytes: Uint8Array | null): number {
    if (bytes === null) return -1
    this.makeRoom(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
    return bytes.length
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  private makeRoom(size: number): void {
    const needed = this.length + size
    if (needed <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(needed, Math.min(2 * this.buffer.length, this.buffer.length + 4_000_000)))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}
