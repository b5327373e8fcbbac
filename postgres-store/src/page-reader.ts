import {
  assemblePage,
  beginPages,
  corruptError,
  GapError,
  isSuperseded,
  PAGE_ROWS,
  type PageCursor,
  RowError,
  type StoredRow,
  supersededError,
} from "@holdfast/sql-store-core"
import { type DocId, isStoreError, type Page, type StoreError } from "@holdfast/store-core"
import { Batches } from "./batch.js"
import { bytesOfHex, textArray } from "./binary.js"
import { BACKEND } from "./errors.js"
import type { PgRow, PgSession } from "./pg-adapter.js"
import { DOCUMENTS_PER_READ, firstBytes, firstRows, type Statements } from "./statements.js"

type FirstPage = Page<PageCursor> | StoreError

/** How many statements that read first pages are under way at once; with more, what they bring piles up in memory. */
const BATCHES_AT_ONCE = 4

/** How many pages are being read ahead at once; with more, loads could take all connections of a pool from the writes. */
const PAGES_AHEAD = 2

/**
 * Reads loads page by page; every page is one statement. While one page is taken apart the server can prepare the next:
 * without that, a long load waits for each in turn.
 */
export class PageReader {
  private readonly statements: Statements
  private readonly readsAhead: boolean
  /** Pages read ahead. A load that is given up takes its own along. */
  private readonly ahead = new WeakMap<PageCursor, Promise<Page<PageCursor>>>()
  private readonly reading = new Set<Promise<unknown>>()
  private readonly run: <T>(work: (session: PgSession) => Promise<T>) => Promise<T>
  private readonly firstPages = new Batches<DocId, FirstPage>(
    docIds => this.run(session => this.readFirst(session, docIds)),
    DOCUMENTS_PER_READ,
    BATCHES_AT_ONCE,
  )

  /**
   * @param readsAhead Whether a page may be read before it is asked for. Not on a connection that the caller uses too: the
   * caller could end the transaction in the middle of it.
   */
  constructor(
    statements: Statements,
    run: <T>(work: (session: PgSession) => Promise<T>) => Promise<T>,
    readsAhead: boolean,
  ) {
    this.statements = statements
    this.run = run
    this.readsAhead = readsAhead
  }

  async read(docId: DocId, cursor: PageCursor | null): Promise<Page<PageCursor>> {
    if (cursor !== null) return this.next(docId, cursor)
    const page = await this.firstPages.add(docId)
    if (isStoreError(page)) throw page
    return page
  }

  /** Waits until no page is being read ahead any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.reading)
  }

  /** Who asks for a second page reads on; a load of the first records alone would read the second page for nothing. */
  private async next(docId: DocId, cursor: PageCursor): Promise<Page<PageCursor>> {
    const ahead = this.ahead.get(cursor)
    this.ahead.delete(cursor)
    const page = await (ahead ?? this.run(session => this.readNext(session, docId, cursor)))
    if (page.next !== null) this.readAhead(docId, page.next)
    return page
  }

  private readAhead(docId: DocId, cursor: PageCursor): void {
    if (!this.readsAhead || this.reading.size >= PAGES_AHEAD) return
    const page = this.run(session => this.readNext(session, docId, cursor))
    this.ahead.set(cursor, page)
    this.reading.add(page)
    const done = () => this.reading.delete(page)
    page.then(done, done)
  }

  private async readNext(session: PgSession, docId: DocId, cursor: PageCursor): Promise<Page<PageCursor>> {
    const { doc, after, head } = cursor
    const range = [doc, after, Math.min(head, after + PAGE_ROWS)].map(String)
    const rows = await session.query(this.statements.readPage, range)
    try {
      return assemblePage(cursor, storedRows(rows, 0, rows.length, 0))
    } catch (error) {
      if (error instanceof GapError) {
        const [left] = await session.query(this.statements.readGeneration, [String(cursor.doc)])
        const first = left?.[1] ?? null
        const exists = typeof left?.[0] === "string"
        if (isSuperseded(cursor, { exists, first: first === null ? null : Number(first) })) {
          throw supersededError(BACKEND, docId)
        }
      }
      throw asCorrupt(docId, error)
    }
  }

  /** The first pages of documents, which one statement sees as they are at one moment. */
  private async readFirst(session: PgSession, docIds: readonly DocId[]): Promise<FirstPage[]> {
    const limits = [String(firstRows(docIds.length)), String(firstBytes(docIds.length))]
    const rows = await session.query(this.statements.readFirstPages, [textArray(docIds), ...limits])
    const pages: FirstPage[] = docIds.map(() => ({ records: [], bytes: 0, next: null }))
    for (let from = 0, to = 0; from < rows.length; from = to) {
      const [ord, doc, last] = (rows[from]?.[0] ?? "").split(",").map(Number)
      to = from + 1
      while (to < rows.length && rows[to]?.[0] === null) to++
      const at = (ord ?? 0) - 1
      try {
        // A document without rows has no last one, which comes as an empty text.
        const cursor = beginPages(doc ?? 0, last === 0 || last === undefined ? null : last)
        pages[at] = assemblePage(cursor, storedRows(rows, from, to, 1))
      } catch (error) {
        pages[at] = asCorrupt(docIds[at] as DocId, error)
      }
    }
    return pages
  }
}

/** Anything else is not about what is stored, and is thrown. */
function asCorrupt(docId: DocId, error: unknown): StoreError {
  if (error instanceof GapError || error instanceof RowError) return corruptError(BACKEND, docId, error)
  throw error
}

/** Some of the rows of a result, whose columns begin at `offset`. */
function* storedRows(rows: readonly PgRow[], from: number, to: number, offset: number): Iterable<StoredRow> {
  for (let i = from; i < to; i++) {
    const row = rows[i] as PgRow
    const blob = row[offset + 5] ?? null
    yield {
      seq: Number(row[offset]),
      kind: Number(row[offset + 1]),
      version: row[offset + 2] ?? null,
      lineage: row[offset + 3] ?? null,
      payload: row[offset + 4] ?? null,
      blob: blob === null ? null : bytesOfHex(blob),
    }
  }
}
