import { setImmediate } from "node:timers/promises"
import {
  type Backend,
  type DocId,
  type DocumentState,
  EngineStore,
  MemoryBackend,
  MemoryStorage,
  type Outcome,
  type Page,
  type Plan,
  type Store,
  type StoreCapabilities,
  StoreError,
  type StoreMeta,
  type WriteOperation,
} from "@holdfast/store-core"
import { createFaultSeam, type OwnFaultSeam, type Subject, type SubjectOptions } from "../src/index.js"

/** What the stores of one place share. */
interface Shared {
  readonly fault: OwnFaultSeam
  readonly unreadable: Set<DocId>
  commits: number
}

type Cursor = Parameters<MemoryBackend["readPage"]>[1]

/** The memory store's backend, with calls that can fail and are counted, and documents that can be unreadable. */
export class TestBackend implements Backend<Cursor> {
  readonly name = "memory"
  readonly capabilities = { durable: false, multiWriter: true }
  readonly #memory: MemoryBackend
  readonly #shared: Shared

  constructor(storage: MemoryStorage, shared: Shared) {
    this.#memory = new MemoryBackend(storage)
    this.#shared = shared
  }

  commit(operations: readonly WriteOperation[], plan: Plan): readonly Outcome[] {
    this.#shared.fault.pass()
    const outcomes = this.#memory.commit(operations, (all, states) => {
      // The second call that can fail is inside the transaction.
      this.#shared.fault.pass()
      return plan(all, this.#withUnreadable(states))
    })
    this.#shared.commits++
    operations.forEach(({ kind, docId }, i) => {
      if (kind !== "append" && outcomes[i] === null) this.#shared.unreadable.delete(docId)
    })
    return outcomes
  }

  readPage(docId: DocId, cursor: Cursor): Page<Cursor> {
    this.#beforeRead(docId)
    return this.#memory.readPage(docId, cursor)
  }

  readMeta(docId: DocId): StoreMeta | null {
    this.#beforeRead(docId)
    return this.#memory.readMeta(docId)
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] {
    this.#shared.fault.pass()
    return this.#memory.readIds(prefix, after, limit)
  }

  close(): void {
    this.#memory.close()
  }

  #beforeRead(docId: DocId): void {
    this.#shared.fault.pass()
    if (!this.#shared.unreadable.has(docId)) return
    throw new StoreError("STORE_CORRUPT", "the records make no sense. Replace the document to repair it.", {
      backend: this.name,
      docId,
    })
  }

  #withUnreadable(states: ReadonlyMap<DocId, DocumentState>): ReadonlyMap<DocId, DocumentState> {
    const seen = new Map(states)
    for (const docId of this.#shared.unreadable) {
      if (seen.get(docId)) seen.set(docId, { meta: "unreadable" })
    }
    return seen
  }
}

/** Answers after a turn of the event loop, as a database on a network does. */
class LateBackend implements Backend {
  readonly name: string
  readonly capabilities: StoreCapabilities
  readonly #backend: Backend

  constructor(backend: Backend) {
    this.name = backend.name
    this.capabilities = backend.capabilities
    this.#backend = backend
  }

  async commit(operations: readonly WriteOperation[], plan: Plan): Promise<readonly Outcome[]> {
    await setImmediate()
    return this.#backend.commit(operations, plan)
  }

  async readPage(docId: DocId, cursor: unknown): Promise<Page<unknown>> {
    await setImmediate()
    return this.#backend.readPage(docId, cursor)
  }

  async readMeta(docId: DocId): Promise<StoreMeta | null> {
    await setImmediate()
    return this.#backend.readMeta(docId)
  }

  async readIds(prefix: string, after: DocId | null, limit: number): Promise<readonly DocId[]> {
    await setImmediate()
    return this.#backend.readIds(prefix, after, limit)
  }

  async close(): Promise<void> {
    await setImmediate()
    return this.#backend.close()
  }
}

/** What makes the stores of a place broken ones: something around each store, or around the backend of each. */
export interface Damage {
  store?(store: EngineStore): Store
  backend?(backend: TestBackend, fault: OwnFaultSeam): Backend
  /** In place of the options a store is configured with. */
  options?(options: SubjectOptions): SubjectOptions
  /** Whether stores under other names get the documents of this one. */
  readonly mixedUp?: boolean
}

/** A place of memory with every part a subject can have; `late` over a backend that answers with promises. */
export function memoryPlace(late: boolean, damage: Damage = {}): Subject {
  const storage = new MemoryStorage()
  const shared: Shared = { fault: createFaultSeam(), unreadable: new Set(), commits: 0 }
  const open = (where: MemoryStorage, options: SubjectOptions = {}) => {
    const whole = new TestBackend(where, shared)
    const backend = damage.backend?.(whole, shared.fault) ?? (whole as Backend)
    const store = new EngineStore(late ? new LateBackend(backend) : backend, damage.options?.(options) ?? options)
    return damage.store?.(store) ?? store
  }
  return {
    store: open(storage),
    reopen: () => open(storage),
    second: () => open(storage),
    isolated: () => open(damage.mixedUp ? storage : new MemoryStorage()),
    configured: options => open(new MemoryStorage(), options),
    fault: shared.fault,
    corrupt: docId => void shared.unreadable.add(docId),
    commits: () => shared.commits,
  }
}
