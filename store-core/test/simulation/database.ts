import type { Decision, DocId, StoreMeta, StoreRecord, WriteOperation } from "@holdfast/store-core"
import { compareUtf8 } from "@holdfast/store-core"
import { label } from "../support/records.js"
import type { Clock } from "./clock.js"
import { keyOf, type State } from "./model.js"

/** A document as it is committed; every change makes another object, so that the object itself tells a generation. */
export interface Stored {
  readonly number: number
  /** The sequence number of the first record. */
  readonly first: number
  readonly meta: StoreMeta
  readonly records: readonly StoreRecord[]
}

/** What a document was from one moment on. */
export interface Version {
  readonly at: number
  readonly commit: number
  /** Who made it, and with which write. */
  readonly session: number
  readonly key: string
  readonly state: State
}

const NOTHING: Version = { at: 0, commit: 0, session: 0, key: "", state: null }

/** What is committed, by whomever, and how it came about. Survives every process. */
export class Database {
  private readonly documents = new Map<DocId, Stored>()
  private readonly histories = new Map<DocId, Version[]>()
  /** Who holds the lock of a document, or, under `""`, of all. */
  private readonly locks = new Map<DocId, number>()
  private numbers = 0
  private commits = 0
  /** Grows when the database goes down and comes back: whoever was connected before is not any more. */
  epoch = 0
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  get(docId: DocId): Stored | null {
    return this.documents.get(docId) ?? null
  }

  ids(): DocId[] {
    return [...this.documents.keys()].sort(compareUtf8)
  }

  /** The ids of all documents there ever were. */
  everyId(): DocId[] {
    return [...this.histories.keys()]
  }

  versions(docId: DocId): readonly Version[] {
    return this.histories.get(docId) ?? [NOTHING]
  }

  lock(docId: DocId, session: number): boolean {
    const owner = this.locks.get(docId)
    if (owner !== undefined && owner !== session) return false
    this.locks.set(docId, session)
    return true
  }

  /** Lets go of what the session holds: its transaction is over, or its process is dead. */
  unlock(session: number): void {
    for (const [docId, owner] of this.locks) if (owner === session) this.locks.delete(docId)
  }

  restart(): void {
    this.epoch++
    this.locks.clear()
  }

  /** One transaction: all of it is there from this moment on. `bases` are the documents as the writer takes them to be. */
  commit(
    session: number,
    operations: readonly WriteOperation[],
    decisions: readonly Decision[],
    bases: ReadonlyMap<DocId, Stored | null>,
  ): void {
    const at = this.clock.stamp()
    const commit = ++this.commits
    const now = new Map(bases)
    for (const [i, operation] of operations.entries()) {
      const decision = decisions[i] as Decision
      if (decision.kind === "refuse" || decision.kind === "nothing") continue
      const stored = this.changed(now.get(operation.docId) ?? null, operation, decision)
      now.set(operation.docId, stored)
      const state = stored === null ? null : { meta: stored.meta, labels: stored.records.map(label) }
      const versions = this.histories.get(operation.docId) ?? [NOTHING]
      versions.push({ at, commit, session, key: keyOf(operation), state })
      this.histories.set(operation.docId, versions)
      if (stored === null) this.documents.delete(operation.docId)
      else this.documents.set(operation.docId, stored)
    }
  }

  private changed(base: Stored | null, operation: WriteOperation, decision: Decision): Stored | null {
    if (operation.kind === "delete") return null
    const known = decision.kind === "create" || decision.kind === "append" || decision.kind === "replace"
    const meta = (known ? decision.meta : null) ?? base?.meta
    if (meta === undefined) throw new Error("a decision does not fit the document")
    if (base === null) return { number: ++this.numbers, first: 1, meta, records: operation.records }
    if (operation.kind === "append") return { ...base, meta, records: [...base.records, ...operation.records] }
    return { number: base.number, first: base.first + base.records.length, meta, records: operation.records }
  }
}
