import { encodeRecord } from "@holdfast/sql-store-core"
import type { DocId, DocumentState, Outcome, Plan, WriteOperation } from "@holdfast/store-core"
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
): Promise<readonly Outcome[]> {
  const ords = new Map<DocId, number>()
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
  }
  const docIds = [...ords.keys()]
  const write = rows.length === 1 ? writeOne : writeAll
  const unwritten = await committing(write(session, statements, docIds, rows))

  const states = new Map<DocId, DocumentState>(docIds.map(docId => [docId, UNREAD]))
  for (const [docId, exists] of unwritten) if (!exists) states.set(docId, null)
  const decisions = plan(operations, states)
  return operations.map(({ docId }, i) => {
    const decision = decisions[i]
    if (unwritten.get(docId) === true) return lockedError(docId)
    return decision?.kind === "refuse" ? decision.error : null
  })
}

const UNREAD: DocumentState = { meta: "unread" }

/** Which documents were not written, and whether they exist. */
type Unwritten = ReadonlyMap<DocId, boolean>

const NONE: Unwritten = new Map()

/** One row, the usual case of a user who types, has a statement of its own that is planned in less time. */
async function writeOne(
  session: PgSession,
  statements: Statements,
  docIds: readonly DocId[],
  rows: readonly PlacedRow[],
): Promise<Unwritten> {
  const docId = docIds[0] as DocId
  const { kind, version, lineage, payload, blob } = (rows[0] as PlacedRow).row
  const parameters = [docId, String(kind), version, lineage, payload, blob]
  const [written] = await session.query(statements.appendRow, parameters)
  if (written !== undefined) return NONE
  const [found] = await session.query(statements.readMetas, [textArray([docId])])
  return new Map([[docId, found !== undefined]])
}

async function writeAll(
  session: PgSession,
  statements: Statements,
  docIds: readonly DocId[],
  rows: readonly PlacedRow[],
): Promise<Unwritten> {
  const left = await session.query(statements.appendRows, [textArray(docIds), ...packRows(rows)])
  return new Map(left.map(([ord, exists]) => [docIds[Number(ord) - 1] as DocId, exists === "1"]))
}
