import { setImmediate } from "node:timers/promises"
import {
  type DocId,
  ENGINE,
  type EngineStore,
  isStoreError,
  type StoreMeta,
  type WriteOperation,
} from "@holdfast/store-core"
import type { Damage } from "../memory-place.js"
import {
  type BrokenStore,
  brokenBackend,
  brokenMethods,
  bytesOf,
  iterating,
  watched,
  withData,
} from "./broken-store.js"

/** Makes the writes of a group in the order of their ranks. */
function inOrderOf(rank: (operation: WriteOperation) => number): () => Damage {
  return brokenBackend(backend => ({
    commit(operations, plan) {
      const sorted = operations.toSorted((a, b) => rank(a) - rank(b))
      const outcomes = backend.commit(sorted, plan)
      return operations.map(operation => outcomes[sorted.indexOf(operation)] ?? null)
    },
  }))
}

/** An iterable whose first item is asked for at once. */
function eager<T>(source: AsyncIterable<T>): AsyncIterable<T> {
  const started = source[Symbol.asyncIterator]()
  const first = started.next()
  // Whoever never iterates does not hear of it.
  first.catch(() => {})
  return iterating({ [Symbol.asyncIterator]: () => started }, iterator => {
    let begun = false
    return {
      next() {
        const result = begun ? iterator.next() : first
        begun = true
        return result
      },
    }
  })
}

/** The ids there are, whatever was called and is not stored yet. */
function idsNow(store: EngineStore): readonly DocId[] {
  try {
    return store[ENGINE].backend.readIds("", null, Number.MAX_SAFE_INTEGER) as readonly DocId[]
  } catch {
    return []
  }
}

export const orderStores: readonly BrokenStore[] = [
  {
    name: "deletes go first",
    bug: "A group is sorted by the kind of its writes, which saves statements.",
    breaks: ["ORDER-1"],
    also: ["DELETE-3", "ORDER-6"],
    damage: inOrderOf(({ kind }) => (kind === "delete" ? 0 : 1)),
  },
  {
    name: "deletes go last",
    bug: "Deletes are collected and made together, after the other writes of their group.",
    breaks: ["ORDER-1"],
    also: ["DELETE-3", "GUARD-3", "LIST-4", "LOAD-2", "LOAD-3", "LOAD-4", "META-3"],
    slow: ["load-larger-than-read-ahead"],
    damage: inOrderOf(({ kind }) => (kind === "delete" ? 1 : 0)),
  },
  {
    name: "large records are late",
    bug: "Large payloads go to another table first, and meanwhile the small ones called later are stored.",
    breaks: ["ORDER-1"],
    also: ["CLOSE-1"],
    damage: brokenMethods(store => ({
      async append(docId, record) {
        const data = bytesOf(record)
        if (data === null || data.length < 500_000) return store.append(docId, record)
        const copy = withData(record, () => data.slice())
        await setImmediate()
        return store.append(docId, copy)
      },
    })),
  },
  {
    name: "currentMeta does not wait for writes",
    bug: "Metadata is read past the queue of writes, so it is that of before the writes just called.",
    breaks: ["ORDER-2"],
    also: ["ID-2", "LIST-5", "ORDER-1", "REPLACE-1"],
    slow: ["order-many-calls-in-one-tick"],
    damage: brokenMethods(store => ({
      async currentMeta(docId) {
        let early: StoreMeta | null
        try {
          early = store[ENGINE].backend.readMeta(docId) as StoreMeta | null
        } catch {
          return store.currentMeta(docId)
        }
        await store.currentMeta(docId)
        return early
      },
    })),
  },
  {
    name: "reads begin a tick later",
    bug: "A read first awaits something, and then sees writes that were called after it.",
    breaks: ["ORDER-2"],
    also: ["CLOSE-1", "ORDER-1", "REPLACE-1"],
    damage: brokenMethods(store => ({
      async currentMeta(docId) {
        await Promise.resolve()
        return store.currentMeta(docId)
      },
    })),
  },
  {
    name: "a load begins with loadAll",
    bug: "Records are asked for by the call of loadAll, not by the first next(); what is written in between is missing.",
    breaks: ["ORDER-2"],
    also: ["CLOSE-2", "LOAD-6", "LOAD-8"],
    damage: brokenMethods(store => ({ loadAll: docId => eager(store.loadAll(docId)) })),
  },
  {
    name: "a listing begins with listDocIds",
    bug: "Ids are asked for by the call of listDocIds, not by the first next(); what is created in between is missing.",
    breaks: ["ORDER-2"],
    also: ["ID-2", "LIST-4", "LIST-5"],
    damage: brokenMethods(store => ({
      listDocIds(prefix) {
        const before = idsNow(store)
        return iterating(store.listDocIds(prefix), iterator => ({
          async next() {
            let result = await iterator.next()
            while (!result.done && !before.includes(result.value)) result = await iterator.next()
            return result
          },
        }))
      },
    })),
  },
  {
    name: "an open load holds up other documents",
    bug: "A load holds the database's only lock until it is over, and whoever writes meanwhile gives up at last.",
    breaks: ["ORDER-3"],
    also: ["LIST-6", "LOAD-6"],
    damage() {
      const open = new Map<object, DocId>()
      const locked = (docId: DocId) => [...open.values()].some(other => other !== docId)
      return brokenMethods(store => ({
        append: (docId, record) =>
          locked(docId) ? Promise.reject(new Error("database is locked")) : store.append(docId, record),
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
    name: "one refusal fails the whole commit",
    bug: "A record that is refused rolls its transaction back, and everything else that was in it rejects as well.",
    breaks: ["ORDER-4"],
    also: ["CLOSE-1", "LIST-1", "META-3", "ORDER-1", "ORDER-6"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        let failed = false
        const outcomes = backend.commit(operations, (all, states) => {
          const decisions = plan(all, states)
          const refusal = decisions.find(decision => decision.kind === "refuse")
          failed = refusal !== undefined
          return refusal === undefined ? decisions : decisions.map(() => refusal)
        })
        return failed ? outcomes.map(() => outcomes.find(outcome => outcome !== null) ?? null) : outcomes
      },
    })),
  },
  {
    name: "wrong arguments throw",
    bug: "Ids are checked before the promise is made, so the call throws instead of rejecting.",
    breaks: ["ORDER-5"],
    also: ["GUARD-3", "ID-2", "LIST-5"],
    damage: brokenMethods(store => ({
      currentMeta(docId) {
        if (typeof docId !== "string" || docId === "") throw new TypeError("docId must be a string")
        return store.currentMeta(docId)
      },
    })),
  },
  {
    name: "a commit for each write",
    bug: "Every write has a transaction of its own, so that a burst of them takes as many syncs to disk.",
    breaks: ["ORDER-6"],
    also: ["ORDER-4", "WRITE-2"],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) => {
        if (operations.length === 1) return backend.commit(operations, plan)
        return operations.map(operation => {
          try {
            return backend.commit([operation], plan)[0] ?? null
          } catch (error) {
            if (isStoreError(error)) return error
            throw error
          }
        })
      },
    })),
  },
]
