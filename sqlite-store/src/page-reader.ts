import {
  type AssembledRecords,
  GapError,
  PAGE_BYTES,
  RecordAssembler,
  RowError,
  type StoredRow,
} from "@holdfast/sql-store-core"
import { type DocId, type Page, StoreError, showDocId } from "@holdfast/store-core"
import { BACKEND, corrupt } from "./errors.js"
import { first } from "./open-gate.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import type { Statements } from "./statements.js"

/**
 * Most rows of a page. Without a network in between larger ones gain little, and with more of them in memory at once
 * V8 lets the process grow: with pages of 2,000 a long load takes twice the memory it takes with these.
 */
const PAGE_ROWS = 64

/** A row of at most so many bytes fits into a page with any others. */
const SMALL_BYTES = PAGE_BYTES / PAGE_ROWS

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
    const { doc, after: before, head, assembler } = from
    try {
      const { records, bytes } = this.readSmall(from) ?? assembler.feed(this.readFitting(from))
      const after = (assembler.expected ?? before + 1) - 1
      if (after < head && after === before) throw new GapError(after + 1, head)
      if (after < head) return { records, bytes, next: { doc, after, head, assembler } }
      assembler.finish()
      return { records, bytes, next: null }
    } catch (error) {
      if (error instanceof GapError && this.isSuperseded(doc, head)) throw superseded(docId)
      if (error instanceof GapError || error instanceof RowError) throw corrupt(docId, error)
      throw error
    }
  }

  /**
   * The next `PAGE_ROWS` rows, or those before the first that is too large for them to fit in any case; null when that
   * is the first. Summing up the rows before they are read would take a third of the time of a load.
   */
  private readSmall({ doc, after, head, assembler }: Cursor): AssembledRecords | null {
    const end = Math.min(head, after + PAGE_ROWS)
    try {
      const rows = this.adapter.iterate<StoredRow>(this.statements.readSmall, doc, after, end, SMALL_BYTES)
      const assembled = assembler.feed(rows)
      return assembler.expected === null || assembler.expected === after + 1 ? null : assembled
    } catch (error) {
      // A row left out for its size looks like a missing one. Read with its neighbours, it is found or not.
      if (error instanceof GapError || error instanceof RowError) return null
      throw error
    }
  }

  /** The next rows that fit together, counted before they are read: a driver may put all it reads into memory. */
  private readFitting({ doc, after, head }: Cursor): Iterable<StoredRow> {
    const range = [doc, after, head, PAGE_ROWS]
    const fitting = first(this.adapter.iterate<{ rows: number }>(this.statements.pageRows, ...range))
    return this.adapter.iterate<StoredRow>(this.statements.readPage, doc, after, head, Number(fitting?.rows))
  }

  private begin(docId: DocId): Cursor | null {
    type Found = { doc: number; first: number | null; last: number | null }
    const row = first(this.adapter.iterate<Found>(this.statements.readRange, docId))
    if (row === undefined) return null
    if (row.last === null) throw corrupt(docId, new RowError("it has metadata but no rows"))
    return {
      doc: Number(row.doc),
      // A row with a number below 1 is none of the document: only `verifySqliteStore` looks for such.
      after: Math.max(Number(row.first), 1) - 1,
      head: Number(row.last),
      assembler: new RecordAssembler(),
    }
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
