import { isStoreError, type StoreRecord } from "@holdfast/store-core"
import {
  type BrokenStore,
  brokenBackend,
  brokenLoading,
  brokenMethods,
  bytesOf,
  iterating,
  MADE_UP,
  peek,
  readPage,
  withData,
} from "./broken-store.js"

const utf8 = new TextEncoder()

export const recordStores: readonly BrokenStore[] = [
  {
    name: "records are spread",
    bug: "A record is copied by its own properties, which those with getters of a class do not have.",
    breaks: ["RECORD-1"],
    also: ["RECORD-3"],
    damage: brokenMethods(store => ({
      append: (docId, record) => store.append(docId, peek(record, "kind") === "entry" ? { ...record } : record),
    })),
  },
  {
    name: "absent lineage comes back null",
    bug: "A column that is NULL is handed out as it is.",
    breaks: ["RECORD-1"],
    also: ["LOAD-1", "RECORD-2", "RECORD-3", "RECORD-5", "RECORD-6", "REPLACE-1"],
    slow: ["size-large-bytes"],
    damage: brokenLoading(record => {
      if (record.kind === "meta" || record.payload.lineage !== undefined) return record
      return { ...record, payload: { ...record.payload, lineage: null as never } }
    }),
  },
  {
    name: "empty lineage is an absent one",
    bug: "Whether there is a lineage is asked by its truth.",
    breaks: ["RECORD-1"],
    damage: brokenLoading(record => {
      if (record.kind === "meta" || record.payload.lineage !== "") return record
      const { lineage: _, ...payload } = record.payload
      return { ...record, payload }
    }),
  },
  {
    name: "empty bytes come back null",
    bug: "The driver stores an empty blob as NULL.",
    breaks: ["RECORD-1"],
    also: ["LOAD-1", "ORDER-1", "RECORD-2", "RECORD-5"],
    slow: ["size-version-and-lineage-limits", "load-large-records-over-pages"],
    damage: brokenLoading(record => withData(record, data => (data.length === 0 ? (null as never) : data))),
  },
  {
    name: "bytes in a text column",
    bug: "Bytes are decoded as UTF-8 and encoded again, which every invalid byte does not survive.",
    breaks: ["RECORD-1"],
    also: ["RECORD-2", "RECORD-5", "RECORD-6"],
    slow: ["size-large-bytes"],
    damage: brokenLoading(record =>
      withData(record, data => (typeof data === "string" ? data : utf8.encode(new TextDecoder().decode(data)))),
    ),
  },
  {
    name: "JSON is parsed and written again",
    bug: "Text goes into a JSON column, which drops white space and double keys.",
    breaks: ["RECORD-1"],
    damage: brokenLoading(record =>
      withData(record, data => {
        if (typeof data !== "string" || !data.startsWith("{")) return data
        try {
          return JSON.stringify(JSON.parse(data))
        } catch {
          return data
        }
      }),
    ),
  },
  {
    name: "versions are numbers",
    bug: "The version column has numeric affinity, so 01 comes back as 1.",
    breaks: ["RECORD-1"],
    damage: brokenLoading(record =>
      record.kind === "entry" && /^\d+$/.test(record.version)
        ? { ...record, version: `${Number(record.version)}` }
        : record,
    ),
  },
  {
    name: "a byte order mark is dropped",
    bug: "Text is decoded with the default of TextDecoder.",
    breaks: ["RECORD-1"],
    slow: ["size-byte-order-mark-after-piece"],
    damage: brokenLoading(record =>
      withData(record, data => (typeof data === "string" ? data.replace(/^\ufeff/, "") : data)),
    ),
  },
  {
    name: "bytes come back as a Buffer",
    bug: "What the driver returned is handed out as it is.",
    breaks: ["RECORD-2"],
    also: ["LOAD-1", "RECORD-1", "RECORD-5", "RECORD-6"],
    slow: ["size-whole-record-around-row-limits"],
    damage: brokenLoading(record => withData(record, data => (typeof data === "string" ? data : Buffer.from(data)))),
  },
  {
    name: "bytes on a pooled buffer",
    bug: "Small byte arrays are views on a pool, which whoever sends their buffer elsewhere sends as a whole.",
    breaks: ["RECORD-2"],
    damage: brokenLoading(record =>
      withData(record, data => {
        if (typeof data === "string" || data.length > 4096) return data
        const pool = new Uint8Array(data.length + 16)
        pool.set(data, 8)
        return pool.subarray(8, 8 + data.length)
      }),
    ),
  },
  {
    name: "the whole buffer of a view goes in",
    bug: "The driver is given `bytes.buffer`, without the offset and the length of the view.",
    breaks: ["RECORD-2"],
    damage: brokenMethods(store => ({
      append(docId, record) {
        const view = bytesOf(record)
        const part = view !== null && view.length > 0 && view.length < view.buffer.byteLength
        return store.append(docId, part ? withData(record, () => new Uint8Array(view.buffer)) : record)
      },
    })),
  },
  {
    name: "bytes of this realm only",
    bug: "Bytes are recognised with instanceof, which those of a worker or a frame are not.",
    breaks: ["RECORD-2"],
    damage: brokenMethods(store => ({
      append(docId, record) {
        const bytes = peek(record, "payload", "data")
        const foreign = ArrayBuffer.isView(bytes) && !(bytes instanceof DataView) && !(bytes instanceof Uint8Array)
        return store.append(docId, foreign ? (null as never) : record)
      },
    })),
  },
  {
    name: "U+0000 ends text",
    bug: "Text is bound as a C string, so what follows U+0000 is gone and nobody is told.",
    breaks: ["RECORD-3"],
    also: ["ORDER-4"],
    damage: brokenMethods(store => ({
      append: (docId, record) => store.append(docId, cutAtNul(record)),
      replace: (docId, records) => store.replace(docId, Array.isArray(records) ? records.map(cutAtNul) : records),
    })),
  },
  {
    name: "the first record of a batch is not checked",
    bug: "Of the meta that a batch begins with only the kind is looked at.",
    breaks: ["RECORD-3"],
    also: ["REPLACE-2"],
    damage: brokenMethods(store => ({
      replace: (docId, records) =>
        store.replace(docId, records).catch((error: unknown) => {
          if (!isStoreError(error, "STORE_INVALID_RECORD") || peek(records, "0", "kind") !== "meta") throw error
          return store.replace(docId, [{ kind: "meta", meta: MADE_UP }, ...[...records].slice(1)])
        }),
    })),
  },
  {
    name: "unknown properties are kept",
    bug: "Records are stored as JSON, whatever they have.",
    breaks: ["RECORD-4"],
    damage: keepingExtras,
  },
  {
    name: "records are not copied going in",
    bug: "The caller's bytes wait in a queue as they are, and change with what the caller does to them.",
    breaks: ["RECORD-6"],
    also: ["CLOSE-1", "RECORD-1"],
    damage: brokenMethods(store => ({
      async append(docId, record) {
        if (bytesOf(record) !== null) await Promise.resolve()
        return store.append(docId, record)
      },
    })),
  },
  {
    name: "records are not copied coming out",
    bug: "A cache hands the same record to every reader, so that what one does to it the others see.",
    breaks: ["RECORD-6"],
    damage: cachingRecords,
  },
]

