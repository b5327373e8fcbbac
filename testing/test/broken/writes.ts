import {
  type Backend,
  type Decision,
  isStoreError,
  type Outcome,
  type Plan,
  type WriteOperation,
} from "@holdfast/store-core"
import type { TestBackend } from "../memory-place.js"
import { type BrokenStore, backendOver, brokenBackend, brokenMethods, peek, readAll, readPage } from "./broken-store.js"

export const writeStores: readonly BrokenStore[] = [
  {
    name: "the second append of a tick is lost",
    bug: "Two appends read the same last number, and one overwrites the other.",
    breaks: ["APPEND-1", "ORDER-1"],
    also: [
      "CLOSE-1",
      "CLOSE-2",
      "DELETE-3",
      "GUARD-1",
      "LOAD-1",
      "LOAD-2",
      "LOAD-4",
      "LOAD-6",
      "LOAD-8",
      "ORDER-2",
      "ORDER-3",
      "ORDER-4",
      "ORDER-6",
      "RECORD-1",
      "RECORD-3",
      "RECORD-6",
      "REPLACE-4",
      "SHARE-2",
      "WRITE-1",
      "WRITE-2",
      "WRITE-5",
    ],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) => backend.commit(operations.map(overwritten), plan),
    })),
  },
  {
    name: "an append that fails resolves",
    bug: "An error of the database is logged, and the caller is told that all is well.",
    breaks: ["WRITE-1"],
    also: ["GUARD-1", "WRITE-2"],
    damage: brokenMethods(store => ({
      append: (docId, record) =>
        store.append(docId, record).catch((error: unknown) => {
          if (!isStoreError(error, "STORE_BACKEND")) throw error
        }),
    })),
  },
  {
    name: "acknowledged before it is stored",
    bug: "Writes are kept in memory and stored by the next call, so a crash in between loses what was acknowledged.",
    breaks: ["WRITE-1", "WRITE-5"],
    also: ["DELETE-3", "GUARD-1", "LOAD-1", "META-3", "REPLACE-4", "SHARE-1", "SHARE-2", "WRITE-2"],
    damage: () => ({ backend: writeBehind }),
  },
  {
    name: "writes resolve with a count",
    bug: "What the driver answers, the number of rows changed, goes on to the caller.",
    breaks: ["WRITE-1"],
    also: ["DELETE-2", "ORDER-1", "ORDER-2"],
    damage: brokenMethods(store => ({
      delete: docId => store.delete(docId).then(() => 1 as never),
    })),
  },
  {
    name: "a group without a transaction",
    bug: "The writes of a group are statements of their own; when one fails, those before it stay and are made again.",
    breaks: ["WRITE-2"],
    also: ["ORDER-4", "ORDER-6"],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) => operations.map(operation => backend.commit([operation], plan)[0] ?? null),
    })),
  },
  {
    name: "a document is created in two transactions",
    bug: "The document's row is there before its first record is, and stays when that fails.",
    breaks: ["WRITE-2"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        const [operation] = operations
        const creates = operations.length === 1 && operation?.kind === "append" && operation.records[0]?.kind === "meta"
        if (creates && backend.readMeta(operation.docId) === null) {
          backend.commit([{ ...operation, records: [] }], (_, states) => plan(operations, states))
        }
        return backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "said to have failed, but stored",
    bug: "An error after the commit is reported as if nothing had been stored.",
    breaks: ["WRITE-3"],
    also: ["ORDER-4", "WRITE-1", "WRITE-2"],
    damage: () => ({
      backend: (backend, fault) =>
        backendOver(backend, {
          commit(operations, plan) {
            const outcomes = backend.commit(operations, plan)
            fault.pass()
            return outcomes
          },
        }),
    }),
  },
  {
    name: "nothing works after a failure",
    bug: "A failed transaction is left open, and whatever follows is refused because of it.",
    breaks: ["WRITE-4"],
    also: ["GUARD-1", "ORDER-4", "WRITE-1", "WRITE-2", "WRITE-3"],
    damage() {
      let aborted = false
      return brokenBackend(backend => ({
        commit(operations, plan) {
          if (aborted) throw new Error("current transaction is aborted, commands are ignored")
          try {
            return backend.commit(operations, plan)
          } catch (error) {
            aborted = true
            throw error
          }
        },
      }))()
    },
  },
  {
    name: "equal records are stored once",
    bug: "A retry is recognised by the content of the record, so the same change made again is taken for one.",
    breaks: ["APPEND-1"],
    also: ["LOAD-1", "ORDER-3"],
    damage() {
      const last = new Map<string, string>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          const texts = operations.map(operation => {
            const record = operation.kind === "append" ? operation.records[0] : undefined
            return typeof peek(record, "payload", "data") === "string" ? JSON.stringify(record) : ""
          })
          const before = new Map(last)
          const fresh = operations.map((operation, i) => {
            const text = texts[i] ?? ""
            const same = text !== "" && before.get(operation.docId) === text
            before.set(operation.docId, text)
            return same ? { ...operation, records: [] } : operation
          })
          const outcomes = backend.commit(fresh, plan)
          operations.forEach(({ docId }, i) => void last.set(docId, texts[i] ?? ""))
          return outcomes
        },
      }))()
    },
  },
  {
    name: "a number that is guessed wrong",
    bug: "The last number of a document is remembered and not checked; in the end it is off, and a record overwritten.",
    breaks: ["APPEND-1"],
    also: ["SHARE-2"],
    damage() {
      const counts = new Map<string, number>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          const [operation] = operations
          if (operation?.kind !== "append" || operations.length > 1) return backend.commit(operations, plan)
          const count = (counts.get(operation.docId) ?? 0) + 1
          counts.set(operation.docId, count)
          return backend.commit([count === 64 ? { ...operation, records: [] } : operation], plan)
        },
      }))()
    },
  },
  {
    name: "metadata alone cannot be loaded",
    bug: "A load begins with the first entry, so a document that has none yet looks as if it did not exist.",
    breaks: ["APPEND-2"],
    also: [
      "DELETE-3",
      "GUARD-3",
      "LIST-6",
      "LOAD-3",
      "LOAD-6",
      "META-2",
      "META-3",
      "META-4",
      "ORDER-1",
      "ORDER-2",
      "ORDER-3",
      "ORDER-6",
      "RECORD-1",
      "RECORD-3",
      "RECORD-6",
      "REPLACE-1",
      "REPLACE-3",
      "SHARE-1",
      "SHARE-2",
      "WRITE-2",
    ],
    slow: ["load-without-read-ahead"],
    damage: brokenBackend(backend => ({
      readPage(docId, cursor) {
        const page = readPage(backend, docId, cursor)
        return cursor === null && page.records.length === 1 ? { ...page, records: [] } : page
      },
    })),
  },
  {
    name: "metadata alone makes no document",
    bug: "Metadata is found by way of the entries, so a document that has none yet has no metadata either.",
    breaks: ["APPEND-2"],
    also: [
      "META-2",
      "META-3",
      "META-4",
      "ORDER-1",
      "ORDER-2",
      "RECORD-1",
      "RECORD-6",
      "REPLACE-1",
      "SHARE-2",
      "WRITE-2",
    ],
    damage: brokenBackend(backend => ({
      readMeta: docId =>
        backend.readMeta(docId) !== null && readAll(backend, docId).length > 1 ? backend.readMeta(docId) : null,
    })),
  },
]

