import {
  assemblePage,
  assembleWhole,
  beginPages,
  corruptError,
  GapError,
  isSuperseded,
  PAGE_ROWS,
  type PageCursor,
  RowError,
  supersededError,
} from "@holdfast/sql-store-core"
import type { DocId, Page, StoreError } from "@holdfast/store-core"
import { Batches, soon } from "./batch.js"
import { textArray } from "./binary.js"
import { BACKEND } from "./errors.js"
import { DOCUMENTS_PER_READ, firstBytes, firstRows, MANY_DOCUMENTS, SMALL_ROWS } from "./first-pages.js"
import {
  type UnpackedDocument,
  type UnpackedPage,
  unpackedDocument,
  unpackedPage,
  unpackedRows,
} from "./packed-rows.js"
import type { PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/**
 * How many statements that read first pages are under way at once, of small documents and of large ones; with more, what they
 * bring piles up in memory.
 */
const BATCHES_AT_ONCE = 4

/** How many pages are being read ahead at once; with more, loads could take all connections of a pool from the writes. */
const PAGES_AHEAD = 2

/** The rows of a page as the server sent them. */
interface PackedPage {
  readonly packed: string
  /** The number of the last of them; null without rows. */
  readonly last: number | null
}

/** Reads loads page by page; every page is one statement. */
export class PageReader {
  private readonly statements: Statements
  private readonly readsAhead: boolean
  /** Pages read ahead. A load that is given up takes its own along. */
  private readonly ahead = new WeakMap<PageCursor, Promise<PackedPage>>()
  private readonly reading = new Set<Promise<unknown>>()
  private readonly run: <T>(work: (session: PgSession) => Promise<T>) => Promise<T>
  private readonly firstPages = new Batches<DocId, Page<PageCursor>>(
    (docIds, answered) => this.readFirst(docIds, answered),
    DOCUMENTS_PER_READ,
    BATCHES_AT_ONCE,
  )
  private readonly largePages = new Batches<DocId, Page<PageCursor>>(
    docIds => this.readEach(docIds),
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

  read(docId: DocId, cursor: PageCursor | null): Promise<Page<PageCursor>> {
    return cursor === null ? this.firstPages.add(docId) : this.next(docId, cursor)
  }

  /** Waits until no page is being read ahead any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.reading)
  }

  private async next(docId: DocId, cursor: PageCursor): Promise<Page<PageCursor>> {
    const ahead = this.ahead.get(cursor)
    this.ahead.delete(cursor)
    const { packed, last } = await (ahead ?? this.fetch(cursor))
    const following = last === null || last >= cursor.head ? null : this.fetchAhead({ ...cursor, after: last })
    // Its statement leaves for the server with this turn of the event loop, not while this one goes on.
    if (following !== null) await new Promise<void>(soon)
    try {
      const page = assemblePage(cursor, unpackedRows(packed))
      if (page.next?.after === last && following !== null) this.ahead.set(page.next, following)
      return page
    } catch (error) {
      if (error instanceof GapError && (await this.isGone(cursor))) throw supersededError(BACKEND, docId)
      throw asCorrupt(docId, error)
    }
  }

  /**
   * While one page is taken apart the server prepares the next: without that, a long load waits for each in turn. Only
   * behind the second page: a load of the first records alone would read the second for nothing.
   */
  private fetchAhead(cursor: PageCursor): Promise<PackedPage> | null {
    if (!this.readsAhead || this.reading.size >= PAGES_AHEAD) return null
    const page = this.fetch(cursor)
    this.reading.add(page)
    const done = () => this.reading.delete(page)
    page.then(done, done)
    return page
  }

  private fetch({ doc, after, head }: PageCursor): Promise<PackedPage> {
    const range = [doc, after, Math.min(head, after + PAGE_ROWS)].map(String)
    return this.run(async session => {
      const [row] = await session.query(this.statements.readPage, range)
      const last = row?.[1] ?? null
      return { packed: row?.[0] ?? "", last: last === null ? null : Number(last) }
    })
  }

  private isGone(cursor: PageCursor): Promise<boolean> {
    return this.run(async session => {
      const [left] = await session.query(this.statements.readGeneration, [String(cursor.doc)])
      const first = left?.[1] ?? null
      const exists = typeof left?.[0] === "string"
      return isSuperseded(cursor, { exists, first: first === null ? null : Number(first) })
    })
  }

  /** The first pages of documents, each as it is at one moment. */
  private async readFirst(docIds: readonly DocId[], answered: () => void): Promise<(FirstPage | LargePage)[]> {
    if (docIds.length < MANY_DOCUMENTS) return this.readEach(docIds)
    const pages: (FirstPage | LargePage)[] = docIds.map(noPage)
    const large: number[] = []
    const limits = [SMALL_ROWS, firstBytes(docIds.length)].map(String)
    const { readSmallDocuments } = this.statements
    const rows = await this.run(session => session.query(readSmallDocuments, [textArray(docIds), ...limits]))
    answered()
    for (const [packed] of rows) {
      const found = unpackedDocument(packed as string)
      // Else there may be others, or none because they are too large or lost: the other statement tells.
      const isWhole = found.rows.length > 0 && found.rows.length < SMALL_ROWS
      if (isWhole) pages[found.at] = wholeDocument(docIds, found)
      else large.push(found.at)
    }
    // Not before all are taken apart: if that throws, nobody would hear what became of those that wait.
    for (const at of large) pages[at] = this.largePages.add(docIds[at] as DocId)
    return pages
  }

  private async readEach(docIds: readonly DocId[]): Promise<FirstPage[]> {
    const pages = docIds.map(noPage)
    const limits = [firstRows(docIds.length), firstBytes(docIds.length)].map(String)
    const { readFirstPages } = this.statements
    const rows = await this.run(session => session.query(readFirstPages, [textArray(docIds), ...limits]))
    for (const [packed] of rows) {
      const found = unpackedPage(packed as string)
      pages[found.at] = firstPage(docIds, found)
    }
    return pages
  }
}

type FirstPage = Page<PageCursor> | StoreError

/** Of a document that another statement reads. */
type LargePage = Promise<Page<PageCursor>>

/** That of a document that does not exist. */
function noPage(): FirstPage {
  return { records: [], bytes: 0, next: null }
}

function firstPage(docIds: readonly DocId[], { at, doc, last, rows }: UnpackedPage): FirstPage {
  return orDamage(docIds[at] as DocId, () => assemblePage(beginPages(doc, last), rows))
}

/** That of a document of which these are all rows. */
function wholeDocument(docIds: readonly DocId[], { at, rows }: UnpackedDocument): FirstPage {
  return orDamage(docIds[at] as DocId, () => assembleWhole(rows))
}

function orDamage(docId: DocId, assemble: () => Page<PageCursor>): FirstPage {
  try {
    return assemble()
  } catch (error) {
    return asCorrupt(docId, error)
  }
}

/** Anything else is not about what is stored, and is thrown. */
function asCorrupt(docId: DocId, error: unknown): StoreError {
  if (error instanceof GapError || error instanceof RowError) return corruptError(BACKEND, docId, error)
  throw error
}
