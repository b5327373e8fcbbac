import { isStoreError, StoreError } from "@holdfast/store-core"
import { type BrokenStore, brokenMethods, iterating, storeOver, watched } from "./broken-store.js"

const closed = () => new StoreError("STORE_CLOSED", "The store is closed. Open another one.", { backend: "memory" })

export const closeStores: readonly BrokenStore[] = [
  {
    name: "close loses what is queued",
    bug: "Writes that wait for their commit are dropped by a shutdown.",
    breaks: ["CLOSE-1"],
    also: ["CLOSE-3"],
    damage: brokenMethods(store => {
      let isClosed = false
      return {
        append: (docId, record) =>
          store.append(docId, record).then(() => {
            if (isClosed) throw closed()
          }),
        close() {
          isClosed = true
          return store.close()
        },
      }
    }),
  },
  {
    name: "close does not wait",
    bug: "The connection is closed by an event, and close resolves before that.",
    breaks: ["CLOSE-1"],
    also: ["CLOSE-3"],
    damage: brokenMethods(store => ({
      close: async () => void store.close(),
    })),
  },
  {
    name: "what was never used cannot be closed",
    bug: "The connection is made by the first call, and close asks for one that is there.",
    breaks: ["CLOSE-1"],
    damage: brokenMethods(store => {
      let isUsed = false
      return {
        append(docId, record) {
          isUsed = true
          return store.append(docId, record)
        },
        replace(docId, records) {
          isUsed = true
          return store.replace(docId, records)
        },
        async close() {
          await store.close()
          if (!isUsed) throw new Error("not connected")
        },
      }
    }),
  },
  {
    name: "close ends iterations",
    bug: "The step after close says that the load is done, and who reads it takes a part for the document.",
    breaks: ["CLOSE-2"],
    also: ["CLOSE-1", "CLOSE-4"],
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
                if (!begun || !isStoreError(error, "STORE_CLOSED")) throw error
                return { done: true, value: undefined }
              }
            },
          }
        }),
    })),
  },
  {
    name: "what is in memory goes on after close",
    bug: "A listing hands out what it has read ahead, though the store is closed.",
    breaks: ["CLOSE-2"],
    damage: brokenMethods(store => ({
      listDocIds: prefix =>
        iterating(store.listDocIds(prefix), iterator => {
          let ahead: Promise<IteratorResult<string>> | null = null
          return {
            async next() {
              const result = await (ahead ?? iterator.next())
              ahead = result.done ? Promise.resolve(result) : iterator.next()
              ahead.catch(() => {})
              return result
            },
          }
        }),
    })),
  },
  {
    name: "a closed store still reads",
    bug: "Metadata comes from a cache, which nobody empties.",
    breaks: ["CLOSE-2"],
    also: ["CLOSE-3"],
    damage: brokenMethods(store => ({
      currentMeta: docId =>
        store.currentMeta(docId).catch((error: unknown) => {
          if (isStoreError(error, "STORE_CLOSED")) return null
          throw error
        }),
    })),
  },
  {
    name: "closing twice is an error",
    bug: "The driver refuses to close what is closed.",
    breaks: ["CLOSE-3"],
    also: ["CLOSE-4"],
    damage: brokenMethods(store => {
      let isClosed = false
      return {
        close() {
          if (isClosed) return Promise.reject(closed())
          isClosed = true
          return store.close()
        },
      }
    }),
  },
  {
    name: "await using does not close",
    bug: "There is a dispose method, and it does nothing.",
    breaks: ["CLOSE-3"],
    damage: () => ({
      store: store => Object.assign(storeOver(store, {}), { [Symbol.asyncDispose]: async () => {} }),
    }),
  },
  {
    name: "close keeps the connection",
    bug: "A closed store leaves its connection open, until the database takes no more of them.",
    breaks: ["CLOSE-4"],
    slow: ["close-reopen-many-times"],
    damage() {
      let connections = 0
      return {
        store(store) {
          const full = ++connections > 50
          const refused = () => Promise.reject(new Error("sorry, too many clients already"))
          return storeOver(store, {
            append: (docId, record) => (full ? refused() : store.append(docId, record)),
          })
        },
      }
    },
  },
  {
    name: "something goes on after close",
    bug: "What was to be read for an open load is read after close, and fails with nobody there to hear of it.",
    breaks: ["CLOSE-4"],
    also: ["CLOSE-1", "CLOSE-2", "GUARD-2", "GUARD-3", "LIST-6", "LOAD-2", "LOAD-6", "ORDER-3"],
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
          if (open.size > 0) setTimeout(() => void store.currentMeta("read ahead"), 0)
        },
      }))()
    },
  },
]
