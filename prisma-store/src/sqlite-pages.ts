import {
  assemblePage,
  beginPages,
  corruptError,
  GapError,
  isSuperseded,
  type PageCursor,
  RowError,
  type StoredRow,
  supersededError,
} from "@holdfast/sql-store-core"
import type { DocId, Page } from "@holdfast/store-core"
import type { ResultRow } from "./client.js"
import { BACKEND } from "./errors.js"
import type { SqliteSession } from "./sqlite-session.js"
import type { Statements } from "./sqlite-statements.js"

/** Reads the next page of a load; every page is one statement. */
export async function readPage(
  session: SqliteSession,
  statements: Statements,
  docId: DocId,
  cursor: PageCursor | null,
): Promise<Page<PageCursor>> {
  const rows =
    cursor === null ? await firstRows(session, statements, docId) : await nextRows(session, statements, cursor)
  const [first] = rows
  if (cursor === null && first === undefined) return { records: [], bytes: 0, next: null }
  try {
    const from = cursor ?? beginPages(Number(first?.doc), numberOrNull(first?.last))
    return assemblePage(from, rows.map(storedRow))
  } catch (error) {
    if (cursor !== null && error instanceof GapError && (await isOvertaken(session, statements, cursor))) {
      throw supersededError(BACKEND, docId)
    }
    if (error instanceof GapError || error instanceof RowError) throw corruptError(BACKEND, docId, error)
    throw error
  }
}

function firstRows(session: SqliteSession, statements: Statements, docId: DocId): Promise<readonly ResultRow[]> {
  return session.query({ sql: statements.readFirstPage, parameters: [docId] })
}

function nextRows(session: SqliteSession, statements: Statements, cursor: PageCursor): Promise<readonly ResultRow[]> {
  const range = [cursor.doc, cursor.after, cursor.head]
  return session.query({ sql: statements.readPage, parameters: [...range, ...range] })
}

/** Rows are missing: has the document been removed, or replaced by rows numbered from behind the head? */
async function isOvertaken(session: SqliteSession, statements: Statements, cursor: PageCursor): Promise<boolean> {
  const [left] = await session.query({ sql: statements.readGeneration, parameters: [cursor.doc, cursor.doc] })
  return isSuperseded(cursor, { exists: numberOrNull(left?.doc) !== null, first: numberOrNull(left?.first) })
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** The columns as they come: what is no value of theirs is found when the record is put together. */
function storedRow({ seq, kind, version, lineage, payload, blob }: ResultRow): StoredRow {
  return { seq, kind, version, lineage, payload, blob } as StoredRow
}
