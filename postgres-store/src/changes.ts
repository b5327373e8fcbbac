import {
  planSteps,
  type Row,
  RowError,
  type Step,
  type StoredDocument,
  tellWritten,
  tryDecodeMeta,
} from "@holdfast/sql-store-core"
import type { Decision, DocId, DocumentState, Outcome, Plan, WriteOperation, Written } from "@holdfast/store-core"
import { int8Array, textArray } from "./binary.js"
import { conflictError, lockedError } from "./errors.js"
import { type PlacedRow, packPlacedRows } from "./pack.js"
import type { Committing, PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/** A document as one statement found it. */
interface FoundDocument extends StoredDocument {
  readonly data: string
  readonly version: string | null
}

/** What a group does to one document, all its operations together. */
interface Change {
  readonly docId: DocId
  readonly found: FoundDocument | null
  /** Metadata to store, null when it stays. */
  data: string | null
  clears: boolean
  rows: Row[]
}

/**
 * Writes a group of appends and replaces that may create documents and change metadata. One statement reads, a second
 * one writes what was decided to every document that still is as it was read; so no transaction is held in between.
 */
export async function writeChanges(
  session: PgSession,
  statements: Statements,
  operations: readonly WriteOperation[],
  plan: Plan,
  committing: Committing,
  written?: Written,
): Promise<readonly Outcome[]> {
  const found = await readDocuments(session, statements, operations)
  const decisions = plan(operations, statesOf(operations, found))
  const { steps } = planSteps(operations, decisions, found)
  const changes = condense(steps, found)
  const unwritten = changes.length === 0 ? NONE : await committing(write(session, statements, changes))
  if (written !== undefined) tellNumbers(operations, decisions, steps, found, unwritten, written)
  return operations.map(({ docId }, i) => {
    const decision = decisions[i]
    const outcome = unwritten.get(docId)
    if (outcome !== undefined) return outcome === "locked" ? lockedError(docId) : conflictError(docId)
    return decision?.kind === "refuse" ? decision.error : null
  })
}

type Unwritten = ReadonlyMap<DocId, "locked" | "changed">
const NONE: Unwritten = new Map()

async function readDocuments(session: PgSession, statements: Statements, operations: readonly WriteOperation[]) {
  const docIds = [...new Set(operations.map(({ docId }) => docId))]
  const found = new Map<DocId, FoundDocument | null>(docIds.map(docId => [docId, null]))
  for (const [docId, doc, data, version = null, last] of await session.query(statements.readDocuments, [
    textArray(docIds),
  ])) {
    found.set(docId ?? "", { doc: Number(doc), data: data ?? "", version, last: Number(last ?? 0) })
  }
  return found
}

function statesOf(operations: readonly WriteOperation[], found: ReadonlyMap<DocId, FoundDocument | null>) {
  const states = new Map<DocId, DocumentState>()
  for (const { docId } of operations) {
    const document = found.get(docId) ?? null
    if (states.has(docId)) continue
    const meta = document === null ? null : tryDecodeMeta(document.data)
    states.set(docId, meta === null ? null : { meta: meta instanceof RowError ? "unreadable" : meta })
  }
  return states
}

/**
 * The steps of each document as one change. Rows that a later replace of the group takes away are never written, and the
 * rest are numbered from the document's last row on: the key must refuse the first of them when somebody else appended.
 */
function condense(steps: readonly Step[], found: ReadonlyMap<DocId, FoundDocument | null>): Change[] {
  const changes = new Map<DocId, Change>()
  for (const step of steps) {
    const { docId } = step.target
    const change = changes.get(docId) ?? { docId, found: found.get(docId) ?? null, data: null, clears: false, rows: [] }
    changes.set(docId, change)
    if (step.kind === "create" || step.kind === "meta") change.data = step.data
    else if (step.kind === "insert") for (const row of step.rows) change.rows.push(row)
    else if (step.kind === "clear") {
      change.clears = true
      change.rows = []
    } else throw new TypeError("A removal is not a change")
  }
  return [...changes.values()]
}

/** The numbers that `write` gave the rows, which are not as planned where a replace took rows away before they were written. */
function tellNumbers(
  operations: readonly WriteOperation[],
  decisions: readonly Decision[],
  steps: readonly Step[],
  found: ReadonlyMap<DocId, StoredDocument | null>,
  unwritten: Unwritten,
  written: Written,
): void {
  const kept = new Map<DocId, { readonly operation: WriteOperation; readonly rows: number }[]>()
  tellWritten(operations, decisions, steps, (operation, first, last) => {
    const { docId } = operation
    const before = operation.kind === "replace" ? [] : (kept.get(docId) ?? [])
    before.push({ operation, rows: last - first + 1 })
    kept.set(docId, before)
  })
  for (const [docId, writes] of kept) {
    if (unwritten.has(docId)) continue
    let last = found.get(docId)?.last ?? 0
    for (const { operation, rows } of writes) {
      written(operation, last + 1, last + rows)
      last += rows
    }
  }
}

async function write(session: PgSession, statements: Statements, changes: readonly Change[]): Promise<Unwritten> {
  const rows: PlacedRow[] = []
  for (const [i, { found, rows: own }] of changes.entries()) {
    const last = found?.last ?? 0
    for (const [k, row] of own.entries()) rows.push({ ord: i + 1, seq: last + 1 + k, row })
  }
  const creates = changes.some(({ found }) => found === null)
  const left = await session.query(statements.change(creates && !session.inHostTransaction), [
    textArray(changes.map(({ docId }) => docId)),
    int8Array(changes.map(({ found }) => found?.doc ?? null)),
    textArray(changes.map(({ found }) => found?.version ?? null)),
    textArray(changes.map(({ data }) => data)),
    int8Array(changes.map(({ found, clears }) => (clears && found !== null ? found.last : null))),
    ...packPlacedRows(rows),
  ])
  return new Map(
    left.map(([ord, unchanged]) => [
      (changes[Number(ord) - 1] as Change).docId,
      unchanged === "1" ? "locked" : "changed",
    ]),
  )
}
