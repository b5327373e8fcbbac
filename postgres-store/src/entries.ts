import { encodeRecord, type KnownDocuments, type Row } from "@holdfast/sql-store-core"
import {
  type DocId,
  type DocumentState,
  isStoreError,
  type Outcome,
  type Plan,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"
import { textArray } from "./binary.js"
import { lockedError, toStoreError } from "./errors.js"
import { type PlacedRow, packRows } from "./pack.js"
import type { Committing, PgParameter, PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/** Where a document ended after the store's own last lone append. */
export interface DocumentEnd {
  readonly connection: number
  readonly doc: string
  readonly version: string
  /** The number of its last row. */
  readonly last: number
}

export type DocumentEnds = KnownDocuments<DocumentEnd>

/**
 * Writes a group of appended entries: one statement that finds and locks the documents and numbers the rows. Nothing has
 * to be known of a document beforehand; one that does not exist, or that somebody else has locked, gets no rows.
 */
export async function appendEntries(
  session: PgSession,
  statements: Statements,
  operations: readonly WriteOperation[],
  plan: Plan,
  committing: Committing,
  ends: DocumentEnds,
  written?: Written,
): Promise<readonly Outcome[]> {
  const ords = new Map<DocId, number>()
  const behind: number[] = []
  const lengths: number[] = []
  const rows: PlacedRow[] = []
  for (const operation of operations) {
    const ord = ords.get(operation.docId) ?? ords.size + 1
    ords.set(operation.docId, ord)
    for (const record of operation.kind === "append" ? operation.records : []) {
      for (const row of encodeRecord(record, false)) {
        const seq = (lengths[ord] ?? 0) + 1
        lengths[ord] = seq
        rows.push({ ord, seq, row })
      }
    }
    behind.push(lengths[ord] ?? 0)
  }
  const docIds = [...ords.keys()]
  const lasts = written === undefined ? null : new Map<DocId, number>()
  const [one] = rows
  const write =
    one !== undefined && rows.length === 1
      ? writeOne(session, statements, ends, docIds[0] as DocId, one.row, lasts)
      : writeAll(session, statements, ends, docIds, rows, lasts)
  const unwritten = await committing(write)
  if (written !== undefined && lasts !== null) tellNumbers(operations, behind, lasts, written)

  const states = new Map<DocId, DocumentState>(docIds.map(docId => [docId, UNREAD]))
  for (const [docId, exists] of unwritten) if (!exists) states.set(docId, null)
  const decisions = plan(operations, states)
  return operations.map(({ docId }, i) => {
    const decision = decisions[i]
    if (unwritten.get(docId) === true) return lockedError(docId)
    return decision?.kind === "refuse" ? decision.error : null
  })
}

/** `behind` says how far behind the document's last row before the statement each operation's last one is. */
function tellNumbers(
  operations: readonly WriteOperation[],
  behind: readonly number[],
  lasts: ReadonlyMap<DocId, number>,
  written: Written,
): void {
  const told = new Map<DocId, number>()
  for (const [i, operation] of operations.entries()) {
    const { docId } = operation
    const last = lasts.get(docId)
    const end = behind[i] ?? 0
    if (last !== undefined) written(operation, last + (told.get(docId) ?? 0) + 1, last + end)
    told.set(docId, end)
  }
}

const UNREAD: DocumentState = { meta: "unread" }

/** Which documents were not written, and whether they exist. */
type Unwritten = ReadonlyMap<DocId, boolean>

const NONE: Unwritten = new Map()

/** Filled in, where somebody wants to know, with the last number that each written document had before. */
type Lasts = Map<DocId, number> | null

/** One row, the usual case of a user who types, has statements of its own that are planned in less time. */
async function writeOne(
  session: PgSession,
  statements: Statements,
  ends: DocumentEnds,
  docId: DocId,
  row: Row,
  lasts: Lasts,
): Promise<Unwritten> {
  const { kind, version, lineage, payload, blob } = row
  const columns = [String(kind), version, lineage, payload, blob]
  // What the host rolls back was never the last row.
  const connection = session.inHostTransaction ? undefined : session.connection
  const end = ends.get(docId)
  ends.delete(docId)
  if (end !== undefined && end.connection === connection && (await writeNext(session, statements, end, columns))) {
    lasts?.set(docId, end.last)
    ends.set(docId, { ...end, last: end.last + 1 })
    return NONE
  }
  const [written] = await session.query(statements.appendRow, [docId, ...columns])
  if (written !== undefined) {
    const [doc, seq, version] = written
    const last = Number(seq)
    lasts?.set(docId, last - 1)
    if (doc && version && connection !== undefined) ends.set(docId, { connection, doc, version, last })
    return NONE
  }
  const [found] = await session.query(statements.readMetas, [textArray([docId])])
  return new Map([[docId, found !== undefined]])
}

/** Whether the row is written: not when somebody else has written to the document since, or is about to. */
async function writeNext(session: PgSession, statements: Statements, end: DocumentEnd, columns: PgParameter[]) {
  try {
    const parameters = [end.doc, ...columns, end.version, String(end.last + 1)]
    return (await session.execute(statements.appendNext, parameters)) === 1
  } catch (error) {
    if (isStoreError(toStoreError(error), "STORE_CONFLICT")) return false
    throw error
  }
}

async function writeAll(
  session: PgSession,
  statements: Statements,
  ends: DocumentEnds,
  docIds: readonly DocId[],
  rows: readonly PlacedRow[],
  lasts: Lasts,
): Promise<Unwritten> {
  for (const docId of docIds) ends.delete(docId)
  const text = lasts === null ? statements.appendRows : statements.appendRowsNumbered
  const left = await session.query(text, [textArray(docIds), ...packRows(rows)])
  const unwritten = new Map<DocId, boolean>()
  for (const [ord, exists, last = null] of left) {
    const docId = docIds[Number(ord) - 1] as DocId
    if (last === null) unwritten.set(docId, exists === "1")
    else lasts?.set(docId, Number(last))
  }
  return unwritten
}
