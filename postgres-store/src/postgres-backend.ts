import {
  corruptError,
  KnownDocuments,
  type PageCursor,
  prefixRange,
  RowError,
  tryDecodeMeta,
} from "@holdfast/sql-store-core"
import {
  type Backend,
  type DocId,
  isStoreError,
  needsMeta,
  type Outcome,
  type Page,
  type Plan,
  type StoreError,
  type StoreMeta,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"
import { Batches } from "./batch.js"
import { textArray } from "./binary.js"
import { writeChanges } from "./changes.js"
import { appendEntries } from "./entries.js"
import type { DocumentEnds } from "./entry-rows.js"
import { BACKEND, finalCollision, isLost, stateOf, toStoreError } from "./errors.js"
import { byDocument, commitInParts } from "./groups.js"
import { PageReader } from "./page-reader.js"
import type { Committing, PgAdapter, PgSession } from "./pg-adapter.js"
import { removeDocuments } from "./removal.js"
import type { Statements } from "./statements.js"

/** How often a read that lost its connection is tried again on another one. */
const READ_ATTEMPTS = 3

/** How many ids one statement asks the metadata of, and how many such statements are under way at once. */
const METAS_PER_READ = 1000
const META_READS_AT_ONCE = 2

/** Postgres as the engine needs it. No statement depends on what another left on its connection. */
export class PostgresBackend implements Backend<PageCursor> {
  readonly name = BACKEND
  readonly capabilities = { durable: true, multiWriter: true }
  readonly answersLater: boolean
  private readonly adapter: PgAdapter
  private readonly statements: Statements
  private readonly pages: PageReader
  private readonly ends: DocumentEnds = new KnownDocuments()
  private readonly metas = new Batches<DocId, StoreMeta | null>(
    docIds => this.read(session => this.readMetas(session, docIds)),
    METAS_PER_READ,
    META_READS_AT_ONCE,
  )

  constructor(adapter: PgAdapter, statements: Statements) {
    this.adapter = adapter
    this.answersLater = adapter.answersLater === true
    this.statements = statements
    this.pages = new PageReader(statements, work => this.read(work), adapter.reconnects)
  }

  commit(operations: readonly WriteOperation[], plan: Plan, written?: Written): Promise<readonly Outcome[]> {
    // The usual case of a user who types.
    if (operations.length === 1) return this.commitPart(operations, plan, written)
    return commitInParts(operations, part => this.commitPart(part, plan, written))
  }

  readPage(docId: DocId, cursor: PageCursor | null): Promise<Page<PageCursor>> {
    return this.pages.read(docId, cursor)
  }

  readMeta(docId: DocId): Promise<StoreMeta | null> {
    return this.metas.add(docId)
  }

  readIds(prefix: string, after: DocId | null, limit: number): Promise<readonly DocId[]> {
    const { from, below } = prefixRange(prefix)
    const { listAfter, listAfterBelow, listFrom, listFromBelow } = this.statements
    // The header's id is '', so a listing from the start begins after it.
    const exclusive = after !== null || from === ""
    const bounded = exclusive ? listAfterBelow : listFromBelow
    const open = exclusive ? listAfter : listFrom
    const bounds = [after ?? from, String(limit)]
    return this.read(async session => {
      const rows = await session.query(below === null ? open : bounded, below === null ? bounds : [...bounds, below])
      return rows.map(([id]) => id ?? "")
    })
  }

  async close(): Promise<void> {
    await this.pages.close()
    try {
      await this.adapter.close()
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** Nothing of a read can be there twice, so one that lost its connection is simply made again. */
  private async read<T>(work: (session: PgSession) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.adapter.run(work)
      } catch (error) {
        if (this.adapter.reconnects && attempt < READ_ATTEMPTS && isLost(error)) continue
        throw toStoreError(error)
      }
    }
  }

  /** Operations of which either all or none are removals. */
  private async commitPart(
    operations: readonly WriteOperation[],
    plan: Plan,
    written: Written | undefined,
  ): Promise<readonly Outcome[]> {
    let started = false
    let inHostTransaction = false
    try {
      const outcomes = await this.adapter.run(session => {
        started = true
        inHostTransaction = session.inHostTransaction
        return this.write(session, operations, plan, written)
      })
      return inHostTransaction ? this.collisions(outcomes, true) : outcomes
    } catch (error) {
      const failure = toStoreError(error)
      // Tried one by one, each would be told that the host's transaction has failed, and none why.
      const isOver = !started || (inHostTransaction && !(await this.isUsable()))
      if (isOver) return operations.map(() => finalCollision(failure))
      if (stateOf(failure.cause) === "55P03") {
        const several = operations.some(({ docId }) => docId !== operations[0]?.docId)
        if (several) return byDocument(operations, half => this.commitPart(half, plan, written))
        return this.collisions(
          operations.map(() => failure),
          inHostTransaction,
        )
      }
      const [mapped] = await this.collisions([failure], inHostTransaction)
      throw mapped
    }
  }

  private write(
    session: PgSession,
    operations: readonly WriteOperation[],
    plan: Plan,
    written: Written | undefined,
  ): Promise<readonly Outcome[]> {
    const { statements, ends } = this
    const committing = committingOn(session)
    if (operations[0]?.kind === "delete") return removeDocuments(session, statements, operations, plan, committing)
    return operations.every(operation => operation.kind === "append" && !needsMeta(operation))
      ? appendEntries(session, statements, operations, plan, committing, ends, written)
      : writeChanges(session, statements, operations, plan, committing, written)
  }

  /** Not when a transaction of the host has failed, because undoing what failed in it failed too. */
  private isUsable(): Promise<boolean> {
    return this.adapter
      .run(session => session.query("SELECT 1", []))
      .then(
        () => true,
        () => false,
      )
  }

  /** What a collision means where the transaction will never see what it collided with. */
  private async collisions(outcomes: readonly Outcome[], inHostTransaction: boolean): Promise<readonly Outcome[]> {
    if (!inHostTransaction || !outcomes.some(isCollision)) return outcomes
    const [row] = await this.read(session => session.query("SELECT current_setting('transaction_isolation')", []))
    if (row?.[0] === "read committed" || row?.[0] === "read uncommitted") return outcomes
    return outcomes.map(outcome => (outcome === null ? null : finalCollision(outcome)))
  }

  private async readMetas(
    session: PgSession,
    docIds: readonly DocId[],
  ): Promise<readonly (StoreMeta | StoreError | null)[]> {
    const found = new Map<DocId, string>()
    for (const [docId, data] of await session.query(this.statements.readMetas, [textArray(docIds)])) {
      found.set(docId ?? "", data ?? "")
    }
    return docIds.map(docId => {
      const data = found.get(docId)
      if (data === undefined) return null
      const meta = tryDecodeMeta(data)
      return meta instanceof RowError ? corruptError(BACKEND, docId, meta) : meta
    })
  }
}

function isCollision(outcome: Outcome): boolean {
  return isStoreError(outcome, "STORE_BUSY") || isStoreError(outcome, "STORE_CONFLICT")
}

/** Inside a host's transaction nothing is committed by the statement, so nothing is unknown when it fails. */
function committingOn(session: PgSession): Committing {
  return statement =>
    statement.catch((error: unknown) => {
      throw toStoreError(error, !session.inHostTransaction)
    })
}
