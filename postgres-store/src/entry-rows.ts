import type { KnownDocuments, Row } from "@holdfast/sql-store-core"
import { type DocId, isStoreError } from "@holdfast/store-core"
import { int8Array, textArray } from "./binary.js"
import { toStoreError } from "./errors.js"
import { type PlacedRow, packPlacedRows, packRows } from "./pack.js"
import type { PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/** Where a document ended after the store's own last append, and what shows that it still does. */
export interface DocumentEnd {
  readonly connection: number
  readonly server: string
  readonly doc: string
  readonly version: string
  /** The number of its last row. */
  readonly last: number
}

export type DocumentEnds = KnownDocuments<DocumentEnd>

/** Which documents were not written, and whether they exist. */
export type Unwritten = Map<DocId, boolean>

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
  private readonly connection: number | undefined

  /** @param lasts Filled in, where somebody wants to know, with the last number that each written document had before. */
  constructor(session: PgSession, statements: Statements, ends: DocumentEnds, lasts: Map<DocId, number> | null) {
    this.session = session
    this.statements = statements
    this.ends = ends
    this.lasts = lasts
    this.connection = session.inHostTransaction ? undefined : session.connection
  }

  async write(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const known = this.takeEnds(docIds)
    // Of several rows of a document, those before a lock is released could be skipped and those after it written.
    const isOneEach = rows.length === docIds.length && rows.every(({ ord }, i) => ord === i + 1)
    if (known === null || !isOneEach) return this.writeUnknown(docIds, rows)
    const left = await this.writeKnown(docIds, rows, known)
    if (left.length === 0) return new Map()
    const again = left.map((at, i) => ({ ...(rows[at] as PlacedRow), ord: i + 1 }))
    return this.writeUnknown(
      left.map(at => docIds[at] as DocId),
      again,
    )
  }

  /** The ends of all documents, or null. They are known again when something was written behind them. */
  private takeEnds(docIds: readonly DocId[]): DocumentEnd[] | null {
    const known: DocumentEnd[] = []
    for (const docId of docIds) {
      const end = this.ends.get(docId)
      this.ends.delete(docId)
      if (end === undefined || end.connection !== this.connection) continue
      if (end.server === (known[0] ?? end).server) known.push(end)
    }
    return known.length === docIds.length ? known : null
  }

  /** One row each; returns the places of those that were not written. */
  private async writeKnown(docIds: readonly DocId[], rows: readonly PlacedRow[], known: readonly DocumentEnd[]) {
    const places = [...docIds.keys()]
    const written = await this.unlessTaken(
      known.length === 1
        ? this.insertNext(known[0] as DocumentEnd, rows[0] as PlacedRow)
        : this.insertEach(known, rows),
    )
    return places.filter(at => {
      const docId = docIds[at] as DocId
      const end = known[at] as DocumentEnd
      if (!written.has(end.doc)) return true
      this.lasts?.set(docId, end.last)
      this.ends.set(docId, { ...end, last: end.last + 1 })
      return false
    })
  }

  private async insertNext({ doc, version, last, server }: DocumentEnd, { row }: PlacedRow): Promise<Set<string>> {
    const parameters = [doc, ...columnsOf(row), version, String(last + 1), server]
    const count = await this.session.execute(this.statements.appendNext, parameters)
    return new Set(count === 1 ? [doc] : [])
  }

  private async insertEach(known: readonly DocumentEnd[], rows: readonly PlacedRow[]): Promise<Set<string>> {
    const keys = [
      int8Array(known.map(({ doc }) => Number(doc))),
      textArray(known.map(({ version }) => version)),
      int8Array(known.map(({ last }) => last + 1)),
    ]
    const parameters = [(known[0] as DocumentEnd).server, ...keys, ...packRows(rows.map(({ row }) => row))]
    const written = await this.session.query(this.statements.appendNextRows, parameters)
    return new Set(written.map(([doc]) => doc ?? ""))
  }

  /** When somebody else was first, the key has refused all rows of the statement. */
  private async unlessTaken(written: Promise<Set<string>>): Promise<Set<string>> {
    try {
      return await written
    } catch (error) {
      if (isStoreError(toStoreError(error), "STORE_CONFLICT")) return new Set()
      throw error
    }
  }

  private writeUnknown(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const [one] = rows
    return one !== undefined && rows.length === 1
      ? this.writeOne(docIds[0] as DocId, one.row)
      : this.writeAll(docIds, rows)
  }

  /** One row, the usual case of a user who types, has a statement of its own that is planned in less time. */
  private async writeOne(docId: DocId, row: Row): Promise<Unwritten> {
    const [written] = await this.session.query(this.statements.appendRow, [docId, ...columnsOf(row)])
    if (written !== undefined) {
      const [doc, seq, version, server] = written
      this.lasts?.set(docId, Number(seq) - 1)
      this.remember(docId, doc, version, server, Number(seq))
      return new Map()
    }
    const [found] = await this.session.query(this.statements.readMetas, [textArray([docId])])
    return new Map([[docId, found !== undefined]])
  }

  private async writeAll(docIds: readonly DocId[], rows: readonly PlacedRow[]): Promise<Unwritten> {
    const { appendRows, appendRowsNumbered } = this.statements
    const text = this.lasts === null && this.connection === undefined ? appendRows : appendRowsNumbered
    const lengths: number[] = []
    for (const { ord } of rows) lengths[ord] = (lengths[ord] ?? 0) + 1
    const unwritten: Unwritten = new Map()
    for (const row of await this.session.query(text, [textArray(docIds), ...packPlacedRows(rows)])) {
      const [ord, exists, last = null, doc, version, server] = row
      const docId = docIds[Number(ord) - 1] as DocId
      if (last === null) unwritten.set(docId, exists === "1")
      else {
        this.lasts?.set(docId, Number(last))
        this.remember(docId, doc, version, server, Number(last) + (lengths[Number(ord)] ?? 0))
      }
    }
    return unwritten
  }

  private remember(docId: DocId, doc: Cell, version: Cell, server: Cell, last: number): void {
    const { connection } = this
    if (connection !== undefined && doc && version && server) {
      this.ends.set(docId, { connection, server, doc, version, last })
    }
  }
}

type Cell = string | null | undefined

function columnsOf({ kind, version, lineage, payload, blob }: Row) {
  return [String(kind), version, lineage, payload, blob]
}
