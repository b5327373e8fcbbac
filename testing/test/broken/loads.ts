import { type DocId, isStoreError, type Page, StoreError, type StoreRecord } from "@holdfast/store-core"
import type { Damage, TestBackend } from "../memory-place.js"
import {
  type BrokenStore,
  brokenBackend,
  brokenMethods,
  iterating,
  readAll,
  readPage,
  watched,
} from "./broken-store.js"

export const loadStores: readonly BrokenStore[] = [
  {
    name: "a load sees what is appended to it",
    bug: "Each page is asked for without an upper end, so a load goes on into what was appended after it began.",
    breaks: ["LOAD-1"],
    also: ["LOAD-2"],
    slow: ["load-long-pause"],
    damage: brokenBackend(backend => ({
      readPage(docId, cursor) {
        const { records } = (cursor ?? { records: [] }) as MemoryCursor
        return readPage(backend, docId, cursor && { ...cursor, end: records.length })
      },
    })),
  },
  {
    name: "a record is lost between pages",
    bug: "The next page begins behind the record after the last one.",
    breaks: ["LOAD-1", "LOAD-3"],
    also: [
      "APPEND-1",
      "CLOSE-1",
      "CLOSE-2",
      "GUARD-1",
      "GUARD-3",
      "LOAD-2",
      "LOAD-4",
      "LOAD-5",
      "LOAD-6",
      "LOAD-7",
      "ORDER-1",
      "RECORD-1",
      "RECORD-5",
      "REPLACE-1",
      "WRITE-2",
    ],
    slow: [
      "write-fault-in-long-replace",
      "size-large-bytes",
      "size-many-large-records",
      "load-larger-than-read-ahead",
      "share-load-overtaken",
    ],
    damage: brokenBackend(backend => ({
      readPage(docId, cursor) {
        const page = readPage(backend, docId, cursor)
        const next = page.next as MemoryCursor | null
        return next === null ? page : { ...page, next: { ...next, at: next.at + 1 } }
      },
    })),
  },
  {
    name: "a load ends where it was overtaken",
    bug: "A load whose document was replaced finds no more rows and takes that for its end.",
    breaks: ["LOAD-3", "LOAD-5"],
    also: ["GUARD-3"],
    slow: ["load-larger-than-read-ahead", "share-load-overtaken"],
    damage: overtaken(() => ({ records: [], bytes: 0, next: null })),
  },
  {
    name: "a load goes on in the new records",
    bug: "Pages are asked for by offset, whatever document is there by then.",
    breaks: ["LOAD-3", "LOAD-5"],
    also: ["GUARD-3"],
    slow: ["load-larger-than-read-ahead", "share-load-overtaken"],
    damage: overtaken((backend, docId, { at }) => {
      return { records: readAll(backend, docId).slice(at), bytes: 0, next: null }
    }),
  },
  {
    name: "a load fails when its document is replaced",
    bug: "Nothing is read ahead, so a load that could have been finished is given up.",
    breaks: ["LOAD-4"],
    also: ["LOAD-2"],
    damage: () => ({ ...overtaken(superseded)(), options: options => ({ ...options, readAhead: 0 }) }),
  },
  {
    name: "an overtaken load fails as the driver says",
    bug: "That the document was replaced is reported as an error that nobody can tell from a broken database.",
    breaks: ["LOAD-5"],
    also: ["GUARD-1", "GUARD-3", "LOAD-3"],
    slow: ["share-load-overtaken"],
    damage: overtaken(() => {
      throw new Error("cursor does not exist")
    }),
  },
  {
    name: "steps asked for at once get the same record",
    bug: "Each next() looks at the position before the one before has moved it.",
    breaks: ["LOAD-2"],
    also: ["CLOSE-1", "CLOSE-2"],
    damage: brokenMethods(store => ({
      loadAll: docId =>
        iterating(store.loadAll(docId), iterator => {
          let pending: Promise<IteratorResult<StoreRecord>> | null = null
          return {
            next() {
              pending ??= iterator.next().finally(() => {
                pending = null
              })
              return pending
            },
          }
        }),
    })),
  },
  {
    name: "one cursor for all loads",
    bug: "A prepared statement is shared, so that a load that begins ends the ones before it.",
    breaks: ["LOAD-2"],
    also: ["CLOSE-2", "LOAD-3", "LOAD-4", "LOAD-5", "LOAD-8", "ORDER-1", "ORDER-2", "ORDER-3"],
    slow: ["share-load-overtaken"],
    damage() {
      let latest: object
      return brokenMethods(store => ({
        loadAll: docId =>
          iterating(store.loadAll(docId), iterator => {
            const mine = {}
            let begun = false
            return {
              next() {
                if (!begun) latest = mine
                begun = true
                return latest === mine ? iterator.next() : Promise.resolve({ done: true, value: undefined })
              },
            }
          }),
      }))()
    },
  },
  {
    name: "a cursor is open for as long as a load",
    bug: "Rows come from the driver's own iterator, and the driver refuses writes until that one is finished.",
    breaks: ["LOAD-6", "ORDER-3"],
    also: [
      "CLOSE-4",
      "GUARD-1",
      "GUARD-2",
      "GUARD-3",
      "LIST-6",
      "LOAD-1",
      "LOAD-2",
      "LOAD-3",
      "LOAD-4",
      "LOAD-5",
      "LOAD-8",
      "ORDER-1",
      "ORDER-2",
      "REPLACE-1",
    ],
    slow: ["close-reopen-many-times", "share-load-overtaken"],
    damage() {
      const open = new Map<object, DocId>()
      const isOpen = (docId: DocId) => [...open.values()].includes(docId)
      const busy = () => Promise.reject(new Error("this connection is busy executing a query"))
      return brokenMethods(store => ({
        append: (docId, record) => (isOpen(docId) ? busy() : store.append(docId, record)),
        replace: (docId, records) => (isOpen(docId) ? busy() : store.replace(docId, records)),
        delete: docId => (isOpen(docId) ? busy() : store.delete(docId)),
        loadAll(docId) {
          const load = {}
          return watched(
            store.loadAll(docId),
            () => void open.set(load, docId),
            () => void open.delete(load),
          )
        },
      }))()
    },
  },
  {
    name: "an unfinished load holds the store open",
    bug: "The database cannot be closed while a statement is not finalised.",
    breaks: ["LOAD-6", "CLOSE-1"],
    also: ["CLOSE-2", "CLOSE-4", "LIST-6"],
    slow: ["load-never-started-or-finished"],
    damage() {
      const open = new Set<object>()
      return brokenMethods(store => ({
        loadAll(docId) {
          const load = {}
          return watched(
            store.loadAll(docId),
            () => void open.add(load),
            () => void open.delete(load),
          )
        },
        async close() {
          await store.close()
          if (open.size > 0) throw new Error("unable to close due to unfinalised statements")
        },
      }))()
    },
  },
  {
    name: "a load that is left holds its document",
    bug: "Only the end of a load gives its lock back, so a loop that was left by break stops the writers for ever.",
    breaks: ["LOAD-6"],
    also: ["GUARD-2", "GUARD-3"],
    damage() {
      const left = new Set<DocId>()
      const held = () => Promise.reject(new Error("could not obtain lock on row"))
      return brokenMethods(store => ({
        append: (docId, record) => (left.has(docId) ? held() : store.append(docId, record)),
        delete: docId => (left.has(docId) ? held() : store.delete(docId)),
        loadAll: docId =>
          iterating(store.loadAll(docId), iterator => ({
            return() {
              left.add(docId)
              return iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })
            },
          })),
      }))()
    },
  },
  {
    name: "everything is read at once",
    bug: "A load asks for all rows and hands them out from memory.",
    breaks: ["LOAD-7"],
    also: ["GUARD-1", "LOAD-3"],
    slow: ["load-lets-event-loop-run"],
    damage: brokenBackend(backend => ({
      readPage: docId => ({ records: readAll(backend, docId), bytes: 0, next: null }),
    })),
  },
  {
    name: "loadAll can be iterated once",
    bug: "What loadAll returns is a generator, which a second loop finds at its end.",
    breaks: ["LOAD-8"],
    damage: brokenMethods(store => ({
      loadAll(docId) {
        const once = store.loadAll(docId)[Symbol.asyncIterator]()
        return { [Symbol.asyncIterator]: () => once }
      },
    })),
  },
  {
    name: "a load begins again after its end",
    bug: "An iterator that has ended looks for more rows when it is asked again.",
    breaks: ["LOAD-1"],
    also: ["LOAD-4"],
    damage: brokenMethods(store => ({
      loadAll: docId =>
        iterating(store.loadAll(docId), iterator => {
          let now = iterator
          return {
            async next() {
              const result = await now.next()
              if (result.done) now = store.loadAll(docId)[Symbol.asyncIterator]()
              return result
            },
          }
        }),
    })),
  },
  {
    name: "a failed load has ended",
    bug: "Loads are generators, and a generator that threw says that it is done when it is asked again.",
    breaks: ["LOAD-3"],
    damage: brokenMethods(store => ({
      loadAll: docId =>
        iterating(store.loadAll(docId), iterator => {
          let failed = false
          return {
            async next() {
              if (failed) return { done: true, value: undefined }
              try {
                return await iterator.next()
              } catch (error) {
                failed = true
                throw error
              }
            },
          }
        }),
    })),
  },
  {
    name: "errors end a load",
    bug: "An error of a later page is logged, and what was read until then is taken for the document.",
    breaks: ["LOAD-3"],
    also: ["GUARD-1", "LOAD-7"],
    slow: ["write-fault-in-long-load"],
    damage: brokenMethods(store => ({
      loadAll: docId =>
        iterating(store.loadAll(docId), iterator => {
          let begun = false
          return {
            async next() {
              try {
                const result = await iterator.next()
                begun = true
                return result
              } catch (error) {
                if (!begun || isStoreError(error, "STORE_CLOSED")) throw error
                return { done: true, value: undefined }
              }
            },
          }
        }),
    })),
  },
]

