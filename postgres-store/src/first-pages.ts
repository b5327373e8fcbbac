import { PAGE_BYTES, PAGE_ROWS } from "@holdfast/sql-store-core"
import { COLUMNS, packedDocument, packedPage, packedRows } from "./packed-rows.js"

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
 * They are to be read along the index, whatever the planner believes of the table; it could also read all rows of a document and sort
 * them, be they millions. So it must not know how many are asked for: then it plans for a tenth of them. And they have bounds that
 * it does not see to be none, for which it expects one row in 200: of long documents it would else expect so many that a server
 * compiles the statement each time (`jit_above_cost`).
 */
export function smallDocuments(meta: string, records: string, ids: string, rows: string, bytes: string): string {
  const bounds = `x.seq >= least(m.doc, int8 '${LEAST}') AND x.seq <= greatest(m.doc, int8 '${GREATEST}')`
  const columns = ["seq", ...COLUMNS].map(column => `x.${column}`).join(", ")
  const first = `SELECT ${columns} FROM ${records} AS x WHERE x.doc = m.doc AND ${bounds} ORDER BY x.seq LIMIT (SELECT ${rows})`
  const packed = `CASE WHEN octet_length(p.rows) < ${bytes} THEN p.rows END`
  return `SELECT ${packedDocument("w.ord", packed)} FROM ${wanted(meta, ids)}, LATERAL (SELECT ${packedRows("r", bytes)} AS rows FROM (${first}) AS r) AS p ORDER BY w.ord`
}

/** Of an int8. */
const LEAST = "-9223372036854775808"
const GREATEST = "9223372036854775807"

/** The documents with these ids, and the place of each among them. */
function wanted(meta: string, ids: string): string {
  return `unnest(${ids}) WITH ORDINALITY AS w(id, ord) JOIN ${meta} AS m ON m.doc_id = w.id COLLATE "C"`
}
