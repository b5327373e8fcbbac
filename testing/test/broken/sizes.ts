import type { StoreRecord } from "@holdfast/store-core"
import { type BrokenStore, brokenBackend, brokenLoading, brokenMethods, peek, withData } from "./broken-store.js"

const utf8 = new TextEncoder()

/** Text as it comes back when its bytes are cut without looking where a character ends. */
function cutAndJoined(text: string, length: number): string {
  const bytes = utf8.encode(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(i * length, (i + 1) * length)),
  )
  return pieces.join("")
}

export const sizeStores: readonly BrokenStore[] = [
  {
    name: "long versions are cut",
    bug: "The column has a length, and the database cuts what is longer.",
    breaks: ["RECORD-5"],
    slow: ["size-over-the-limits", "size-over-the-limits-before-io"],
    damage: brokenMethods(store => ({
      append: (docId, record) => store.append(docId, cutToColumns(record)),
      replace: (docId, records) => store.replace(docId, Array.isArray(records) ? records.map(cutToColumns) : records),
    })),
  },
  {
    name: "rows of two megabytes",
    bug: "A record is one row, and the database takes rows up to two megabytes only.",
    breaks: ["RECORD-5"],
    also: [
      "CLOSE-1",
      "DELETE-3",
      "LOAD-1",
      "LOAD-3",
      "LOAD-5",
      "ORDER-1",
      "ORDER-2",
      "RECORD-1",
      "RECORD-2",
      "WRITE-1",
      "WRITE-2",
      "WRITE-5",
    ],
    slow: [
      "size-whole-record-around-row-limits",
      "size-byte-order-mark-after-piece",
      "load-large-records-over-pages",
      "share-load-overtaken",
    ],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        for (const operation of operations) {
          const records = operation.kind === "delete" ? [] : operation.records
          if (records.some(record => rowSize(record) > 2_000_000)) throw new Error("string or blob too big")
        }
        return backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "blobs of 64 KiB",
    bug: "The column has the type BLOB, and a database that is not strict cuts what is longer.",
    breaks: ["RECORD-1", "RECORD-5"],
    also: ["CLOSE-1", "GUARD-3", "LOAD-1", "LOAD-3", "ORDER-1", "RECORD-6", "WRITE-1", "WRITE-2", "WRITE-5"],
    slow: [
      "size-small-bytes",
      "size-large-bytes",
      "size-large-text",
      "size-sixteen-mebibytes",
      "size-many-large-records",
      "load-large-records-over-pages",
      "load-larger-than-read-ahead",
    ],
    damage: brokenLoading(record => withData(record, data => data.slice(0, 65_535))),
  },
  {
    name: "packets of 48 MiB",
    bug: "The connection takes packets up to a size that is less than a record may have.",
    breaks: ["RECORD-5"],
    slow: ["size-largest-bytes", "size-largest-text", "replace-large"],
    damage: brokenBackend(backend => ({
      commit(operations, plan) {
        const large = operations.some(
          ({ kind, ...rest }) => "records" in rest && rest.records.some(record => rowSize(record) > 20e6),
        )
        if (large) throw new Error("packet too large")
        return backend.commit(operations, plan)
      },
    })),
  },
  {
    name: "metadata in 32 KiB",
    bug: "The column of metadata has a length, which is less than metadata may have.",
    breaks: ["RECORD-5"],
    slow: ["size-meta-limit"],
    damage: brokenBackend(backend => ({
      readMeta(docId) {
        const meta = backend.readMeta(docId)
        if (meta !== null && utf8.encode(meta.schemaHash).length > 32 * 1024) throw new Error("unexpected end of JSON")
        return meta
      },
    })),
  },
  {
    name: "limits count UTF-16 units",
    bug: "The size of a text is taken for its `length`, so a column of the allowed number of bytes overflows.",
    breaks: ["RECORD-5"],
    slow: ["size-version-and-lineage-limits"],
    damage: brokenMethods(store => ({
      async append(docId, record) {
        const version = peek(record, "version")
        if (typeof version === "string" && version.length > 50_000 && utf8.encode(version).length > version.length) {
          throw new Error("value too long for the column")
        }
        return store.append(docId, record)
      },
    })),
  },
  {
    name: "characters are torn at pieces",
    bug: "Large text is cut into pieces by bytes, through the middle of a character.",
    breaks: ["RECORD-1"],
    also: ["RECORD-5"],
    slow: ["size-text-across-pieces", "size-text-of-wide-characters", "size-largest-text"],
    damage: brokenLoading(record =>
      withData(record, data =>
        typeof data === "string" && data.length > 300_000 ? cutAndJoined(data, 1_000_000) : data,
      ),
    ),
  },
]

function cutToColumns(record: StoreRecord): StoreRecord {
  const version = peek(record, "version")
  const long = typeof version === "string" && version.length > 256 * 1024
  return long && record.kind === "entry" ? { ...record, version: version.slice(0, 256 * 1024) } : record
}

function rowSize(record: StoreRecord): number {
  if (record.kind === "meta") return 0
  const { data, lineage = "" } = record.payload
  return data.length + lineage.length + record.version.length
}