/** An append of an entry right before another one of the same document leaves nothing. */
function overwritten(operation: WriteOperation, i: number, all: readonly WriteOperation[]): WriteOperation {
  const later = all.slice(i + 1).find(one => one.docId === operation.docId)
  if (operation.kind !== "append" || later?.kind !== "append") return operation
  if (operation.records[0]?.kind !== "entry" || later.records[0]?.kind !== "entry") return operation
  return { ...operation, records: [] }
}

/** Answers as soon as the writes are decided; they are made before anything else is. */
function writeBehind(backend: TestBackend): Backend {
  let make = () => {}
  const first = () => {
    const held = make
    make = () => {}
    held()
  }
  return backendOver(backend, {
    commit(operations: readonly WriteOperation[], plan: Plan): readonly Outcome[] {
      first()
      if (operations.length > 1 || operations[0]?.kind !== "append") return backend.commit(operations, plan)
      let decisions: readonly Decision[] = []
      backend.commit(operations, (all, states) => {
        decisions = plan(all, states)
        return decisions.map(() => ({ kind: "nothing" }))
      })
      make = () => void backend.commit(operations, plan)
      return decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
    },
    readPage(docId, cursor) {
      first()
      return readPage(backend, docId, cursor)
    },
    readMeta(docId) {
      first()
      return backend.readMeta(docId)
    },
    readIds(prefix, after, limit) {
      first()
      return backend.readIds(prefix, after, limit)
    },
    close() {
      first()
      backend.close()
    },
  })
}
