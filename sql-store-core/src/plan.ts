import type { Decision, DocId, StoreRecord, WriteOperation } from "@holdfast/store-core"
import { PIECE_BYTES } from "./limits.js"
import { encodeMeta, pushRecord, type Row } from "./rows.js"

/** A document between its creation and its removal; every step on it has this same object. */
export interface Target {
  readonly docId: DocId
  /** The document's number; null until the executor of its `create` step has filled it in. */
  doc: number | null
}

/** A document as it is stored: its number and its greatest sequence number. */
export interface StoredDocument {
  readonly doc: number
  readonly last: number
}

/** A document after the steps: `last` is its greatest sequence number, `target.doc` its number. */
export interface PlannedDocument {
  readonly target: Target
  readonly last: number
}

/**
 * One thing to write, in order:
 * - `create`: insert the meta row with `data`, and put the new number in `target.doc`
 * - `meta`: store `data` in the meta row
 * - `clear`: remove all rows of the records table
 * - `drop`: remove the meta row
 * - `insert`: insert `rows`, numbered from `first`
 */
export type Step =
  | { readonly kind: "create"; readonly target: Target; readonly data: string }
  | { readonly kind: "meta"; readonly target: Target; readonly data: string }
  | { readonly kind: "clear"; readonly target: Target }
  | { readonly kind: "drop"; readonly target: Target }
  | { readonly kind: "insert"; readonly target: Target; readonly first: number; readonly rows: readonly Row[] }

/** What to write, and what the documents of the group are afterwards (null: do not exist). */
export interface PlannedSteps {
  readonly steps: readonly Step[]
  readonly documents: ReadonlyMap<DocId, PlannedDocument | null>
}

/**
 * The steps that carry out the engine's decisions. `documents` says for every document of the group what it is before
 * (null: does not exist). Pieces of large payloads hold at most `pieceBytes`.
 *
 * Throws `RangeError` when a sequence number would no longer be a safe integer, and `TypeError` when the decisions do
 * not fit the operations or documents.
 */
export function planSteps(
  operations: readonly WriteOperation[],
  decisions: readonly Decision[],
  documents: ReadonlyMap<DocId, StoredDocument | null>,
  pieceBytes = PIECE_BYTES,
): PlannedSteps {
  if (operations.length !== decisions.length) throw new TypeError("There must be one decision for each operation")
  const steps: Step[] = []
  const planned = new Map<DocId, PlannedDocument | null>()
  operations.forEach((operation, at) => {
    const decision = decisions[at] as Decision
    const { docId } = operation
    if (!planned.has(docId)) planned.set(docId, startOf(docId, documents))
    const before = planned.get(docId) ?? null
    if (decision.kind === "refuse" || decision.kind === "nothing") return
    planned.set(docId, planOne(steps, operation, decision, before, pieceBytes))
  })
  return { steps, documents: planned }
}

type Writing = Exclude<Decision, { kind: "refuse" | "nothing" }>

/** Adds the steps of one operation and returns what its document is after them. */
function planOne(
  steps: Step[],
  operation: WriteOperation,
  decision: Writing,
  before: PlannedDocument | null,
  pieceBytes: number,
): PlannedDocument | null {
  const { docId } = operation
  if (decision.kind === "create") {
    if (before !== null) throw misfit(decision, docId, "exists")
    const target: Target = { docId, doc: null }
    steps.push({ kind: "create", target, data: encodeMeta(decision.meta) })
    return planInsert(steps, target, 0, recordsOf(operation), true, pieceBytes)
  }
  if (before === null) throw misfit(decision, docId, "does not exist")
  const { target, last } = before
  if (decision.kind === "remove") {
    steps.push({ kind: "clear", target }, { kind: "drop", target })
    return null
  }
  const replaces = decision.kind === "replace"
  if (replaces) steps.push({ kind: "clear", target })
  if (decision.meta !== null) steps.push({ kind: "meta", target, data: encodeMeta(decision.meta) })
  // The numbers go on after a replace: a reader that believes in the old rows finds a gap instead of new rows.
  return planInsert(steps, target, last, recordsOf(operation), replaces, pieceBytes)
}

function planInsert(
  steps: Step[],
  target: Target,
  last: number,
  records: readonly StoreRecord[],
  begins: boolean,
  pieceBytes: number,
): PlannedDocument {
  const rows: Row[] = []
  records.forEach((record, at) => {
    pushRecord(rows, record, begins && at === 0, pieceBytes)
  })
  const next = lastAfter(last, rows)
  steps.push({ kind: "insert", target, first: last + 1, rows })
  return { target, last: next }
}

/** The greatest sequence number of a document that gets `rows` behind `last`. Throws `RangeError` when it is used up. */
export function lastAfter(last: number, rows: readonly Row[]): number {
  const next = last + rows.length
  if (!Number.isSafeInteger(next)) throw new RangeError("The document has used up its sequence numbers")
  return next
}

function startOf(docId: DocId, documents: ReadonlyMap<DocId, StoredDocument | null>): PlannedDocument | null {
  const stored = documents.get(docId)
  // Taking an unread document for an absent one would number its rows from 1 again.
  if (stored === undefined) throw new TypeError(`The state of document ${JSON.stringify(docId)} is missing`)
  return stored === null ? null : { target: { docId, doc: stored.doc }, last: stored.last }
}

function recordsOf(operation: WriteOperation): readonly StoreRecord[] {
  if (operation.kind === "delete") throw new TypeError("A delete writes no records")
  return operation.records
}

function misfit(decision: Writing, docId: DocId, fact: string): TypeError {
  return new TypeError(`Decision "${decision.kind}" for document ${JSON.stringify(docId)}, which ${fact}`)
}
