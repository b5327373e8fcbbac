import { setImmediate } from "node:timers/promises"
import type { Outcome, Plan, StoreRecord, WriteOperation } from "@holdfast/store-core"
import type { TestBackend } from "../memory-place.js"
import { type BrokenStore, brokenBackend, brokenMethods, bytesOf, readAll, readPage } from "./broken-store.js"

export const replaceAndDeleteStores: readonly BrokenStore[] = [
  {
    name: "a replace in two transactions",
    bug: "The old records go in one transaction and the new ones come in the next, which may fail.",
    breaks: ["WRITE-2"],
    also: ["WRITE-3"],
    slow: ["write-fault-in-long-replace"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        const refusal = beginReplace(backend, operations, plan, 0)
        return refusal ?? backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "a replace that others see half of",
    bug: "The new records come in several transactions, and between them others read.",
    breaks: ["REPLACE-1"],
    also: ["SHARE-2", "WRITE-2", "WRITE-3"],
    damage: brokenBackend(backend => ({
      async commit(operations, plan) {
        const refusal = beginReplace(backend, operations, plan, 2)
        await setImmediate()
        const [operation] = operations
        if (operation?.kind !== "replace" || operations.length > 1) return backend.commit(operations, plan)
        return refusal ?? backend.commit([{ ...operation, kind: "append", records: operation.records.slice(2) }], plan)
      },
    })),
  },
  {
    name: "a replace that is a delete at first",
    bug: "The old records are gone before the new ones are there, and between the two others find nothing.",
    breaks: ["REPLACE-1"],
    also: ["WRITE-2", "WRITE-3"],
    damage: brokenBackend(backend => ({
      async commit(operations, plan) {
        const refusal = beginReplace(backend, operations, plan, 0)
        await setImmediate()
        return refusal ?? backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "a replace that creates is not listed",
    bug: "The index of ids is written by append only.",
    breaks: ["REPLACE-3"],
    also: ["CLOSE-1", "LIST-6", "LOAD-6", "ORDER-2", "SHARE-1", "WRITE-1", "WRITE-2", "WRITE-5"],
    slow: ["load-never-started-or-finished"],
    damage() {
      const missing = new Set<string>()
      return brokenBackend(backend => ({
        commit: (operations, plan) =>
          backend.commit(operations, (all, states) => {
            const decisions = plan(all, states)
            decisions.forEach((decision, i) => {
              const { kind, docId = "" } = all[i] ?? {}
              if (kind === "replace" && decision.kind === "create") missing.add(docId)
              else missing.delete(docId)
            })
            return decisions
          }),
        readIds: (prefix, after, limit) => backend.readIds(prefix, after, limit).filter(id => !missing.has(id)),
      }))()
    },
  },
  {
    name: "a replace leaves what is longer",
    bug: "The new records are written over the old ones, and of a longer document the end stays.",
    breaks: ["REPLACE-1"],
    also: [
      "APPEND-1",
      "GUARD-1",
      "GUARD-2",
      "GUARD-3",
      "GUARD-4",
      "LOAD-2",
      "LOAD-3",
      "LOAD-4",
      "LOAD-5",
      "LOAD-8",
      "ORDER-4",
      "RECORD-5",
      "REPLACE-4",
      "WRITE-2",
      "WRITE-4",
    ],
    slow: ["replace-large", "share-load-overtaken"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        const [operation] = operations
        if (operation?.kind !== "replace" || operations.length > 1) return backend.commit(operations, plan)
        const left = readAll(backend, operation.docId).slice(operation.records.length, operation.records.length + 50)
        const records = [...operation.records, ...left.filter(record => record.kind === "entry")]
        return backend.commit([{ ...operation, records }], plan)
      },
    })),
  },
  {
    name: "whatever can be iterated is a batch",
    bug: "A batch is spread without a look at what it is, so a Set is one too.",
    breaks: ["REPLACE-2"],
    damage: brokenMethods(store => ({
      replace: (docId, records) => store.replace(docId, (records as unknown) instanceof Set ? [...records] : records),
    })),
  },
  {
    name: "a batch is an array of this class",
    bug: "A batch is recognised by its constructor, so the observable arrays of a framework are none.",
    breaks: ["REPLACE-2"],
    damage: brokenMethods(store => ({
      replace: (docId, records) =>
        store.replace(docId, Array.isArray(records) && records.constructor !== Array ? (null as never) : records),
    })),
  },
  {
    name: "an empty replace deletes",
    bug: "A batch without records is taken for a document without records.",
    breaks: ["REPLACE-2"],
    also: ["CLOSE-1", "ERROR-1", "ERROR-2", "LIST-1", "ORDER-4"],
    damage: brokenMethods(store => ({
      replace: (docId, records) =>
        Array.isArray(records) && records.length === 0 ? store.delete(docId) : store.replace(docId, records),
    })),
  },
  {
    name: "numbers begin again after a replace",
    bug: "Records are numbered from the count the Store remembers, so an append after a replace overwrites one.",
    breaks: ["REPLACE-4"],
    also: [
      "APPEND-1",
      "GUARD-1",
      "GUARD-2",
      "GUARD-3",
      "LOAD-1",
      "LOAD-2",
      "LOAD-3",
      "LOAD-6",
      "ORDER-1",
      "ORDER-4",
      "WRITE-2",
      "WRITE-4",
    ],
    slow: ["load-without-read-ahead"],
    damage() {
      const replaced = new Set<string>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          const changed = operations.map(operation => {
            const lost = operation.kind === "append" && replaced.delete(operation.docId)
            if (operation.kind === "replace") replaced.add(operation.docId)
            else if (operation.kind === "delete") replaced.delete(operation.docId)
            return lost && operation.records[0]?.kind === "entry" ? { ...operation, records: [] } : operation
          })
          return backend.commit(changed, plan)
        },
      }))()
    },
  },
  {
    name: "as many records as parameters",
    bug: "A replace is one statement with a parameter for each value, of which Postgres takes 65,535.",
    breaks: ["REPLACE-1"],
    also: ["LOAD-5", "LOAD-7"],
    slow: ["replace-more-than-all-parameter-limits", "load-lets-event-loop-run", "share-load-overtaken"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        const parameters = operations.map(one => (one.kind === "replace" ? one.records.length * 6 : 0))
        if (Math.max(...parameters) > 65_535) throw new Error("too many SQL variables")
        return backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "deleting nothing is an error",
    bug: "A delete that finds no row rejects.",
    breaks: ["DELETE-2"],
    also: ["ERROR-1", "ERROR-2", "LIST-4"],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) =>
        backend.commit(operations, (all, states) => {
          const decisions = plan(all, states)
          if (decisions.some(decision => decision.kind === "nothing")) throw new Error("no such document")
          return decisions
        }),
    })),
  },
  {
    name: "pieces outlive their document",
    bug: "Large records are in a table of their own, which delete forgets, and a document created again finds them.",
    breaks: ["DELETE-3"],
    also: ["GUARD-2", "GUARD-3", "LOAD-3", "WRITE-2"],
    slow: ["load-larger-than-read-ahead"],
    damage() {
      const left = new Map<string, readonly StoreRecord[]>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          for (const { kind, docId } of operations) {
            const large =
              kind === "delete" ? readAll(backend, docId).filter(record => (bytesOf(record)?.length ?? 0) > 1e6) : []
            if (large.length > 0) left.set(docId, large)
          }
          return backend.commit(operations, plan)
        },
        readPage(docId, cursor) {
          const page = readPage(backend, docId, cursor)
          const more = page.next === null && page.records.length > 0 ? left.get(docId) : undefined
          return more === undefined ? page : { ...page, records: [...page.records, ...more] }
        },
      }))()
    },
  },
]

/** Stores the first records of a replace that is alone in its commit; returns the outcomes when it was refused. */
function beginReplace(
  backend: TestBackend,
  operations: readonly WriteOperation[],
  plan: Plan,
  count: number,
): readonly Outcome[] | null {
  const [operation] = operations
  if (operation?.kind !== "replace" || operations.length > 1) return null
  const start = { ...operation, records: operation.records.slice(0, count) }
  const outcomes = backend.commit([start], (_, states) => plan(operations, states))
  return outcomes[0] === null ? null : outcomes
}