/** Where the memory store's next page begins. */
interface MemoryCursor {
  readonly records: readonly StoreRecord[]
  readonly end: number
  readonly at: number
}

/** What becomes of a load's later pages when the document was replaced or deleted since it began. */
function overtaken(page: (backend: TestBackend, docId: DocId, cursor: MemoryCursor) => Page<unknown>): () => Damage {
  return () => {
    const generations = new Map<DocId, number>()
    return brokenBackend(backend => ({
      commit(operations, plan) {
        const outcomes = backend.commit(operations, plan)
        operations.forEach(({ kind, docId }, i) => {
          if (kind !== "append" && outcomes[i] === null) generations.set(docId, (generations.get(docId) ?? 0) + 1)
        })
        return outcomes
      },
      readPage(docId, cursor) {
        const now = generations.get(docId) ?? 0
        const { begun, ...memory } = (cursor ?? { begun: now }) as MemoryCursor & { begun: number }
        if (begun !== now) return page(backend, docId, memory)
        const { next, ...rest } = readPage(backend, docId, cursor && memory)
        return { ...rest, next: next && { ...next, begun } }
      },
    }))()
  }
}

function superseded(_: TestBackend, docId: DocId): never {
  throw new StoreError("STORE_LOAD_SUPERSEDED", "it was replaced. Load again.", { backend: "memory", docId })
}
