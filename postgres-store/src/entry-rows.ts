import type { KnownDocuments, Row } from "@holdfast/sql-store-core"
import { type DocId, isStoreError, type StoreError } from "@holdfast/store-core"
import { int8Array, textArray } from "./binary.js"
import { isConnectionLoss, stateOf, toStoreError } from "./errors.js"
import { type PlacedRow, packPlacedRows, packRows } from "./pack.js"
import type { PgConnection, PgRow, PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/** Where a document ended after the store's own last append, and what shows that it still does. */
export interface DocumentEnd {
  readonly connection: PgConnection
  readonly doc: string
  /** The version of its row, which every change and removal changes, where that lies, and in which table. */
  readonly version: string
  readonly place: string
  readonly table: string
  /** The number of its last row. */
  readonly last: number
}

export type DocumentEnds = KnownDocuments<DocumentEnd>

/** Which documents were not written, and whether they exist, or what went wrong with them alone. */
export type Unwritten = ReadonlyMap<DocId, boolean | StoreError>

const ALL_WRITTEN: Unwritten = new Map()

/**
 * Writes rows behind the last ones of their documents. Where the ends of all are known they are numbered from those, which
 * saves the server looking for them; who has written since, or is about to, is found out by the statements that know
 * nothing.
 */
export class EntryRows {
  private readonly session: PgSession
  private readonly statements: Statements
  private readonly ends: DocumentEnds
  private readonly lasts: Map<DocId, number> | null
  /** Undefined where nothing may be remembered: what the host rolls back was never the last row. */
  private readonly connection: PgConnection | undefined

  /** @param lasts Filled in, where somebody wants to know, with the last number that each written document had before. */
  constructor(session: PgSession, statements: Statements, ends: DocumentEnds, lasts: Map<DocId, number> | null) {
    this.session = session
    this.statements = statements
    this.ends = ends
    this.lasts = lasts
    this.connection = session.inHostTransaction ? undefined : session.connection
  }

  write(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const [one] = rows
    // The usual case of a user who types has statements of its own, which are planned in less time.
    return one !== undefined && rows.length === 1
      ? this.writeOne(docIds[0] as DocId, one.row)
      : this.writeSeveral(docIds, rows)
  }

  private async writeOne(docId: DocId, row: Row): Promise<Unwritten> {
    const end = this.ends.get(docId)
    this.ends.delete(docId)
    if (end !== undefined && end.connection === this.connection) {
      try {
        if ((await this.insertNext(end, row)) === 1) {
          this.behind(docId, end)
          return ALL_WRITTEN
        }
      } catch (error) {
        if (!isTaken(error) && !isWithoutFunction(error)) throw error
      }
    }
    return this.insertBehind(docId, row)
  }

  private async writeSeveral(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const known = this.takeEnds(docIds)
    // Of several rows of a document, those before a lock is released could be skipped and those after it written.
    const isOneEach = rows.length === docIds.length && rows.every(({ ord }, i) => ord === i + 1)
    if (known === null || !isOneEach) return this.insertAllBehind(docIds, rows)
    const left = await this.insertEach(docIds, rows, known)
    if (left.length === 0) return ALL_WRITTEN
    const leftIds = left.map(at => docIds[at] as DocId)
    const leftRows = left.map((at, i) => ({ ...(rows[at] as PlacedRow), ord: i + 1 }))
    if (left.length === rows.length) return this.write(leftIds, leftRows)
    return this.writeLeft(leftIds, leftRows)
  }

  /** Never rejects: the others of the group are stored, and whoever takes it for failed would store them once more. */
  private async writeLeft(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    try {
      return await this.write(docIds, rows)
    } catch (thrown) {
      const error = toStoreError(thrown, true)
      const [docId] = docIds
      if (docIds.length === 1 || docId === undefined || isConnectionLoss(error)) {
        return new Map(docIds.map(one => [one, error]))
      }
      // Only what is wrong with one of them by itself is reported of it.
      const first = await this.writeLeft([docId], rows.slice(0, 1))
      const ords = rows.slice(1).map(row => ({ ...row, ord: row.ord - 1 }))
      return new Map([...first, ...(await this.writeLeft(docIds.slice(1), ords))])
    }
  }

  /** The ends of all documents, or null. They are known again when something was written behind them. */
  private takeEnds(docIds: readonly DocId[]): DocumentEnd[] | null {
    const known: DocumentEnd[] = []
    for (const docId of docIds) {
      const end = this.ends.get(docId)
      this.ends.delete(docId)
      if (end !== undefined && end.connection === this.connection) known.push(end)
    }
    return known.length === docIds.length ? known : null
  }

  /** How many rows were written, one or none. */
  private insertNext({ connection, doc, version, place, table, last }: DocumentEnd, row: Row): Promise<number> {
    const isBytes = row.lineage === null && row.payload === null
    const text = isBytes ? this.statements.appendNextBytes : this.statements.appendNext
    const values = isBytes ? [String(row.kind), row.version, row.blob] : columnsOf(row)
    return this.session.execute(text, [doc, ...values, version, place, table, String(last + 1), connection.process])
  }

  /** One row each; returns the places of those that were not written. */
  private async insertEach(docIds: readonly DocId[], rows: readonly PlacedRow[], known: readonly DocumentEnd[]) {
    const places = [...docIds.keys()]
    const parameters = [
      (known[0] as DocumentEnd).connection.process,
      int8Array(known.map(({ doc }) => Number(doc))),
      textArray(known.map(({ version }) => version)),
      int8Array(known.map(({ table }) => Number(table))),
      int8Array(known.map(({ last }) => last + 1)),
      ...packRows(rows.map(({ row }) => row)),
    ]
    let written: readonly PgRow[]
    try {
      written = await this.session.query(this.statements.appendNextRows, parameters)
    } catch (error) {
      if (isTaken(error)) return places
      throw error
    }
    const docs = new Set(written.map(([doc]) => doc))
    return places.filter(at => {
      const end = known[at] as DocumentEnd
      if (!docs.has(end.doc)) return true
      this.behind(docIds[at] as DocId, end)
      return false
    })
  }

  /** A row was written behind this end. */
  private behind(docId: DocId, { connection, doc, version, place, table, last }: DocumentEnd): void {
    this.lasts?.set(docId, last)
    this.ends.set(docId, { connection, doc, version, place, table, last: last + 1 })
  }

  private async insertBehind(docId: DocId, row: Row): Promise<Unwritten> {
    const [written] = await this.session.query(this.statements.appendRow, [docId, ...columnsOf(row)])
    if (written !== undefined) {
      const [doc, seq, seen, process] = written
      this.lasts?.set(docId, Number(seq) - 1)
      this.remember(docId, doc, seen, process, Number(seq))
      return ALL_WRITTEN
    }
    const [found] = await this.session.query(this.statements.readMetas, [textArray([docId])])
    return new Map([[docId, found !== undefined]])
  }

  private async insertAllBehind(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const { appendRows, appendRowsNumbered } = this.statements
    const text = this.lasts === null && this.connection === undefined ? appendRows : appendRowsNumbered
    const lengths: number[] = []
    for (const { ord } of rows) lengths[ord] = (lengths[ord] ?? 0) + 1
    const unwritten = new Map<DocId, boolean>()
    for (const row of await this.session.query(text, [textArray(docIds), ...packPlacedRows(rows)])) {
      const [ord, exists, last = null, doc, seen, process] = row
      const docId = docIds[Number(ord) - 1] as DocId
      if (last === null) unwritten.set(docId, exists === "1")
      else {
        this.lasts?.set(docId, Number(last))
        this.remember(docId, doc, seen, process, Number(last) + (lengths[Number(ord)] ?? 0))
      }
    }
    return unwritten
  }

  /**
   * Only on a connection that lasts as long as its server's process: behind a pooler the server may crash and lose what it
   * had not confirmed to be on disk, or another may take over, and the connection stays.
   */
  private remember(docId: DocId, doc: Cell, seen: Cell, process: Cell, last: number): void {
    const { connection } = this
    const [version, place, table] = seen?.split(" ") ?? []
    if (connection !== undefined && connection.process === process && doc && version && place && table) {
      this.ends.set(docId, { connection, doc, version, place, table, last })
    }
  }
}

/** When somebody else was first, the key has refused all rows of the statement. */
function isTaken(error: unknown): boolean {
  return isStoreError(toStoreError(error), "STORE_CONFLICT")
}

/**
 * The function, or what it names, is not as it was when the store was opened: dropped, forbidden, another one, in a schema
 * that has been renamed. Nothing was written, and the statement that follows says what is wrong, if anything is.
 */
function isWithoutFunction(error: unknown): boolean {
  return /^(42|0A|3F)/.test(stateOf(error) ?? "")
}

type Cell = string | null | undefined

function columnsOf({ kind, version, lineage, payload, blob }: Row) {
  return [String(kind), version, lineage, payload, blob]
}
