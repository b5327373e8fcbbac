import {
  decodeMeta,
  type PlannedSteps,
  planSteps,
  prefixRange,
  RowError,
  type StoredDocument,
  type TableNames,
  tellWritten,
} from "@holdfast/sql-store-core"
import {
  type Backend,
  type Decision,
  type DocId,
  type DocumentState,
  isStoreError,
  type Outcome,
  type Page,
  type Plan,
  type StoreError,
  type StoreMeta,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"
import { BACKEND, corrupt, isConstraintError, toStoreError } from "./errors.js"
import { HostTransactions } from "./host-transactions.js"
import { KnownAppends } from "./known-appends.js"
import { first, openGate } from "./open-gate.js"
import { type Cursor, PageReader } from "./page-reader.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import { createStatements, type Statements } from "./statements.js"
import { executeSteps } from "./write.js"

/** SQLite as the engine needs it. Everything is synchronous, so nothing else runs on the connection within a call. */
export class SqliteBackend implements Backend<Cursor> {
  readonly name = BACKEND
  readonly capabilities = { durable: true, multiWriter: true }
  readonly takesViews = true
  private readonly adapter: SqliteAdapter
  private readonly names: TableNames
  private readonly statements: Statements
  private readonly known: KnownAppends
  private readonly pages: PageReader
  private readonly transactions: HostTransactions
  private isOpen = false
  /** Whether the connection says when it is in a transaction. */
  private tellsTransactions = false

  constructor(adapter: SqliteAdapter, names: TableNames) {
    this.adapter = adapter
    this.names = names
    this.statements = createStatements(names)
    this.known = new KnownAppends(adapter, this.statements)
    this.pages = new PageReader(adapter, this.statements)
    this.transactions = new HostTransactions(adapter)
  }

  /** Opens the tables now, or, when the database is locked, with the first call. */
  openUnlessBusy(): void {
    try {
      this.run(() => {})
    } catch (error) {
      if (!isStoreError(error, "STORE_BUSY")) throw error
    }
  }

  private open(): void {
    this.transactions.refuse()
    this.tellsTransactions = this.adapter.inTransaction !== undefined
    if (this.tellsTransactions) this.known.open()
    openGate(this.adapter, this.names, this.statements)
    this.isOpen = true
  }

  commit(operations: readonly WriteOperation[], plan: Plan, written?: Written): readonly Outcome[] {
    try {
      if (!this.isOpen) this.open()
      this.transactions.refuse()
      return this.writeOrReadAgain(operations, plan, written)
    } catch (error) {
      this.transactions.doubt()
      throw toStoreError(error)
    }
  }

  readPage(docId: DocId, cursor: Cursor | null): Page<Cursor> {
    return this.run(() => this.pages.read(docId, cursor))
  }

  readMeta(docId: DocId): StoreMeta | null {
    return this.run(() => {
      const row = first(this.adapter.iterate<{ data: unknown }>(this.statements.readMeta, docId))
      if (row === undefined) return null
      const meta = decoded(row.data)
      if (meta instanceof RowError) throw corrupt(docId, meta)
      return meta
    })
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] {
    return this.run(() => {
      const { from, below } = prefixRange(prefix)
      // The header's id is '', so a listing from the start begins after it.
      const exclusive = after !== null || from === ""
      const texts = this.statements
      const sql = exclusive
        ? below === null
          ? texts.listAfter
          : texts.listAfterBelow
        : below === null
          ? texts.listFrom
          : texts.listFromBelow
      const bounds = below === null ? [after ?? from] : [after ?? from, below]
      return Array.from(this.adapter.iterate<{ id: string }>(sql, ...bounds, limit), row => row.id)
    })
  }

  close(): void {
    try {
      this.adapter.close()
    } catch (error) {
      throw toStoreError(error)
    }
  }

  private run<T>(work: () => T): T {
    try {
      if (!this.isOpen) this.open()
      return work()
    } catch (error) {
      this.transactions.doubt()
      throw toStoreError(error)
    }
  }

  /**
   * Runs `work` in one transaction. What it throws passes as it is; when a write fails in the database, nothing can be
   * committed any more, even if `work` goes on.
   */
  transact<R>(plan: Plan, work: (write: (operation: WriteOperation) => void) => R, written?: Written): R {
    const failed: { inWork?: { readonly error: unknown }; write?: StoreError } = {}
    const write = (operation: WriteOperation) => {
      if (failed.write !== undefined) throw failed.write
      this.transactions.refuseEnded()
      this.known.forget(operation.docId)
      const group = this.planGroup([operation], plan)
      const [decision] = group.decisions
      if (decision?.kind === "refuse") throw decision.error
      executeSteps(this.adapter, this.statements, group.planned.steps)
      if (written !== undefined) tellWritten([operation], group.decisions, group.planned.steps, written)
    }
    const guarded = (operation: WriteOperation) => {
      try {
        write(operation)
      } catch (error) {
        const mapped = toStoreError(error)
        if (mapped !== error || mapped.code === "STORE_BACKEND") failed.write = mapped
        throw mapped
      }
    }
    const body = () => {
      try {
        const result = work(guarded)
        refusePromise(result)
        return result
      } catch (error) {
        failed.inWork = { error }
        throw error
      }
    }
    const whole = () => {
      const result = body()
      if (failed.write !== undefined) throw failed.write
      this.transactions.refuseEnded()
      return result
    }
    try {
      return this.transactions.inside(() => this.adapter.transaction(whole))
    } catch (error) {
      throw failed.inWork === undefined ? toStoreError(error) : failed.inWork.error
    }
  }

  /** Throws `STORE_IN_TRANSACTION` when the connection is inside a transaction. */
  checkTransaction(): void {
    this.run(() => this.transactions.refuse())
  }

  private writeOrReadAgain(operations: readonly WriteOperation[], plan: Plan, written?: Written): readonly Outcome[] {
    try {
      return this.write(operations, plan, true, written)
    } catch (error) {
      for (const { docId } of operations) this.known.forget(docId)
      if (!isConstraintError(error)) throw error
      // Another connection wrote in between, so the numbers are read in the transaction this time.
      return this.write(operations, plan, false, written)
    }
  }

  private write(
    operations: readonly WriteOperation[],
    plan: Plan,
    mayGuess: boolean,
    written: Written | undefined,
  ): readonly Outcome[] {
    // Without the flag a transaction of the host may have taken back what was written, and the number with it.
    const guesses = mayGuess && this.tellsTransactions
    const [only] = operations
    if (guesses && operations.length === 1 && only !== undefined && this.adapter.commitsAlone === true) {
      // A statement alone is a transaction of its own, at a fraction of the cost.
      if (this.known.writeAlone(only, written)) return STORED
    }
    const unknown = guesses ? this.known.unknown(operations) : null
    const isKnown = (docId: DocId) => unknown !== null && !unknown.has(docId)
    if (unknown?.size === 0) {
      this.adapter.transaction(() => this.known.writeGroup(operations, written))
      return operations.map(() => null)
    }
    const planned = operations.filter(({ docId }) => !isKnown(docId))
    const quick = operations.filter(({ docId }) => isKnown(docId))
    const group = this.adapter.transaction(() => {
      this.known.writeGroup(quick, written)
      const group = this.planGroup(planned, plan)
      executeSteps(this.adapter, this.statements, group.planned.steps)
      return group
    })
    if (written !== undefined) tellWritten(planned, group.decisions, group.planned.steps, written)
    const outcomes = this.finish(group)
    let at = 0
    return operations.map(({ docId }) => (isKnown(docId) ? null : (outcomes[at++] ?? null)))
  }

  private planGroup(operations: readonly WriteOperation[], plan: Plan): Group {
    const states = new Map<DocId, DocumentState>()
    const documents = new Map<DocId, StoredDocument | null>()
    for (const { docId } of operations) {
      if (states.has(docId)) continue
      const { document, state } = this.readDocument(docId)
      documents.set(docId, document)
      states.set(docId, state)
    }
    const decisions = plan(operations, states)
    return { decisions, planned: planSteps(operations, decisions, documents) }
  }

  private readDocument(docId: DocId): { document: StoredDocument | null; state: DocumentState } {
    type Found = { doc: number; data: unknown; last: number | null }
    const row = first(this.adapter.iterate<Found>(this.statements.readDocument, docId))
    if (row === undefined) return { document: null, state: null }
    const meta = decoded(row.data)
    const document = { doc: Number(row.doc), last: wholeNumber(row.last) }
    return { document, state: { meta: meta instanceof RowError ? "unreadable" : meta } }
  }

  /** The group is stored: remembers the documents' numbers and says what became of each operation. */
  private finish({ planned, decisions }: Group): readonly Outcome[] {
    for (const [docId, document] of planned.documents) {
      if (document === null || document.target.doc === null) this.known.forget(docId)
      else this.known.remember(docId, document.target.doc, document.last)
    }
    return decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
  }
}

interface Group {
  readonly decisions: readonly Decision[]
  readonly planned: PlannedSteps
}

/** What became of a lone write that is stored. */
const STORED: readonly Outcome[] = [null]

/** A damaged number counts as none, so that a replace can still repair the document. */
function wholeNumber(last: unknown): number {
  return Number.isSafeInteger(Number(last ?? 0)) ? Number(last ?? 0) : 0
}

function decoded(data: unknown): StoreMeta | RowError {
  try {
    return decodeMeta(String(data))
  } catch (error) {
    if (error instanceof RowError) return error
    throw error
  }
}

/** A promise is a function that has not finished, and the commit cannot wait for it. */
function refusePromise(result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return
  // It will fail at its next write; the error thrown here says why.
  Promise.resolve(result).catch(() => {})
  throw new TypeError("transact: the function returned a promise. It must be synchronous; await before or after it.")
}
