import { GapError, PAGE_BYTES, RecordAssembler, RowError, type StoredRow } from "@holdfast/sql-store-core"
import { type DocId, type Page, StoreError, showDocId } from "@holdfast/store-core"
import { BACKEND, corrupt } from "./errors.js"
import { first } from "./open-gate.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import type { Statements } from "./statements.js"

/**
 * Most rows of a page. Without a network in between larger ones gain little, and with more of them in memory at once
 * V8 lets the process grow: with pages of 2,000 a long load takes twice the memory it takes with these.
 */
const PAGE_ROWS = 128

/** What a load has read of its document: rows up to `after` of those up to `head` that there were when it began. */
export interface Cursor {
  readonly doc: number
  readonly after: number
  readonly head: number
  readonly assembler: RecordAssembler
}

/** Reads loads page by page, each with statements that are over when it returns. */
export class PageReader {
  private readonly adapter: SqliteAdapter
  private readonly statements: Statements

  constructor(adapter: SqliteAdapter, statements: Statements) {
    this.adapter = adapter
    this.statements = statements
  }

  read(docId: DocId, cursor: Cursor | null): Page<Cursor> {
    const from = cursor ?? this.begin(docId)
    if (from === null) return { records: [], bytes: 0, next: null }
    const { doc, head, assembler } = from
    const limit = this.rowsThatFit(doc, from.after, head)
    const rows = this.adapter.iterate<StoredRow>(this.statements.readPage, doc, from.after, head, limit)
    try {
      const { records, bytes } = assembler.feed(rows)
      const after = (assembler.expected ?? from.after + 1) - 1
      if (after < head && after === from.after) throw new GapError(after + 1, head)
      if (after < head) return { records, bytes, next: { doc, after, head, assembler } }
      assembler.finish()
      return { records, bytes, next: null }
    } catch (error) {
      if (error instanceof GapError && this.isSuperseded(doc, head)) throw superseded(docId)
      if (error instanceof GapError || error instanceof RowError) throw corrupt(docId, error)
      throw error
    }
  }

  private begin(docId: DocId): Cursor | null {
    type Found = { doc: number; last: number | null }
    const row = first(this.adapter.iterate<Found>(this.statements.readDocument, docId))
    if (row === undefined) return null
    if (row.last === null) throw corrupt(docId, new RowError("it has metadata but no rows"))
    return { doc: Number(row.doc), after: 0, head: Number(row.last), assembler: new RecordAssembler() }
  }

  /**
   * How many of the next rows a page takes. The sum over them is one cheap pass; only rows that are too large together
   * are counted one by one. Decided before reading, since a driver may put all rows it reads into memory.
   */
  private rowsThatFit(doc: number, after: number, head: number): number {
    const range = [doc, after, head, PAGE_ROWS]
    const total = first(this.adapter.iterate<{ bytes: number }>(this.statements.pageBytes, ...range))
    if (Number(total?.bytes) <= PAGE_BYTES) return PAGE_ROWS
    return Number(first(this.adapter.iterate<{ rows: number }>(this.statements.pageRows, ...range))?.rows)
  }

  /** Rows are missing: has the document been removed, or replaced by rows numbered from behind the head? */
  private isSuperseded(doc: number, head: number): boolean {
    type Found = { doc: number | null; first: number | null }
    const left = first(this.adapter.iterate<Found>(this.statements.readGeneration, doc, doc))
    return left === undefined || left.doc === null || (left.first !== null && Number(left.first) > head)
  }
}

function superseded(docId: DocId): StoreError {
  const message = `Document ${showDocId(docId)} was replaced or deleted while it was being loaded. Load it again.`
  return new StoreError("STORE_LOAD_SUPERSEDED", message, { backend: BACKEND, docId })
}