function cutAtNul(record: StoreRecord): StoreRecord {
  const data = peek(record, "payload", "data")
  return typeof data === "string" && data.includes("\0") ? withData(record, () => data.split("\0")[0] ?? "") : record
}

function keepingExtras() {
  const extras = new Map<string, unknown>()
  return brokenMethods(store => ({
    append(docId, record) {
      const extra = peek(record, "extra")
      if (peek(record, "kind") === "entry" && extra !== undefined) extras.set(docId, extra)
      return store.append(docId, record)
    },
    loadAll: docId =>
      iterating(store.loadAll(docId), iterator => ({
        async next() {
          const result = await iterator.next()
          if (!result.done && result.value.kind === "entry" && extras.has(docId)) {
            Object.assign(result.value, { extra: extras.get(docId) })
          }
          return result
        },
      })),
  }))()
}

function cachingRecords() {
  const pages = new Map<string, readonly StoreRecord[]>()
  return brokenBackend(backend => ({
    commit(operations, plan) {
      for (const { docId } of operations) pages.delete(docId)
      return backend.commit(operations, plan)
    },
    readPage(docId, cursor) {
      const page = readPage(backend, docId, cursor)
      if (cursor !== null || page.next !== null) return page
      const cached = pages.get(docId)
      const records = cached?.length === page.records.length ? cached : page.records
      pages.set(docId, records)
      return { ...page, records }
    },
  }))()
}
