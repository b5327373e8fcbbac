import { PAGE_BYTES, PAGE_ROWS } from "@holdfast/sql-store-core"
import { packedPage, packedRows } from "./packed-rows.js"

/** How many documents' first pages one statement reads. */
export const DOCUMENTS_PER_READ = 128

/**
 * From how many documents on a statement first packs the whole of each that is small. Of fewer it reads more of each, and what
 * it had packed for nothing could be hundreds of megabytes.
 */
export const MANY_DOCUMENTS = 32

/** A small document has fewer rows; of a larger one so many are read for nothing. */
export const SMALL_ROWS = 64

/** How many rows of each it reads at least. */
const FIRST_ROWS = 32

/** How many rows of each of `count` documents one statement reads. */
export function firstRows(count: number): number {
  return Math.max(FIRST_ROWS, Math.floor(PAGE_ROWS / count))
}

/** How many bytes of each of `count` documents one statement reads. */
export function firstBytes(count: number): number {
  return Math.floor(PAGE_BYTES / count)
}

/** Not max(): it takes the planner longer to find that this is a look at the end of the index. */
export function lastNumber(records: string, doc: string): string {
  return `(SELECT x.seq FROM ${records} AS x WHERE x.doc = ${doc} ORDER BY x.seq DESC LIMIT 1)`
}

/** What a statement selects of the documents it finds, as `packedPage` packs it. */
export interface PackedDocument {
  /** A column of the documents, beside their number. */
  readonly looked: string
  readonly last: string
  readonly packed: string
  /** Behind SELECT: `rows`, of the document `f`, and what `packed` looks at. */
  readonly rows: string
}

/**
 * The packed pages of the documents with these ids. In order, so that all are there before the first is sent: else both sides
 * are woken for every few kilobytes.
 */
export function packedDocuments(meta: string, ids: string, { looked, last, packed, rows }: PackedDocument): string {
  return `WITH found AS MATERIALIZED (SELECT w.ord, m.doc, ${looked}
FROM unnest(${ids}) WITH ORDINALITY AS w(id, ord) JOIN ${meta} AS m ON m.doc_id = w.id COLLATE "C")
SELECT ${packedPage("f.ord", "f.doc", last, packed)} FROM found AS f, LATERAL (SELECT ${rows}) AS p ORDER BY f.ord`
}

/**
 * The packed pages of many documents, most of them small: the last rows of each, which are the whole document when they are
 * fewer than asked for and the first of them begins it. Without the first number and the running sum it takes much less time.
 * Rows that are not less than the bytes, alone or together, are left out; and all of a document that has others further back:
 * those between are missing. Of one that begins with number 1, as all do that were never replaced, nothing is asked.
 */
export function smallDocuments(meta: string, records: string, ids: string, rows: string, bytes: string): string {
  const before = `greatest(f.last, 0) - ${rows}`
  const isAll = `(p.first = 1 OR NOT EXISTS (SELECT FROM ${records} AS x WHERE x.doc = f.doc AND x.seq <= ${before}))`
  return packedDocuments(meta, ids, {
    looked: `${lastNumber(records, "m.doc")} AS last`,
    last: "f.last",
    packed: `CASE WHEN octet_length(p.rows) < ${bytes} AND ${isAll} THEN p.rows END`,
    rows: `${packedRows("r", bytes)} AS rows, min(r.seq) AS first FROM ${records} AS r WHERE doc = f.doc AND seq > ${before} AND seq <= f.last`,
  })
}
