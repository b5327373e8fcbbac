import { encodeRecord, wholeRow } from "@holdfast/sql-store-core"
import {
  type DocId,
  type DocumentState,
  isStoreError,
  type Outcome,
  type Plan,
  type StoreRecord,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"
import { type DocumentEnds, EntryRows } from "./entry-rows.js"
import { lockedError } from "./errors.js"
import type { PlacedRow } from "./pack.js"
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
  ends: DocumentEnds,
  written?: Written,
): Promise<readonly Outcome[]> {
  const { docIds, rows, behind } = lone(operations) ?? placed(operations)
  const lasts = written === undefined ? null : new Map<DocId, number>()
  const unwritten = await committing(new EntryRows(session, statements, ends, lasts).write(docIds, rows))
  if (written !== undefined && lasts !== null) tellNumbers(operations, behind, lasts, written)
  if (unwritten.size === 0) return operations.map(() => null)

  const states = new Map<DocId, DocumentState>(docIds.map(docId => [docId, UNREAD]))
  for (const [docId, exists] of unwritten) if (exists === false) states.set(docId, null)
  const decisions = plan(operations, states)
  return operations.map(({ docId }, i) => {
    const decision = decisions[i]
    const found = unwritten.get(docId)
    if (isStoreError(found)) return found
    if (found === true) return lockedError(docId)
    return decision?.kind === "refuse" ? decision.error : null
  })
}

/** What a group appends. */
interface Entries {
  readonly docIds: readonly DocId[]
  readonly rows: readonly PlacedRow[]
  /** How far behind the document's last row before the statement each operation's last one is. */
  readonly behind: readonly number[]
}

/** The usual case of a user who types: one row, which needs no lists of lists. */
function lone(operations: readonly WriteOperation[]): Entries | null {
  const [operation] = operations
  if (operations.length !== 1 || operation?.kind !== "append" || operation.records.length !== 1) return null
  const row = wholeRow(operation.records[0] as StoreRecord)
  return row === null ? null : { docIds: [operation.docId], rows: [{ ord: 1, seq: 1, row }], behind: [1] }
}

function placed(operations: readonly WriteOperation[]): Entries {
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
  return { docIds: [...ords.keys()], rows, behind }
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
