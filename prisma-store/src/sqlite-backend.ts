import {
  corruptError,
  type PageCursor,
  type PlannedDocument,
  planSteps,
  prefixRange,
  RowError,
  type StoredDocument,
  tellWritten,
  tryDecodeMeta,
} from "@holdfast/sql-store-core"
import {
  type Backend,
  type DocId,
  type DocumentState,
  isStoreError,
  needsMeta,
  type Outcome,
  type Page,
  type Plan,
  type StoreMeta,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"
import { BACKEND, toStoreError } from "./errors.js"
import { readPage } from "./sqlite-pages.js"
import type { SqliteSession } from "./sqlite-session.js"
import type { Statements } from "./sqlite-statements.js"
import { batchOf } from "./sqlite-write.js"

/** For how many documents the numbers are kept; at 36 characters an id that is a few megabytes. */
const MOST_NUMBERS = 20_000

/** The documents of a group as they were found, or are believed to be. */
interface Found {
  readonly documents: Map<DocId, StoredDocument | null>
  readonly states: Map<DocId, DocumentState>
}

/** SQLite through Prisma as the engine needs it: one batch reads what a group needs, another writes it. */
export class SqliteBackend implements Backend<PageCursor> {
  readonly name = BACKEND
  readonly capabilities = { durable: true, multiWriter: true }
  private readonly session: SqliteSession
  private readonly statements: Statements
  /** What documents were after the store's own last commit: a guess, which the batch that uses it proves. */
  private readonly numbers = new Map<DocId, StoredDocument>()

  constructor(session: SqliteSession, statements: Statements) {
    this.session = session
    this.statements = statements
  }

  async commit(operations: readonly WriteOperation[], plan: Plan, written?: Written): Promise<readonly Outcome[]> {
    const guesses = !this.session.inHostTransaction
    try {
      return await this.write(operations, plan, guesses, written)
    } catch (error) {
      for (const { docId } of operations) this.numbers.delete(docId)
      const failure = toStoreError(error)
      if (!guesses || !isStoreError(failure, "STORE_CONFLICT")) throw failure
    }
    // Another connection wrote in between, so nothing is guessed this time.
    return this.run(() => this.write(operations, plan, false, written))
  }

  readPage(docId: DocId, cursor: PageCursor | null): Promise<Page<PageCursor>> {
    return this.run(() => readPage(this.session, this.statements, docId, cursor))
  }

  readMeta(docId: DocId): Promise<StoreMeta | null> {
    return this.run(async () => {
      const [row] = await this.session.query({ sql: this.statements.readMeta, parameters: [docId] })
      if (row === undefined) return null
      const meta = tryDecodeMeta(row.data)
      if (meta instanceof RowError) throw corruptError(BACKEND, docId, meta)
      return meta
    })
  }

  readIds(prefix: string, after: DocId | null, limit: number): Promise<readonly DocId[]> {
    const { from, below } = prefixRange(prefix)
    const { listAfter, listAfterBelow, listFrom, listFromBelow } = this.statements
    // The header's id is '', so a listing from the start begins after it.
    const exclusive = after !== null || from === ""
    const bounded = exclusive ? listAfterBelow : listFromBelow
    const open = exclusive ? listAfter : listFrom
    const start = after ?? from
    return this.run(async () => {
      const rows = await this.session.query(
        below === null
          ? { sql: open, parameters: [start, limit] }
          : { sql: bounded, parameters: [start, below, limit] },
      )
      return rows.map(row => String(row.doc_id))
    })
  }

  close(): void {}

  private async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw toStoreError(error)
    }
  }

  private async write(
    operations: readonly WriteOperation[],
    plan: Plan,
    mayGuess: boolean,
    written: Written | undefined,
  ): Promise<readonly Outcome[]> {
    const found = await this.find(operations, mayGuess)
    const decisions = plan(operations, found.states)
    const { steps, documents } = planSteps(operations, decisions, found.documents)
    if (steps.length > 0) await this.session.write(batchOf(steps, this.statements))
    if (written !== undefined) tellWritten(operations, decisions, steps, written)
    if (mayGuess) this.remember(documents)
    return decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
  }

  private async find(operations: readonly WriteOperation[], mayGuess: boolean): Promise<Found> {
    const found: Found = { documents: new Map(), states: new Map() }
    const toRead = new Set<DocId>()
    for (const operation of operations) {
      const { docId } = operation
      const known = mayGuess && operation.kind === "append" && !needsMeta(operation) && this.numbers.get(docId)
      if (known) found.documents.set(docId, known)
      else toRead.add(docId)
      found.states.set(docId, UNREAD)
    }
    if (toRead.size > 0) await this.read(toRead, found)
    return found
  }

  private async read(docIds: ReadonlySet<DocId>, found: Found): Promise<void> {
    for (const docId of docIds) {
      found.documents.set(docId, null)
      found.states.set(docId, null)
    }
    const ids = JSON.stringify([...docIds])
    for (const row of await this.session.query({ sql: this.statements.readDocuments, parameters: [ids] })) {
      const docId = String(row.id)
      const meta = tryDecodeMeta(row.data)
      found.documents.set(docId, { doc: Number(row.doc), last: Number(row.last ?? 0) })
      found.states.set(docId, { meta: meta instanceof RowError ? "unreadable" : meta })
    }
  }

  /** Only what is known without another look: a document created in the batch has a number nobody has read. */
  private remember(documents: ReadonlyMap<DocId, PlannedDocument | null>): void {
    for (const [docId, document] of documents) {
      this.numbers.delete(docId)
      if (document === null || document.target.doc === null) continue
      this.numbers.set(docId, { doc: document.target.doc, last: document.last })
      const oldest = this.numbers.size > MOST_NUMBERS ? this.numbers.keys().next().value : undefined
      if (oldest !== undefined) this.numbers.delete(oldest)
    }
  }
}

const UNREAD: DocumentState = { meta: "unread" }
