import {
  type Backend,
  type DocId,
  MemoryBackend,
  MemoryStorage,
  type Outcome,
  type Page,
  type Plan,
  recordBytes,
  StoreError,
  type StoreErrorCode,
  type StoreMeta,
  type StoreRecord,
  type WriteOperation,
  type Written,
} from "@holdfast/store-core"

/** One call of the engine on the backend. */
export interface Step {
  readonly method: "commit" | "readPage" | "readMeta" | "readIds" | "close"
  readonly docId: DocId | null
  readonly operations: readonly WriteOperation[]
  /** Which page of its load this is, from 0; null for other calls. */
  readonly page: number | null
}

export interface Position {
  readonly generation: number
  readonly records: readonly StoreRecord[]
  readonly at: number
  readonly page: number
}

/**
 * A backend on a `MemoryBackend` whose every call a test can delay, refuse and fail. Its pages behave like a
 * database's: small, and gone once the document was replaced or deleted.
 */
export class ScriptedBackend implements Backend<Position> {
  readonly name = "scripted"
  readonly capabilities = { durable: false, multiWriter: true }
  readonly steps: Step[] = []
  /** What the engine did although `Backend` says that it does not. */
  readonly violations: string[] = []
  /** Runs before a call has its effect; may throw, delay it or reject. Without a promise the call stays synchronous. */
  before: (step: Step) => void | Promise<void> = () => {}
  /** Runs after a call had its effect, before the engine hears of it. */
  after: (step: Step) => void | Promise<void> = () => {}
  /** Refuses an operation, and those behind it on its document, as a backend does whose document is locked. */
  refuse: (operation: WriteOperation) => StoreError | null = () => null
  pageRecords = 2
  /** Every second page has no record, as when the next record is large. */
  emptyPages = false
  readonly data: MemoryBackend
  private readonly generations = new Map<DocId, number>()
  private committing = false
  private readonly reading = new Map<DocId, number>()

  constructor(storage = new MemoryStorage()) {
    this.data = new MemoryBackend(storage)
  }

  commit(
    operations: readonly WriteOperation[],
    plan: Plan,
    written?: Written,
  ): readonly Outcome[] | Promise<readonly Outcome[]> {
    if (this.committing) this.violations.push("two commits at a time")
    for (const { docId } of operations) {
      if (this.reading.has(docId)) this.violations.push(`commit during a read of ${docId}`)
    }
    this.committing = true
    const done = () => {
      this.committing = false
    }
    const apply = () => this.apply(operations, plan, written)
    return this.run({ method: "commit", docId: null, operations, page: null }, apply, done)
  }

  readPage(docId: DocId, cursor: Position | null): Page<Position> | Promise<Page<Position>> {
    const step: Step = { method: "readPage", docId, operations: [], page: cursor?.page ?? 0 }
    return this.run(step, () => this.page(docId, cursor), this.beginRead(cursor === null ? docId : null))
  }

  readMeta(docId: DocId): StoreMeta | null | Promise<StoreMeta | null> {
    const step: Step = { method: "readMeta", docId, operations: [], page: null }
    return this.run(step, () => this.data.readMeta(docId), this.beginRead(docId))
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] | Promise<readonly DocId[]> {
    const step: Step = { method: "readIds", docId: null, operations: [], page: null }
    return this.run(step, () => this.data.readIds(prefix, after, limit), ignore)
  }

  close(): void | Promise<void> {
    return this.run({ method: "close", docId: null, operations: [], page: null }, ignore, ignore)
  }

  /** Forgets what a document was, as another store's `replace` or `delete` does. */
  overtake(docId: DocId): void {
    this.generations.set(docId, (this.generations.get(docId) ?? 0) + 1)
  }

  /** What every commit held, an operation as its kind, document and first record. */
  commits(): string[][] {
    return this.steps.filter(step => step.method === "commit").map(step => step.operations.map(show))
  }

  count(method: Step["method"]): number {
    return this.steps.filter(step => step.method === method).length
  }

  private beginRead(docId: DocId | null): () => void {
    if (docId === null) return ignore
    this.reading.set(docId, (this.reading.get(docId) ?? 0) + 1)
    return () => {
      const left = (this.reading.get(docId) ?? 0) - 1
      if (left === 0) this.reading.delete(docId)
      else this.reading.set(docId, left)
    }
  }

  private run<T>(step: Step, effect: () => T, done: () => void): T | Promise<T> {
    this.steps.push(step)
    const finish = (value: T): T | Promise<T> => {
      const waiting = this.after(step)
      return waiting === undefined ? value : waiting.then(() => value)
    }
    let result: T | Promise<T>
    try {
      const waiting = this.before(step)
      result = waiting === undefined ? finish(effect()) : waiting.then(() => finish(effect()))
    } catch (error) {
      done()
      throw error
    }
    if (result instanceof Promise) return result.finally(done)
    done()
    return result
  }

  private apply(operations: readonly WriteOperation[], plan: Plan, written?: Written): readonly Outcome[] {
    const locked = new Map<DocId, StoreError>()
    const refused = operations.map(operation => {
      const refusal = this.refuse(operation) ?? locked.get(operation.docId) ?? null
      if (refusal !== null) locked.set(operation.docId, refusal)
      return refusal
    })
    const passed = operations.filter((_, i) => refused[i] === null)
    const outcomes = [...this.data.commit(passed, plan, written)]
    return operations.map((operation, i) => {
      const refusal = refused[i] ?? null
      if (refusal !== null) return refusal
      const outcome = outcomes.shift() ?? null
      if (outcome === null && operation.kind !== "append") this.overtake(operation.docId)
      return outcome
    })
  }

  private everything(docId: DocId): StoreRecord[] {
    const records: StoreRecord[] = []
    let page = this.data.readPage(docId, null)
    records.push(...page.records)
    while (page.next !== null) {
      page = this.data.readPage(docId, page.next)
      records.push(...page.records)
    }
    return records
  }

  private page(docId: DocId, cursor: Position | null): Page<Position> {
    const generation = this.generations.get(docId) ?? 0
    if (cursor !== null && cursor.generation !== generation) throw failure("STORE_LOAD_SUPERSEDED")
    const all = cursor?.records ?? this.everything(docId)
    const at = cursor?.at ?? 0
    const page = cursor?.page ?? 0
    const records = this.emptyPages && page % 2 === 1 ? [] : all.slice(at, at + this.pageRecords)
    const end = at + records.length
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0)
    return { records, bytes, next: end < all.length ? { generation, records: all, at: end, page: page + 1 } : null }
  }
}

/** An error as a backend throws it, without a document. */
export function failure(code: StoreErrorCode, outcome?: "none" | "unknown"): StoreError {
  return new StoreError(code, `scripted ${code}`, { backend: "scripted", outcome })
}

/** A promise a test settles: what waits for it goes on when the test says so. */
export function gate(): { readonly opened: Promise<void>; open(): void; fail(error: unknown): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve, fail: reject }
}

/** Lets everything that does not wait for a gate or a timer go on. */
export async function settleTurns(turns = 4): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>(resolve => setImmediate(resolve))
}

function show(operation: WriteOperation): string {
  if (operation.kind === "delete") return `delete ${operation.docId}`
  const first = operation.records[operation.kind === "append" ? 0 : 1] ?? operation.records[0]
  const version = first === undefined ? "" : first.kind === "entry" ? first.version : "meta"
  return `${operation.kind} ${operation.docId} ${version}`
}

function ignore(): void {}
