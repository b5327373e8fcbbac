import { KnownDocuments, lastAfter, pushRecord, type Row, wholeRow } from "@holdfast/sql-store-core"
import { type DocId, needsMeta, type StoreRecord, type WriteOperation, type Written } from "@holdfast/store-core"
import { toStoreError } from "./errors.js"
import { first } from "./open-gate.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import type { Statements } from "./statements.js"
import { insertGuessed, insertRow } from "./write.js"

interface KnownNumbers {
  readonly doc: number
  /** The greatest sequence number. */
  last: number
  /** The stretch in which the numbers were found to be right. */
  stretch: number
}

/** What moves whenever somebody else has written, as long as nobody else uses the connection. */
interface Marks {
  /** Moves with every commit of another connection. */
  readonly data: number
  /** How many rows this connection has changed. The store counts its own in; what is above that was a trigger. */
  changes: number
}

/** How many operations a group has at least for which the database is asked who wrote; for fewer that takes longer than it saves. */
const LOOK_FROM = 32

const NONE: ReadonlySet<DocId> = new Set()

/**
 * Entries of documents whose numbers the store remembers: they are written without reading the document before. Somebody
 * else may have written since, so each row proves the numbers it is written with. Where nobody else uses the connection, the
 * database says once for a large group whether anybody has; on a shared one SQLite does not tell of every change.
 */
export class KnownAppends {
  private readonly adapter: SqliteAdapter
  private readonly statements: Statements
  private readonly numbers = new KnownDocuments<KnownNumbers>()
  private marks: Marks | null = null
  /** Counts the stretches of time in which nobody else wrote. */
  private stretch = 0
  private canLook = false

  constructor(adapter: SqliteAdapter, statements: Statements) {
    this.adapter = adapter
    this.statements = statements
  }

  /** To be called outside of transactions. Where SQLite was built without tables of pragmas, every row proves its numbers. */
  open(): void {
    if (this.adapter.exclusive !== true) return
    try {
      this.readMarks()
      this.canLook = true
    } catch (error) {
      if (toStoreError(error).code !== "STORE_FORMAT_UNSUPPORTED") throw error
    }
  }

  remember(docId: DocId, doc: number, last: number): void {
    this.numbers.set(docId, { doc, last, stretch: this.stretch })
  }

  forget(docId: DocId): void {
    this.numbers.delete(docId)
  }

  /**
   * The documents of a group that have to be read and planned. The others are known and only get entries: nothing is to
   * be decided for those but whether they still are as they were.
   */
  unknown(operations: readonly WriteOperation[]): ReadonlySet<DocId> {
    let unknown: Set<DocId> | null = null
    for (const operation of operations) {
      const isQuick = operation.kind === "append" && !needsMeta(operation)
      if (isQuick && this.numbers.get(operation.docId) !== undefined) continue
      unknown ??= new Set()
      unknown.add(operation.docId)
    }
    return unknown ?? NONE
  }

  /**
   * Puts a group's rows behind those of their documents, which are known, in the transaction that is open. The numbers
   * count on before the commit; when it fails the documents have to be forgotten. Throws a constraint error where a number is wrong.
   */
  writeGroup(operations: readonly WriteOperation[], written: Written | undefined): void {
    const looks = this.canLook && operations.length >= LOOK_FROM
    if (looks) this.look()
    for (const operation of operations) {
      const known = this.numbers.get(operation.docId) as KnownNumbers
      this.write(known, operation, rowsOf(operation), looks, written)
    }
  }

  /**
   * The same for a group of one in no transaction but the statement's own. False, without having done anything, when the
   * document is unknown or the operation is not one row.
   */
  writeAlone(operation: WriteOperation, written: Written | undefined): boolean {
    const known = this.numbers.get(operation.docId)
    const row = known === undefined ? null : onlyRow(operation)
    if (known === undefined || row === null) return false
    this.write(known, operation, [row], false, written)
    return true
  }

  private write(
    known: KnownNumbers,
    operation: WriteOperation,
    rows: readonly Row[],
    looked: boolean,
    written: Written | undefined,
  ): void {
    const { doc, last } = known
    const next = lastAfter(last, rows)
    const isRight = looked && known.stretch === this.stretch
    let seq = last
    for (const row of rows) {
      if (isRight) insertRow(this.adapter, this.statements, doc, ++seq, row)
      else insertGuessed(this.adapter, this.statements, doc, operation.docId, ++seq, row)
      if (this.marks !== null) this.marks.changes++
    }
    known.last = next
    if (looked) known.stretch = this.stretch
    written?.(operation, last + 1, next)
  }

  /** In a transaction nobody else can write any more, so what was true before it is true until its end. */
  private look(): void {
    const { marks } = this
    this.marks = this.readMarks()
    const { data, changes } = this.marks
    const isSame = marks?.data === data && marks.changes === changes
    if (!isSame) this.stretch++
  }

  private readMarks(): Marks {
    const row = first(this.adapter.iterate<Record<keyof Marks, unknown>>(this.statements.readMarks))
    // One that is no number is not equal to itself, and nobody is trusted then.
    const number = (mark: keyof Marks) => Number(row?.[mark] ?? Number.NaN)
    return { data: number("data"), changes: number("changes") }
  }
}

function rowsOf(operation: WriteOperation): readonly Row[] {
  const only = onlyRow(operation)
  // A list that grows from nothing makes room for many.
  if (only !== null) return [only]
  const rows: Row[] = []
  if (operation.kind === "delete") return rows
  for (const record of operation.records) pushRecord(rows, record, false)
  return rows
}

/** The row of an append that surely is one, and of an entry; null for any other operation. */
function onlyRow(operation: WriteOperation): Row | null {
  if (operation.kind !== "append" || operation.records.length !== 1) return null
  return wholeRow(operation.records[0] as StoreRecord)
}
