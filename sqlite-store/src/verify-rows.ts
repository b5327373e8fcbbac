import { PIECE_BYTES, RowError, RowKind, tryDecodeMeta } from "@holdfast/sql-store-core"

/**
 * What the rows of a document can have:
 * - `"gap"`: sequence numbers are missing, or are no whole numbers from 1
 * - `"head"`: the first row does not begin a generation, or a later one does
 * - `"pieces"`: a record whose last piece is missing, or a piece without a record
 * - `"size"`: a row holds more than a piece may
 * - `"row-kind"`: the row's kind is none of the format's
 * - `"value"`: a column has a value of another type, has one or lacks one where the kind says otherwise, or is no metadata
 */
export type RowFindingKind = "gap" | "head" | "pieces" | "size" | "row-kind" | "value"

export interface RowProblem {
  readonly kind: RowFindingKind
  readonly message: string
}

/** The row's types and sizes, without what it holds. */
export interface SeenRow {
  readonly seq: number
  /** 0 when it is none of the format's; `shown` says what it is. */
  readonly kind: number
  readonly shown: string
  /** The types of the values, as SQLite names them. */
  readonly version: string
  readonly lineage: string
  readonly payload: string
  readonly blob: string
  readonly bytes: number
  /** The text of metadata. */
  readonly data: unknown
}

/** Takes the rows of one document in order, and goes on behind whatever is wrong. */
export class RowCheck {
  readonly problems: RowProblem[] = []
  private expected: number | null = null
  /** The row that began a record which is not complete, and whether its pieces are text or bytes. */
  private open: { readonly seq: number; readonly type: "payload" | "blob" | null } | null = null

  take(row: SeenRow): void {
    const begins = this.checkSequence(row)
    this.checkHead(row, begins)
    if (row.kind === 0) this.add("row-kind", row, `has the unknown kind ${row.shown}`)
    else {
      this.checkPieces(row)
      this.checkValues(row)
    }
    if (row.bytes > PIECE_BYTES)
      this.add("size", row, `holds ${row.bytes} bytes, more than the ${PIECE_BYTES} of a piece`)
  }

  /** To be called after the last row. */
  finish(): void {
    this.endPieces()
  }

  /** Returns whether it is the document's first row. */
  private checkSequence({ seq }: SeenRow): boolean {
    const { expected } = this
    if (!Number.isInteger(seq)) {
      this.problems.push({ kind: "gap", message: `row ${seq} has no whole sequence number` })
      return expected === null
    }
    this.expected = seq + 1
    if (expected === null || seq === expected) return expected === null
    const missing = seq - expected === 1 ? `row ${expected} is missing` : `rows ${expected} to ${seq - 1} are missing`
    this.problems.push({ kind: "gap", message: missing })
    return false
  }

  private checkHead(row: SeenRow, begins: boolean): void {
    if ((row.kind === RowKind.head) === begins) return
    this.add("head", row, begins ? "comes first but does not begin a generation" : "begins a generation inside another")
  }

  private checkPieces(row: SeenRow): void {
    const { kind } = row
    if (kind === RowKind.middle || kind === RowKind.last) {
      if (this.open === null) this.add("pieces", row, "continues a record, but none is open")
      else if (this.open.type !== typeOf(row)) this.add("pieces", row, `is of another type than row ${this.open.seq}`)
      if (kind === RowKind.last) this.open = null
      return
    }
    this.endPieces()
    const continued = kind === RowKind.entiretyContinued || kind === RowKind.sinceContinued
    if (continued) this.open = { seq: row.seq, type: typeOf(row) }
  }

  private endPieces(): void {
    if (this.open !== null) this.add("pieces", this.open, "begins a record whose last piece is missing")
    this.open = null
  }

  private checkValues(row: SeenRow): void {
    const { kind, version, lineage, payload, blob } = row
    if (kind === RowKind.head || kind === RowKind.meta) {
      if (version !== "null" || lineage !== "null" || blob !== "null" || payload !== "text") {
        this.add("value", row, "is metadata but has other values than a text")
      }
      const meta = payload === "text" ? tryDecodeMeta(row.data) : null
      if (meta instanceof RowError) this.add("value", row, meta.message)
      return
    }
    const piece = kind === RowKind.middle || kind === RowKind.last
    if (version !== (piece ? "null" : "text")) this.add("value", row, `has a version of type ${version}`)
    if (lineage !== "null" && (piece || lineage !== "text")) this.add("value", row, `has a lineage of type ${lineage}`)
    if (typeOf(row) === null) this.add("value", row, `has a payload of type ${payload} and a blob of type ${blob}`)
  }

  private add(kind: RowFindingKind, { seq }: { readonly seq: number }, problem: string): void {
    this.problems.push({ kind, message: `row ${seq} ${problem}` })
  }
}

/** Where the row's data is; null when it is in neither column or in both. */
function typeOf({ payload, blob }: SeenRow): "payload" | "blob" | null {
  if (payload === "text" && blob === "null") return "payload"
  return payload === "null" && blob === "blob" ? "blob" : null
}
