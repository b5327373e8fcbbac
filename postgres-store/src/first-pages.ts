import { PAGE_BYTES, PAGE_ROWS } from "@holdfast/sql-store-core"
import { packedDocument, packedPage, packedRows } from "./packed-rows.js"

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
  /** Behind SELECT: `rows`, of the document `f`. */
  readonly rows: string
}

/**
 * The packed pages of the documents with these ids. In order, so that all are there before the first is sent: else both sides
 * are woken for every few kilobytes.
 */
export function packedDocuments(meta: string, ids: string, { looked, last, rows }: PackedDocument): string {
  return `WITH found AS MATERIALIZED (SELECT w.ord, m.doc, ${looked} FROM ${wanted(meta, ids)})
SELECT ${packedPage("f.ord", "f.doc", last, "p.rows")} FROM found AS f, LATERAL (SELECT ${rows}) AS p ORDER BY f.ord`
}

/**
 * The first rows of many documents, most of them small, in order as those above: where fewer come than asked for there are
 * no others, so nothing is looked up besides. Rows that are not less than the bytes, alone or together, are left out.
 *
 * How many are asked for must be nothing that the planner knows. Then it plans for a tenth of the document and reads along the
 * index; where it expects fewer rows than a number that it knows, it would read and sort all of them, be they millions.
 */
export function smallDocuments(meta: string, records: string, ids: string, rows: string, bytes: string): string {
  const first = `SELECT * FROM ${records} WHERE doc = m.doc ORDER BY seq LIMIT (SELECT ${rows})`
  const packed = `CASE WHEN octet_length(p.rows) < ${bytes} THEN p.rows END`
  return `SELECT ${packedDocument("w.ord", packed)} FROM ${wanted(meta, ids)}, LATERAL (SELECT ${packedRows("r", bytes)} AS rows FROM (${first}) AS r) AS p ORDER BY w.ord`
}

/** The documents with these ids, and the place of each among them. */
function wanted(meta: string, ids: string): string {
  return `unnest(${ids}) WITH ORDINALITY AS w(id, ord) JOIN ${meta} AS m ON m.doc_id = w.id COLLATE "C"`
}
