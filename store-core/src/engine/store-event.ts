import type { StoreError, StoreErrorCode } from "../errors.js"
import type { DocId, StoreRecord } from "../store.js"

/**
 * One call that is over, as the option `observe` is told of it.
 *
 * There is one event for a call, not one for a commit: what one alerts on is how long a caller waited and what became
 * of the call, and calls of one commit may end differently. How calls share commits is in `group`.
 */
export interface StoreEvent {
  /** The method that was called, or `"transact"` for a transaction with rows of the application. */
  readonly operation: "append" | "replace" | "delete" | "loadAll" | "currentMeta" | "listDocIds" | "transact" | "close"
  /**
   * The document, or those written by `transact`, each once. Empty for `listDocIds` and `close`, and where the id was
   * refused.
   */
  readonly documents: readonly ObservedDocument[]
  /**
   * How many records the call was to write, or has read; for `listDocIds` how many ids. 0 for a call that was refused
   * before it was queued, as for a wrong argument.
   */
  readonly records: number
  /** The data of their payloads: binary data in bytes, text in UTF-16 units. */
  readonly bytes: number
  /**
   * From the call to its outcome: waiting for other calls and for locks is part of it. Of `loadAll` and `listDocIds` the
   * time they took to get what the consumer asked for, not what the consumer did in between. In a Cloudflare Worker
   * the clock stands still between two I/Os.
   */
  readonly milliseconds: number
  /**
   * `"ok"`, the code the call rejected with, or `"rolled-back"` for a `transact` whose function threw an error of the
   * application. A load or listing that the consumer left early is `"ok"`.
   */
  readonly outcome: "ok" | "rolled-back" | StoreErrorCode
  /** What the call rejected with; it also says whether the write may be stored (`outcome: "unknown"`). */
  readonly error: StoreError | null
  /** How many other calls on documents of this store were waiting or under way when it was over; listings do not count. */
  readonly queued: number
  /** How many writes were tried in one commit, this one and refused ones included; 0 for what never came to one. */
  readonly group: number
}

/** A document, and the first and last sequence number of the rows a call stored of it; null where it stored none. */
export interface ObservedDocument {
  readonly docId: DocId
  readonly first: number | null
  readonly last: number | null
}

/** What an event is made of once the call is over. */
export type Report = Pick<StoreEvent, "operation" | "documents" | "records" | "bytes" | "milliseconds" | "group">

/** Tells of a call that is over. A failure is what it threw or rejected with, which may be anything; null when it is ok. */
export type Tell = (report: Report, failure: Failure | null) => void

export interface Failure {
  readonly error: unknown
}

export function unwritten(docId: DocId): ObservedDocument {
  return { docId, first: null, last: null }
}

export function payloadBytes(records: readonly StoreRecord[]): number {
  let bytes = 0
  for (const record of records) if (record.kind === "entry") bytes += record.payload.data.length
  return bytes
}
