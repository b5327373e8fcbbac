import { type DocId, type Page, StoreError, type StoreMeta, showDocId } from "@holdfast/store-core"
import { GapError, RecordAssembler, type StoredRow } from "./assemble.js"
import { decodeMeta, RowError } from "./rows.js"

/** What a load has read of its document: rows up to `after` of those up to `head` that there were when it began. */
export interface PageCursor {
  readonly doc: number
  readonly after: number
  readonly head: number
  readonly assembler: RecordAssembler
}

/** Where the load of a document begins whose greatest sequence number is `last`; throws `RowError` when it has none. */
export function beginPages(doc: number, last: number | null): PageCursor {
  if (last === null) throw new RowError("it has metadata but no rows")
  return { doc, after: 0, head: last, assembler: new RecordAssembler() }
}

/** The page that the next rows make. Throws `GapError` when rows are missing and `RowError` when one makes no sense. */
export function assemblePage(cursor: PageCursor, rows: Iterable<StoredRow>): Page<PageCursor> {
  const { doc, after, head, assembler } = cursor
  const { records, bytes } = assembler.feed(rows)
  const reached = (assembler.expected ?? after + 1) - 1
  if (reached === after) throw new GapError(after + 1, head)
  if (reached < head) return { records, bytes, next: { doc, after: reached, head, assembler } }
  assembler.finish()
  return { records, bytes, next: null }
}

/** The only page of a document of which these are all rows. Throws as `assemblePage`. */
export function assembleWhole(rows: Iterable<StoredRow>): Page<PageCursor> {
  const assembler = new RecordAssembler()
  const { records, bytes } = assembler.feed(rows)
  assembler.finish()
  return { records, bytes, next: null }
}

/**
 * Whether the rows a load needs are gone for good: the document is, or what is left of it is numbered from behind the
 * head of the load.
 */
export function isSuperseded(cursor: PageCursor, left: { readonly exists: boolean; readonly first: number | null }) {
  return !left.exists || (left.first ?? 0) > cursor.head
}

/** The document was replaced or deleted between two pages of a load. */
export function supersededError(backend: string, docId: DocId): StoreError {
  const message = `Document ${showDocId(docId)} was replaced or deleted while it was being loaded. Load it again.`
  return new StoreError("STORE_LOAD_SUPERSEDED", message, { backend, docId })
}

/** What is stored of the document makes no sense. */
export function corruptError(backend: string, docId: DocId, cause: Error): StoreError {
  const message =
    `Document ${showDocId(docId)} is damaged: ${cause.message}. ` +
    "Replace the document with a good copy, or restore a backup."
  return new StoreError("STORE_CORRUPT", message, { backend, docId, cause })
}

/** As `decodeMeta`, but returns what is wrong. */
export function tryDecodeMeta(data: unknown): StoreMeta | RowError {
  try {
    return decodeMeta(String(data))
  } catch (error) {
    if (error instanceof RowError) return error
    throw error
  }
}
