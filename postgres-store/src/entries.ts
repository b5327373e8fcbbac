import { encodeRecord } from "@holdfast/sql-store-core"
import type { DocId, DocumentState, Outcome, Plan, WriteOperation, Written } from "@holdfast/store-core"
import { textArray } from "./binary.js"
import { lockedError } from "./errors.js"
import { type PlacedRow, packRows } from "./pack.js"
import type { Committing, PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

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
  written?: Written,
): Promise<readonly Outcome[]> {
  const ords = new Map<DocId, number>()
  const ends: number[] = []
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
    ends.push(lengths[ord] ?? 0)
  }
  const docIds = [...ords.keys()]
  const write = rows.length === 1 ? writeOne : writeAll
  const lasts = written === undefined ? null : new Map<DocId, number>()
  const unwritten = await committing(write(session, statements, docIds, rows, lasts))
  if (written !== undefined && lasts !== null) tellNumbers(operations, ends, lasts, written)

  const states = new Map<DocId, DocumentState>(docIds.map(docId => [docId, UNREAD]))
  for (const [docId, exists] of unwritten) if (!exists) states.set(docId, null)
  const decisions = plan(operations, states)
  return operations.map(({ docId }, i) => {
    const decision = decisions[i]
    if (unwritten.get(docId) === true) return lockedError(docId)
    return decision?.kind === "refuse" ? decision.error : null
  })
}

/** `ends` says how far behind the document's last row before the statement each operation's last one is. */
function tellNumbers(
  operations: readonly WriteOperation[],
  ends: readonly number[],
  lasts: ReadonlyMap<DocId, number>,
  written: Written,
): void {
  const told = new Map<DocId, number>()
  for (const [i, operation] of operations.entries()) {
    const { docId } = operation
    const last = lasts.get(docId)
    const end = ends[i] ?? 0
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

/** One row, the usual case of a user who types, has a statement of its own that is planned in less time. */
async function writeOne(
  session: PgSession,
  statements: Statements,
  docIds: readonly DocId[],
  rows: readonly PlacedRow[],
  lasts: Lasts,
): Promise<Unwritten> {
  const docId = docIds[0] as DocId
  const { kind, version, lineage, payload, blob } = (rows[0] as PlacedRow).row
  const parameters = [docId, String(kind), version, lineage, payload, blob]
  const [written] = await session.query(statements.appendRow, parameters)
  if (written !== undefined) {
    lasts?.set(docId, Number(written[0]) - 1)
    return NONE
  }
  const [found] = await session.query(statements.readMetas, [textArray([docId])])
  return new Map([[docId, found !== undefined]])
}

async function writeAll(
  session: PgSession,
  statements: Statements,
  docIds: readonly DocId[],
  rows: readonly PlacedRow[],
  lasts: Lasts,
): Promise<Unwritten> {
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
