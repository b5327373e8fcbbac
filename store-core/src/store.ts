/**
 * The contract. Its rules are numbered in SPEC.md; the comments here say what a caller needs to know at the call.
 *
 * The shapes are structurally those of the Kyneta exchange, so a store goes into `new Exchange({ stores: [store] })`
 * as it is.
 */

/**
 * A document's name: 1 to 1,024 UTF-8 bytes of well-formed Unicode without U+0000. Nothing in it is interpreted:
 * `"A"` and `"a"`, or two Unicode normal forms of one letter, are different documents.
 */
export type DocId = string

/** Which kind of replica the payloads belong to. Name and major number never change in a document's life. */
export type ReplicaType = readonly [name: string, major: number, minor: number]

/** How a document is synchronised. Never changes in a document's life. */
export interface SyncMode {
  readonly writerModel: "serialized" | "concurrent"
  readonly delivery: "delta-capable" | "snapshot-only"
  readonly durability: "persistent" | "transient"
}

/** What the store keeps about a document beside its entries. At most 64 KiB as JSON. */
export interface StoreMeta {
  readonly replicaType: ReplicaType
  readonly syncMode: SyncMode
  /** Opaque to the store; the last one stored wins. */
  readonly schemaHash: string
}

/**
 * One piece of document state, opaque to the store.
 *
 * `encoding` says which type `data` has: `"json"` a string (not parsed, not checked to be JSON), `"binary"` bytes.
 */
export interface StorePayload {
  /** `"entirety"`: the whole state; `"since"`: a change relative to earlier entries. */
  readonly kind: "entirety" | "since"
  readonly encoding: "json" | "binary"
  /** At most 64 MiB; text is counted in UTF-8 bytes. */
  readonly data: string | Uint8Array
  /** Which history the payload belongs to, where the engine needs it. At most 64 KiB. */
  readonly lineage?: string
}

/** One element of a document's stream. */
export type StoreRecord =
  | { readonly kind: "meta"; readonly meta: StoreMeta }
  | {
      readonly kind: "entry"
      readonly payload: StorePayload
      /** Opaque to the store, at most 256 KiB. */
      readonly version: string
    }

/**
 * Where documents are kept: a stream of records for each id.
 *
 * Calls on one document take effect in call order, awaited or not (ORDER-1). Every rejection is a `StoreError`; the
 * codes are documented in `errors.ts`. After `close` every method rejects with `STORE_CLOSED`.
 */
export interface Store {
  /**
   * Puts one record behind the document's others; a `meta` for an unknown id creates the document. Resolves after the
   * commit. The record is copied before the call returns.
   *
   * Rejects with `STORE_META_MISSING` for an entry of a document that does not exist and with `STORE_META_MISMATCH`
   * for a meta whose identity differs from the document's.
   */
  append(docId: DocId, record: StoreRecord): Promise<void>

  /**
   * The document's records, in order, as of the first `next()`; nothing for an unknown id. Every iteration of the
   * result is a load of its own. Nothing is held while the consumer has control, so a load may be left at any point.
   *
   * A load yields everything or throws: `STORE_LOAD_SUPERSEDED` when another Store replaced or deleted the document
   * in between, or this one did with more left to read than it reads ahead; `STORE_CORRUPT` when stored rows make no sense.
   */
  loadAll(docId: DocId): AsyncIterable<StoreRecord>

  /**
   * Swaps the whole stream for `records`, whose first must be a `meta`; creates the document if need be. A concurrent
   * reader sees the old stream or the new one.
   */
  replace(docId: DocId, records: StoreRecord[]): Promise<void>

  /** Removes the document and every trace of it. An unknown id is fine. */
  delete(docId: DocId): Promise<void>

  /** The metadata the document has now, or `null` when it does not exist. One index lookup, not a scan. */
  currentMeta(docId: DocId): Promise<StoreMeta | null>

  /**
   * The ids that start with exactly `prefix`, each once, in ascending order of their UTF-8 bytes. Streamed; an id that
   * exists throughout the listing appears, one that comes or goes during it may.
   */
  listDocIds(prefix?: string): AsyncIterable<DocId>

  /** Completes what was called before, then closes what the store owns. May be called again. */
  close(): Promise<void>
}
