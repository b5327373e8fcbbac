import { isStoreError, type StoreMeta } from "@holdfast/store-core"
import { type BrokenStore, brokenBackend, brokenMethods, MADE_UP, peek, readAll } from "./broken-store.js"

export const metadataStores: readonly BrokenStore[] = [
  {
    name: "an entry creates a document",
    bug: "The first record of a document is not looked at; metadata is made up where there is none.",
    breaks: ["META-1"],
    also: ["CLOSE-1", "ERROR-1", "ERROR-2", "GUARD-1", "LIST-1", "ORDER-1", "ORDER-4", "ORDER-6", "SHARE-1", "SHARE-3"],
    damage: brokenMethods(store => ({
      append: (docId, record) =>
        store.append(docId, record).catch(async (error: unknown) => {
          if (!isStoreError(error, "STORE_META_MISSING")) throw error
          await store.append(docId, { kind: "meta", meta: MADE_UP })
          await store.append(docId, record)
        }),
    })),
  },
  {
    name: "any meta goes",
    bug: "Nobody compares a later meta with the document's identity.",
    breaks: ["META-3"],
    also: ["ERROR-1", "ERROR-2", "GUARD-1", "GUARD-3", "LOAD-2", "ORDER-4", "SHARE-2"],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) =>
        backend.commit(operations, (all, states) =>
          plan(all, states).map((decision, i) => {
            const operation = all[i]
            if (decision.kind !== "refuse" || decision.error.code !== "STORE_META_MISMATCH") return decision
            if (operation === undefined || operation.kind === "delete") return decision
            const last = operation.records.findLast(record => record.kind === "meta")
            return { kind: states.get(operation.docId) ? operation.kind : "create", meta: last?.meta ?? MADE_UP }
          }),
        ),
    })),
  },
  {
    name: "a clashing meta is ignored",
    bug: "A meta that does not fit is left out, and the caller is told that it is stored.",
    breaks: ["META-3"],
    also: ["ERROR-1", "ERROR-2", "GUARD-1", "ORDER-4", "SHARE-2"],
    damage: brokenMethods(store => ({
      append: (docId, record) =>
        store.append(docId, record).catch((error: unknown) => {
          if (!isStoreError(error, "STORE_META_MISMATCH")) throw error
        }),
    })),
  },
  {
    name: "a refused meta changes currentMeta",
    bug: "The cache of metadata is written before it is known whether the record is stored.",
    breaks: ["META-3"],
    also: ["ERROR-2", "SHARE-2"],
    damage() {
      const refused = new Map<string, StoreMeta>()
      return brokenMethods(store => ({
        append: (docId, record) =>
          store.append(docId, record).catch((error: unknown) => {
            if (isStoreError(error, "STORE_META_MISMATCH") && record.kind === "meta") refused.set(docId, record.meta)
            throw error
          }),
        currentMeta: async docId => {
          const meta = await store.currentMeta(docId)
          return meta === null ? null : (refused.get(docId) ?? meta)
        },
      }))()
    },
  },
  {
    name: "one identity for all documents",
    bug: "The replica type is a property of the store, so that documents of another one are refused.",
    breaks: ["META-3"],
    also: ["ERROR-2", "GUARD-1", "ORDER-4", "RECORD-1", "RECORD-3", "RECORD-5", "SHARE-1"],
    slow: ["size-over-the-limits"],
    damage: brokenMethods(store => {
      let first: unknown
      return {
        append(docId, record) {
          const type = peek(record, "meta", "replicaType", "0")
          first ??= type
          const other = type !== undefined && type !== first
          return other ? Promise.reject(new Error(`this is a store of ${first}`)) : store.append(docId, record)
        },
      }
    }),
  },
  {
    name: "a later meta is not remembered",
    bug: "Metadata is written once with INSERT OR IGNORE; later ones go into the stream only.",
    breaks: ["META-2", "META-4"],
    also: ["META-3", "ORDER-1", "ORDER-2", "RECORD-5", "REPLACE-1", "SHARE-1", "SHARE-2", "WRITE-2"],
    slow: ["size-meta-limit"],
    damage: brokenBackend(backend => ({
      commit: (operations, plan) =>
        backend.commit(operations, (all, states) =>
          plan(all, states).map(decision =>
            decision.kind === "append" || decision.kind === "replace" ? { ...decision, meta: null } : decision,
          ),
        ),
    })),
  },
  {
    name: "an update without a condition",
    bug: "A later meta changes the row of every document.",
    breaks: ["META-4"],
    also: ["APPEND-1", "ORDER-1", "ORDER-2", "WRITE-2"],
    damage() {
      let last: StoreMeta | null = null
      return brokenBackend(backend => ({
        commit: (operations, plan) =>
          backend.commit(operations, (all, states) => {
            const decisions = plan(all, states)
            for (const decision of decisions)
              if (decision.kind === "append" && decision.meta !== null) last = decision.meta
            return decisions
          }),
        readMeta(docId) {
          const meta = backend.readMeta(docId)
          return meta === null || last === null ? meta : { ...meta, schemaHash: last.schemaHash }
        },
      }))()
    },
  },
  {
    name: "the minor number never changes",
    bug: "Of the metadata only the schema hash is updated.",
    breaks: ["META-2", "META-4"],
    damage: brokenBackend(backend => ({
      readMeta(docId) {
        const meta = backend.readMeta(docId)
        const first = readAll(backend, docId)[0]
        if (meta === null || first?.kind !== "meta") return meta
        return { ...meta, replicaType: [meta.replicaType[0], meta.replicaType[1], first.meta.replicaType[2]] }
      },
    })),
  },
  {
    name: "no metadata is undefined",
    bug: "What a lookup found, or did not find, is handed out as it is.",
    breaks: ["META-5"],
    also: ["DELETE-1", "META-1", "ORDER-1", "ORDER-2", "SHARE-1", "SHARE-3", "WRITE-2"],
    damage: brokenMethods(store => ({
      currentMeta: async docId => (await store.currentMeta(docId)) ?? (undefined as never),
    })),
  },
  {
    name: "metadata outlives its document",
    bug: "A cache of metadata is not told of deletes.",
    breaks: ["META-5", "DELETE-1"],
    also: ["ORDER-1", "ORDER-2", "SHARE-3", "WRITE-2"],
    damage: brokenBackend(backend => {
      const known = new Map<string, StoreMeta>()
      return {
        commit: (operations, plan) =>
          backend.commit(operations, (all, states) => {
            for (const [docId, state] of states) if (typeof state?.meta === "object") known.set(docId, state.meta)
            return plan(all, states)
          }),
        readMeta(docId) {
          const meta = backend.readMeta(docId)
          return meta ?? structuredClone(known.get(docId)) ?? null
        },
      }
    }),
  },
  {
    name: "metadata with unknown properties",
    bug: "Metadata is stored as the JSON of whatever was given.",
    breaks: ["RECORD-4"],
    damage() {
      const extras = new Map<string, object>()
      return brokenMethods(store => ({
        append(docId, record) {
          const extra = peek(record, "meta", "extra")
          if (extra !== undefined) extras.set(docId, { extra })
          return store.append(docId, record)
        },
        currentMeta: async docId => {
          const meta = await store.currentMeta(docId)
          return meta === null ? null : { ...meta, ...extras.get(docId) }
        },
      }))()
    },
  },
  {
    name: "metadata is not copied coming out",
    bug: "Metadata is handed out as the object of a cache, and what a caller does to it is the metadata from then on.",
    breaks: ["RECORD-6"],
    damage() {
      const cache = new Map<string, StoreMeta>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          for (const { docId } of operations) cache.delete(docId)
          return backend.commit(operations, plan)
        },
        readMeta(docId) {
          const meta = cache.get(docId) ?? backend.readMeta(docId)
          if (meta !== null) cache.set(docId, meta)
          return meta
        },
      }))()
    },
  },
]
