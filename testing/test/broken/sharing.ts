import { type DocId, StoreError, type StoreMeta, type StoreRecord } from "@holdfast/store-core"
import type { TestBackend } from "../memory-place.js"
import { type BrokenStore, brokenBackend, brokenMethods, MADE_UP, readAll } from "./broken-store.js"

export const sharingStores: readonly BrokenStore[] = [
  {
    name: "whole documents are saved",
    bug: "Each Store keeps the document and writes it back as a whole, over what another one has appended.",
    breaks: ["SHARE-1", "SHARE-2"],
    also: ["REPLACE-4"],
    damage: brokenBackend(backend => {
      const kept = new Map<DocId, StoreRecord[]>()
      return {
        commit(operations, plan) {
          const [operation, more] = operations
          for (const { docId } of operations) if (more !== undefined) kept.delete(docId)
          if (operation?.kind !== "append" || more !== undefined || operation.records[0]?.kind === "meta") {
            kept.delete(operation?.docId ?? "")
            return backend.commit(operations, plan)
          }
          const { docId } = operation
          const records = [...(kept.get(docId) ?? readAll(backend, docId)), ...operation.records]
          kept.delete(docId)
          if (records.length === 1) return backend.commit(operations, plan)
          const outcomes = backend.commit([{ kind: "replace", docId, records }], plan)
          kept.set(docId, records)
          return outcomes
        },
      }
    }),
  },
  {
    name: "names are ignored",
    bug: "Stores under different names use the same tables.",
    breaks: ["SHARE-1"],
    damage: () => ({ mixedUp: true }),
  },
  {
    name: "metadata is remembered for ever",
    bug: "A Store asks for a document's metadata once, so what another Store changes it never sees.",
    breaks: ["SHARE-1"],
    damage: brokenBackend(backend => {
      const known = new Map<DocId, StoreMeta>()
      return {
        commit(operations, plan) {
          for (const { docId } of operations) known.delete(docId)
          return backend.commit(operations, plan)
        },
        readMeta(docId) {
          const meta = known.get(docId) ?? backend.readMeta(docId)
          if (meta !== null) known.set(docId, meta)
          return meta === null ? null : structuredClone(meta)
        },
      }
    }),
  },
  {
    name: "an append brings a document back",
    bug: "A Store remembers that a document exists, and appends to it though another one has deleted it.",
    breaks: ["SHARE-3"],
    damage: brokenBackend(backend => {
      const known = new Set<DocId>()
      return {
        commit(operations, plan) {
          const [operation] = operations
          const gone = operation !== undefined && known.has(operation.docId) && isGone(backend, operation.docId)
          if (gone && operation.kind === "append" && operation.records[0]?.kind === "entry") {
            backend.commit([{ ...operation, records: [{ kind: "meta", meta: MADE_UP }] }], plan)
          }
          for (const { kind, docId } of operations) {
            if (kind === "delete") known.delete(docId)
            else known.add(docId)
          }
          return backend.commit(operations, plan)
        },
      }
    }),
  },
  {
    name: "a number that is free again",
    bug: "A Store puts a record at the number behind the last one it remembers, which two replaces by another one have freed.",
    breaks: ["REPLACE-4"],
    damage() {
      const replaces = new Map<DocId, number>()
      return brokenBackend(backend => {
        const known = new Map<DocId, number>()
        return {
          commit(operations, plan) {
            const [only] = operations
            const before = known.get(only?.docId ?? "")
            const since = before === undefined ? 0 : (replaces.get(only?.docId ?? "") ?? 0) - before
            if (only?.kind === "append" && operations.length === 1 && since > 1) return [null]
            const outcomes = backend.commit(operations, plan)
            for (const { docId, kind } of operations) {
              if (kind === "replace") replaces.set(docId, (replaces.get(docId) ?? 0) + 1)
              if (kind === "append") known.set(docId, replaces.get(docId) ?? 0)
              else known.delete(docId)
            }
            return outcomes
          },
        }
      })()
    },
  },
  {
    name: "the identity a Store knew",
    bug: "A later meta is compared with what the Store remembers of the document, not with what is stored.",
    breaks: ["META-3"],
    damage: brokenBackend(backend => {
      const known = new Map<DocId, StoreMeta>()
      return {
        commit: (operations, plan) =>
          backend.commit(operations, (all, states) => {
            const remembered = new Map(states)
            for (const [docId, meta] of known) if (remembered.get(docId)) remembered.set(docId, { meta })
            const decisions = plan(all, remembered)
            decisions.forEach((decision, i) => {
              if (decision.kind === "create") known.set(all[i]?.docId ?? "", decision.meta)
              if (decision.kind === "remove") known.delete(all[i]?.docId ?? "")
            })
            return decisions
          }),
      }
    }),
  },
  {
    name: "a collision is an error nobody knows",
    bug: "What the database says when two writers meet goes on to the caller as it is.",
    breaks: ["SHARE-2"],
    also: ["SHARE-1"],
    damage() {
      let writer: object | null = null
      let meetings = 0
      return brokenMethods(store => ({
        async append(docId, record) {
          const others = writer !== null && writer !== store
          writer = store
          const appended = store.append(docId, record)
          await appended
          writer = null
          if (others && ++meetings > 0) {
            throw new StoreError("STORE_BACKEND", `Document ${docId}: UNIQUE constraint failed.`, {
              backend: "memory",
              docId,
            })
          }
        },
      }))()
    },
  },
]

function isGone(backend: TestBackend, docId: DocId): boolean {
  try {
    return backend.readMeta(docId) === null
  } catch {
    return false
  }
}
