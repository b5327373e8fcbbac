import { type DocId, isStoreError, StoreError } from "@holdfast/store-core"
import { type BrokenStore, brokenMethods, watched } from "./broken-store.js"

const guarded = (docId: DocId) =>
  new StoreError("STORE_LOAD_FAILED", `Document ${docId}: its last read failed. Load it again.`, {
    backend: "memory",
    docId,
  })

export const guardStores: readonly BrokenStore[] = [
  {
    name: "no guard",
    bug: "A document that could not be loaded is taken for an empty one, and what is saved then replaces it.",
    breaks: ["GUARD-1"],
    also: ["GUARD-2"],
    damage: () => ({ options: options => ({ ...options, loadGuard: false }) }),
  },
  {
    name: "the guard stays",
    bug: "Nothing lifts the guard, so a document whose load failed once can never be written again.",
    breaks: ["GUARD-2"],
    also: ["GUARD-1"],
    damage() {
      const failed = new Set<DocId>()
      return brokenMethods(store => ({
        append: (docId, record) =>
          failed.has(docId)
            ? Promise.reject(guarded(docId))
            : store.append(docId, record).catch(remember(failed, docId)),
      }))()
    },
  },
  {
    name: "currentMeta lifts the guard",
    bug: "Any read that works is taken for a load.",
    breaks: ["GUARD-2"],
    also: ["CLOSE-1"],
    damage: brokenMethods(store => ({
      async currentMeta(docId) {
        const meta = await store.currentMeta(docId)
        for await (const _ of store.loadAll(docId));
        return meta
      },
    })),
  },
  {
    name: "a load that is left sets the guard",
    bug: "A load that did not get to its end is taken for one that failed.",
    breaks: ["GUARD-3"],
    also: ["LOAD-6"],
    damage() {
      const left = new Set<DocId>()
      return brokenMethods(store => ({
        append: (docId, record) => (left.has(docId) ? Promise.reject(guarded(docId)) : store.append(docId, record)),
        loadAll: docId =>
          watched(
            store.loadAll(docId),
            () => {},
            how => (how === "left" ? left.add(docId) : left.delete(docId)),
          ),
      }))()
    },
  },
  {
    name: "the guard cannot be turned off",
    bug: "The option is accepted and not looked at.",
    breaks: ["GUARD-4"],
    damage: () => ({ options: ({ loadGuard: _, ...options }) => options }),
  },
  {
    name: "one guard for all documents",
    bug: "A failed load is remembered of the store, not of the document.",
    breaks: ["GUARD-1"],
    also: ["GUARD-2"],
    damage() {
      let failed = false
      return brokenMethods(store => ({
        append: (docId, record) =>
          store.append(docId, record).then(
            () => {
              if (failed) throw guarded(docId)
            },
            (error: unknown) => {
              failed ||= isStoreError(error, "STORE_LOAD_FAILED")
              throw error
            },
          ),
        loadAll: docId =>
          watched(
            store.loadAll(docId),
            () => {},
            () => {
              failed = false
            },
          ),
      }))()
    },
  },
  {
    name: "one guard for all stores",
    bug: "Failed loads are remembered in a variable of the module.",
    breaks: ["GUARD-1"],
    also: ["GUARD-2", "GUARD-4"],
    damage() {
      const failed = new Set<DocId>()
      return brokenMethods(store => ({
        append: (docId, record) => (failed.has(docId) ? Promise.reject(guarded(docId)) : store.append(docId, record)),
        loadAll: docId =>
          watched(
            store.loadAll(docId),
            () => {},
            (how, error) => {
              if (isStoreError(error, "STORE_BACKEND")) failed.add(docId)
              else if (how === "whole") failed.delete(docId)
            },
          ),
        async delete(docId) {
          await store.delete(docId)
          failed.delete(docId)
        },
      }))()
    },
  },
  {
    name: "what is corrupt cannot be repaired",
    bug: "The guard refuses a replace also where it is the only way to get the document back.",
    breaks: ["GUARD-2"],
    also: ["GUARD-1"],
    damage() {
      const corrupt = new Set<DocId>()
      return brokenMethods(store => ({
        replace: (docId, records) =>
          corrupt.has(docId) ? Promise.reject(guarded(docId)) : store.replace(docId, records),
        loadAll: docId =>
          watched(
            store.loadAll(docId),
            () => {},
            (_, error) => void (isStoreError(error, "STORE_CORRUPT") && corrupt.add(docId)),
          ),
      }))()
    },
  },
  {
    name: "a guarded document cannot be deleted",
    bug: "The guard refuses every write, also the one that would get rid of the document.",
    breaks: ["GUARD-2"],
    damage() {
      const failed = new Set<DocId>()
      return brokenMethods(store => ({
        delete: docId => (failed.has(docId) ? Promise.reject(guarded(docId)) : store.delete(docId)),
        loadAll: docId =>
          watched(
            store.loadAll(docId),
            () => {},
            (_, error) =>
              isStoreError(error, "STORE_BACKEND") || isStoreError(error, "STORE_CORRUPT")
                ? failed.add(docId)
                : failed.delete(docId),
          ),
      }))()
    },
  },
]

function remember(failed: Set<DocId>, docId: DocId): (error: unknown) => never {
  return error => {
    if (isStoreError(error, "STORE_LOAD_FAILED")) failed.add(docId)
    throw error
  }
}
