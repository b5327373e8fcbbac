import { type Row, RowKind, type Step } from "@holdfast/sql-store-core"
import type { DocId } from "@holdfast/store-core"
import { first } from "./open-gate.js"
import type { SqliteAdapter, SqliteParameter } from "./sqlite-adapter.js"
import { ROWS_PER_INSERT, type Statements } from "./statements.js"

/** Runs the planned steps, in order. */
export function executeSteps(adapter: SqliteAdapter, statements: Statements, steps: readonly Step[]): void {
  for (const step of steps) {
    const { target } = step
    if (step.kind === "create") {
      const row = first(adapter.iterate<{ doc: number }>(statements.insertMeta, target.docId, step.data))
      target.doc = Number(row?.doc)
      continue
    }
    const doc = target.doc as number
    if (step.kind === "meta") adapter.exec(statements.updateMeta, step.data, doc)
    else if (step.kind === "clear") adapter.exec(statements.deleteRecords, doc)
    else if (step.kind === "drop") adapter.exec(statements.deleteMeta, doc)
    else insert(adapter, statements, doc, step.first, step.rows)
  }
}

/** Many rows go several to a statement, which is quicker; the rest one by one, so that two texts are enough. */
function insert(adapter: SqliteAdapter, statements: Statements, doc: number, from: number, rows: readonly Row[]): void {
  const grouped = rows.length - (rows.length % ROWS_PER_INSERT)
  for (let at = 0; at < grouped; at += ROWS_PER_INSERT) {
    const values: SqliteParameter[] = []
    for (let i = at; i < at + ROWS_PER_INSERT; i++) {
      const row = rows[i] as Row
      values.push(doc, from + i, row.kind, row.version, row.lineage, row.payload, row.blob)
    }
    adapter.exec(statements.insertRows, ...values)
  }
  for (let i = grouped; i < rows.length; i++) insertRow(adapter, statements, doc, from + i, rows[i] as Row)
}

export function insertRow(adapter: SqliteAdapter, statements: Statements, doc: number, seq: number, row: Row): void {
  const { kind, version, lineage, payload, blob } = row
  if (isBytes(row)) adapter.exec(statements.insertBytes, doc, seq, kind, version, blob)
  else adapter.exec(statements.insertRow, doc, seq, kind, version, lineage, payload, blob)
}

/** Inserts a row of a document whose number is a guess, which it proves. */
export function insertGuessed(
  adapter: SqliteAdapter,
  statements: Statements,
  doc: number,
  docId: DocId,
  seq: number,
  row: Row,
): void {
  const { kind, version, lineage, payload, blob } = row
  if (kind === RowKind.since && isBytes(row)) {
    adapter.exec(statements.insertGuessedSince, doc, docId, doc, seq - 1, version, blob)
  } else adapter.exec(statements.insertGuessed, doc, docId, doc, seq - 1, kind, version, lineage, payload, blob)
}

function isBytes(row: Row): boolean {
  return row.lineage === null && row.payload === null
}
