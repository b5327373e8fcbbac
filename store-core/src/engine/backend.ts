import type { StoreCapabilities } from "../capabilities.js"
import type { StoreError } from "../errors.js"
import type { DocId, StoreMeta, StoreRecord } from "../store.js"

/**
 * What a database has to do; everything else a store promises is done once, in the engine.
 *
 * The engine calls `commit` once at a time, and never while it reads the metadata or the first page of one of the
 * documents. All other reads may run beside it, later pages of a load included, so a page must be read in one consistent
 * look at the data. Every method may answer with or without a promise; a synchronous backend that answers without one is
 * used within the same tick. Errors are thrown as `StoreError`; the engine retries `STORE_BUSY` and `STORE_CONFLICT`
 * within its budget and adds the document to the message.
 *
 * A backend holds no cursor, statement, connection or transaction between two calls.
 */
export interface Backend<Cursor = unknown> {
  /** Which kind of store this is, for errors: `"memory"`, `"sqlite"`, … */
  readonly name: string
  readonly capabilities: StoreCapabilities

  /**
   * Whether the backend is done with an operation's bytes once it is committed, and hands them to nobody who would keep,
   * transfer or clone their buffer. Then few bytes of many records lie in one buffer, which is quicker. Default false: every
   * record's bytes have a buffer of their own.
   */
  readonly takesViews?: boolean | undefined

  /**
   * Whether nothing succeeds in the turn of the event loop in which it is asked for, as over a socket. Default false: then the
   * engine sees to it that timers and I/O of a program get their turn that awaits one call after another.
   */
  readonly answersLater?: boolean | undefined

  /**
   * Applies the operations, in order, in one transaction: opens it, reads the state the operations need, calls `plan`,
   * writes what the decisions say and commits. Returns one outcome per operation. Throws when the transaction as a
   * whole failed; then nothing is stored, unless the error says `outcome: "unknown"`.
   *
   * `plan` is pure. It must be called again, on fresh state, when the transaction is tried again.
   *
   * `written` is given when the store is observed (`EngineOptions.observe`): a backend that numbers what it stores tells
   * it the numbers of each operation, as far as that takes no further statement. May be ignored.
   */
  commit(
    operations: readonly WriteOperation[],
    plan: Plan,
    written?: Written,
  ): readonly Outcome[] | Promise<readonly Outcome[]>

  /**
   * The next records of a document: from the start when `cursor` is null, else from where the page that returned the
   * cursor ended. The first page fixes what the load will yield. At most about 2,000 rows and 4 MiB; a page may hold
   * no complete record when the next one is large.
   *
   * Throws `STORE_LOAD_SUPERSEDED` when the generation of the first page is gone, `STORE_CORRUPT` when rows make no sense.
   * After a throw the same cursor may be used again.
   */
  readPage(docId: DocId, cursor: Cursor | null): Page<Cursor> | Promise<Page<Cursor>>

  /** The current metadata, or null when the document does not exist. */
  readMeta(docId: DocId): StoreMeta | null | Promise<StoreMeta | null>

  /** Up to `limit` ids that start with `prefix` and come after `after` (null: from the first), in ascending UTF-8 byte order. */
  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] | Promise<readonly DocId[]>

  /** Releases what the backend owns. Called once nothing is in flight; called again if it threw. */
  close(): void | Promise<void>
}

/** One write, validated and copied: nobody else holds its records. */
export type WriteOperation =
  | { readonly kind: "append"; readonly docId: DocId; readonly records: readonly StoreRecord[] }
  | { readonly kind: "replace"; readonly docId: DocId; readonly records: readonly StoreRecord[] }
  | { readonly kind: "delete"; readonly docId: DocId }

/**
 * What became of one operation: null when it is stored.
 *
 * `STORE_BUSY` and `STORE_CONFLICT` say that it was skipped because somebody else holds its document. The engine tries it
 * again apart from the group; the operations on the same document behind it must have been skipped too.
 */
export type Outcome = StoreError | null

/**
 * How a backend tells the first and last sequence number of the rows that an operation stored; not called for one that
 * stored none. May be called before the commit is certain: only what was said in the attempt that succeeded counts.
 */
export type Written = (operation: WriteOperation, first: number, last: number) => void

/**
 * What a document is before a group of operations: null when it does not exist.
 *
 * `"unread"` stands for metadata that was not read because nothing in the group looks at it (see `needsMeta`);
 * `"unreadable"` for metadata that is stored but makes no sense, which only `replace` and `delete` may overwrite.
 */
export type DocumentState = { readonly meta: StoreMeta | "unread" | "unreadable" } | null

/**
 * What to do for one operation:
 * - `refuse`: nothing; `error` is its outcome
 * - `create`: the document does not exist; create it with `meta` and the operation's records
 * - `append`: put the records behind the others; store `meta` when it is not null
 * - `replace`: remove all records, put these in their place; store `meta` when it is not null
 * - `remove`: remove the document
 * - `nothing`: there is nothing to do
 */
export type Decision =
  | { readonly kind: "refuse"; readonly error: StoreError }
  | { readonly kind: "create"; readonly meta: StoreMeta }
  | { readonly kind: "append"; readonly meta: StoreMeta | null }
  | { readonly kind: "replace"; readonly meta: StoreMeta | null }
  | { readonly kind: "remove" }
  | { readonly kind: "nothing" }

/** Decides every operation of a group; `states` has each of their documents as it was before the first of them. */
export type Plan = (
  operations: readonly WriteOperation[],
  states: ReadonlyMap<DocId, DocumentState>,
) => readonly Decision[]

/** Some records of a load, and where the next page begins; `next` is null when the load is complete. */
export interface Page<Cursor> {
  readonly records: readonly StoreRecord[]
  /** About how much memory the records take, in bytes. */
  readonly bytes: number
  readonly next: Cursor | null
}
