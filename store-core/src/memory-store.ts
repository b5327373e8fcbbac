import type {
  Backend,
  Decision,
  DocumentState,
  Outcome,
  Page,
  Plan,
  WriteOperation,
  Written,
} from "./engine/backend.js"
import { EngineStore } from "./engine/engine-store.js"
import { ENGINE_OPTIONS, type EngineOptions } from "./engine/options.js"
import { StoreError } from "./errors.js"
import { checkOptions } from "./options.js"
import { copyRecord, recordBytes } from "./records.js"
import type { DocId, StoreMeta, StoreRecord } from "./store.js"
import { compareUtf8 } from "./text.js"

const NAME = "memory"
const PAGE_RECORDS = 2000
const PAGE_BYTES = 4 * 1024 * 1024

/** A document in memory. `records` is never changed in place once a load may hold it: `replace` puts a new array there. */
interface MemoryDocument {
  meta: StoreMeta
  records: StoreRecord[]
  /** The number of the last record; numbers go on after a `replace`. */
  last: number
}

/** Where memory stores keep their documents. Give one to several stores, or to one after the other, to share them. */
export class MemoryStorage {
  readonly #documents = new Map<DocId, MemoryDocument>()
  #sorted: DocId[] | null = null

  /** @internal */
  get(docId: DocId): MemoryDocument | undefined {
    return this.#documents.get(docId)
  }

  /** @internal */
  set(docId: DocId, document: MemoryDocument): void {
    // Stryker disable next-line ConditionalExpression: sorting once more comes to the same
    if (!this.#documents.has(docId)) this.#sorted = null
    this.#documents.set(docId, document)
  }

  /** @internal */
  delete(docId: DocId): void {
    this.#documents.delete(docId)
    this.#sorted = null
  }

  /** @internal */
  ids(): readonly DocId[] {
    this.#sorted ??= [...this.#documents.keys()].sort(compareUtf8)
    return this.#sorted
  }
}

export interface MemoryStoreOptions extends EngineOptions {
  /** Where the documents are. Default: a new place that only this store knows. */
  readonly storage?: MemoryStorage
}

/**
 * A store that keeps documents in the memory of the process: for tests, and for documents that need not last.
 *
 * `capabilities.durable` is false: what was acknowledged is gone with its `MemoryStorage`.
 *
 * @throws TypeError for unknown options and wrong values.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): EngineStore {
  const storage = { expected: "a MemoryStorage", accepts: (value: unknown) => value instanceof MemoryStorage }
  const checked = checkOptions("createMemoryStore", options, { ...ENGINE_OPTIONS, storage })
  const { storage: place = new MemoryStorage(), ...engine } = checked
  return new EngineStore(new MemoryBackend(place), engine)
}

/** What the next page of a load needs: the array the load began with, how much of it there was, and what was read. */
interface Cursor {
  readonly records: readonly StoreRecord[]
  readonly end: number
  readonly at: number
}

/** The memory store's backend; a plain example of what a backend does. */
export class MemoryBackend implements Backend<Cursor> {
  readonly name = NAME
  readonly capabilities = { durable: false, multiWriter: true }
  private readonly storage: MemoryStorage

  constructor(storage: MemoryStorage) {
    this.storage = storage
  }

  commit(operations: readonly WriteOperation[], plan: Plan, written?: Written): readonly Outcome[] {
    const states = new Map<DocId, DocumentState>()
    for (const { docId } of operations) states.set(docId, this.storage.get(docId) ?? null)
    const decisions = plan(operations, states)
    return operations.map((operation, i) => this.apply(operation, decisions[i] as Decision, written))
  }

  readPage(docId: DocId, cursor: Cursor | null): Page<Cursor> {
    const all = cursor?.records ?? this.storage.get(docId)?.records ?? []
    const end = cursor?.end ?? all.length
    const records: StoreRecord[] = []
    let bytes = 0
    let at = cursor?.at ?? 0
    while (at < end && records.length < PAGE_RECORDS && bytes < PAGE_BYTES) {
      const record = all[at++] as StoreRecord
      // Stryker disable next-line ObjectLiteral: what is stored can be copied, so nobody is told whose it is
      records.push(copyRecord(record, { backend: NAME, docId }))
      bytes += recordBytes(record)
    }
    return { records, bytes, next: at < end ? { records: all, end, at } : null }
  }

  readMeta(docId: DocId): StoreMeta | null {
    const meta = this.storage.get(docId)?.meta
    return meta === undefined ? null : copyMeta(meta)
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] {
    const ids = this.storage.ids()
    const from = firstIndex(ids, id => (after === null ? compareUtf8(id, prefix) >= 0 : compareUtf8(id, after) > 0))
    const page: DocId[] = []
    for (let i = from; i < ids.length && page.length < limit; i++) {
      const id = ids[i] as DocId
      if (!id.startsWith(prefix)) break
      page.push(id)
    }
    return page
  }

  close(): void {}

  private apply(operation: WriteOperation, decision: Decision, written: Written | undefined): Outcome {
    if (decision.kind === "refuse") return decision.error
    if (decision.kind === "nothing") return null
    if (decision.kind === "remove") {
      this.storage.delete(operation.docId)
      return null
    }
    const { records } = operation as Exclude<WriteOperation, { kind: "delete" }>
    const document = this.storage.get(operation.docId)
    const before = document?.last ?? 0
    const last = before + records.length
    written?.(operation, before + 1, last)
    if (decision.kind === "append" && document !== undefined) {
      // Loads know how many records they began with, so records may be added behind those.
      for (const record of records) document.records.push(record)
      if (decision.meta !== null) document.meta = decision.meta
      document.last = last
      return null
    }
    const meta = decision.meta ?? document?.meta
    if (meta === undefined) {
      throw new StoreError("STORE_BACKEND", "a decision does not fit the documents", { backend: NAME })
    }
    this.storage.set(operation.docId, { meta, records: [...records], last })
    return null
  }
}

function copyMeta(meta: StoreMeta): StoreMeta {
  const [name, major, minor] = meta.replicaType
  return { replicaType: [name, major, minor], syncMode: { ...meta.syncMode }, schemaHash: meta.schemaHash }
}

/** The first index at which `holds` is true, given that it stays true from there on. */
function firstIndex(ids: readonly DocId[], holds: (id: DocId) => boolean): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(ids[middle] as DocId)) high = middle
    else low = middle + 1
  }
  return low
}
