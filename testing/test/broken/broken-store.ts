import type { Backend, DocId, EngineStore, Page, Store, StoreMeta, StoreRecord } from "@holdfast/store-core"
import { meta } from "../../src/index.js"
import type { Damage, TestBackend } from "../memory-place.js"

/**
 * A store with one bug, and what the suite says about it. A rule fails when a case fails that names it, so `breaks` and
 * `also` together are the rules of all failing cases, no more and no fewer.
 */
export interface BrokenStore {
  readonly name: string
  /** The bug in the world it stands for. */
  readonly bug: string
  /** The rules that the bug breaks. */
  readonly breaks: readonly string[]
  /** The other rules that fail, because no store with this bug gets through a case about them. */
  readonly also?: readonly string[]
  /** Of the cases that take long, which run only where they are named, those that find it. */
  readonly slow?: readonly string[]
  /** Called once for each place, so that what it remembers is shared by the stores of one place only. */
  damage(): Damage
}

/** A bug in the methods of the store. */
export function brokenMethods(change: (store: EngineStore) => Partial<Store>): () => Damage {
  return () => ({ store: store => storeOver(store, change(store)) })
}

/** A bug in what the database is asked for. */
export function brokenBackend(change: (backend: TestBackend) => Partial<Backend>): () => Damage {
  return () => ({ backend: backend => backendOver(backend, change(backend)) })
}

/** A bug in the way records come back, each by itself. */
export function brokenLoading(change: (record: StoreRecord) => StoreRecord): () => Damage {
  return brokenBackend(backend => ({
    readPage(docId, cursor) {
      const page = readPage(backend, docId, cursor)
      return { ...page, records: page.records.map(change) }
    },
  }))
}

/** A bug in the way ids are taken, by every method alike. */
export function brokenIds(change: (docId: DocId) => DocId): () => Damage {
  return brokenMethods(store => ({
    append: (docId, record) => store.append(change(docId), record),
    loadAll: docId => store.loadAll(change(docId)),
    replace: (docId, records) => store.replace(change(docId), records),
    delete: docId => store.delete(change(docId)),
    currentMeta: docId => store.currentMeta(change(docId)),
  }))
}

/** A bug in the way ids are listed, over all ids there are in their right order. */
export function brokenListing(
  list: (ids: readonly DocId[], prefix: string, after: DocId | null, limit: number) => readonly DocId[],
): () => Damage {
  return brokenBackend(backend => ({
    readIds: (prefix, after, limit) => list(backend.readIds("", null, Number.MAX_SAFE_INTEGER), prefix, after, limit),
  }))
}

/** The store, with some methods that are others. */
export function storeOver(store: EngineStore, changes: Partial<Store>): Store & AsyncDisposable {
  const methods: Store = {
    append: (docId, record) => store.append(docId, record),
    loadAll: docId => store.loadAll(docId),
    replace: (docId, records) => store.replace(docId, records),
    delete: docId => store.delete(docId),
    currentMeta: docId => store.currentMeta(docId),
    listDocIds: prefix => store.listDocIds(prefix),
    close: () => store.close(),
    ...changes,
  }
  const dispose = { [Symbol.asyncDispose]: () => methods.close() }
  return { ...methods, ...dispose, ...{ capabilities: store.capabilities } }
}

/** The backend, with some methods that are others. */
export function backendOver(backend: TestBackend, changes: Partial<Backend>): Backend {
  return {
    name: backend.name,
    capabilities: backend.capabilities,
    commit: (operations, plan) => backend.commit(operations, plan),
    readPage: (docId, cursor) => readPage(backend, docId, cursor),
    readMeta: docId => backend.readMeta(docId),
    readIds: (prefix, after, limit) => backend.readIds(prefix, after, limit),
    close: () => backend.close(),
    ...changes,
  }
}

type Cursor = Parameters<TestBackend["readPage"]>[1]

/** A page of the backend; the cursor is one of its own. */
export function readPage(backend: TestBackend, docId: DocId, cursor: unknown): Page<unknown> {
  return backend.readPage(docId, cursor as Cursor)
}

/** Every record the document has now. */
export function readAll(backend: TestBackend, docId: DocId): StoreRecord[] {
  const records: StoreRecord[] = []
  let cursor: unknown = null
  do {
    const page = readPage(backend, docId, cursor)
    records.push(...page.records)
    cursor = page.next
  } while (cursor !== null)
  return records
}

/** The iterable, with some steps of its iterators that are others. */
export function iterating<T>(
  source: AsyncIterable<T>,
  change: (iterator: AsyncIterator<T>) => Partial<AsyncIterator<T>>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]()
      return {
        next: () => iterator.next(),
        return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
        ...change(iterator),
      }
    },
  }
}

/** The iterable, which tells when an iteration begins, and when and how it is over. One that is abandoned is never over. */
export function watched<T>(
  source: AsyncIterable<T>,
  begins: () => void,
  over: (how: "whole" | "left" | "failed", error?: unknown) => void,
): AsyncIterable<T> {
  return iterating(source, iterator => {
    let state: "new" | "open" | "over" = "new"
    const end = (how: "whole" | "left" | "failed", error?: unknown) => {
      if (state === "open") over(how, error)
      state = "over"
    }
    return {
      async next() {
        if (state === "new") begins()
        if (state === "new") state = "open"
        try {
          const result = await iterator.next()
          if (result.done) end("whole")
          return result
        } catch (error) {
          end("failed", error)
          throw error
        }
      },
      async return() {
        end("left")
        return (await iterator.return?.()) ?? { done: true, value: undefined }
      },
    }
  })
}

/** Whether SQL's LIKE finds the text, in a database where it does not ignore case. */
export function like(text: string, pattern: string): boolean {
  const parts = Array.from(pattern, char => {
    if (char === "%") return ".*"
    return char === "_" ? "." : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
  })
  return new RegExp(`^${parts.join("")}$`, "su").test(text)
}

/** What is found there in whatever was given as a record. */
export function peek(given: unknown, ...path: readonly string[]): unknown {
  let value = given
  try {
    for (const key of path) value = Reflect.get(value as object, key)
    return value
  } catch {
    return undefined
  }
}

/** The bytes of whatever was given as a record. */
export function bytesOf(record: unknown): Uint8Array | null {
  const data = peek(record, "payload", "data")
  return ArrayBuffer.isView(data) && data instanceof Uint8Array ? data : null
}

/** The record with other bytes or another text; a meta as it is. */
export function withData(record: StoreRecord, change: (data: string | Uint8Array) => string | Uint8Array): StoreRecord {
  if (record.kind === "meta") return record
  return { ...record, payload: { ...record.payload, data: change(record.payload.data) } }
}

/** A meta for stores that make one up. */
export const MADE_UP: StoreMeta = meta({ schemaHash: "" })
