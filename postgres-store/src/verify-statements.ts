import { PIECE_BYTES } from "@holdfast/sql-store-core"
import type { QualifiedNames } from "./tables.js"

/** How many problems one statement reports at most. */
const MOST_PROBLEMS = 1000

/** The statements of `verifyPostgresStore`. `text` makes the expression that selects a column of text. */
export function verifyStatements({ meta, records }: QualifiedNames, text: (column: string) => string) {
  const next = (table: string) => `SELECT min(doc) AS doc FROM ${table} WHERE doc > $1::int8`
  const isPiece = "kind IN (7, 8)"
  const isMeta = "kind IN (1, 2)"
  return {
    /** [after] → the next number in either table */
    nextDocument: `SELECT min(doc)::text FROM (${next(meta)} UNION ALL ${next(records)}) AS d`,

    /** [from, up to] → how many rows have a number that no document has, and the first such number */
    findOrphans: `SELECT count(*)::text, min(doc)::text FROM ${records} AS r WHERE doc BETWEEN $1::int8 AND $2::int8 AND NOT EXISTS (SELECT FROM ${meta} AS m WHERE m.doc = r.doc AND m.doc_id <> '')`,

    /** [from, up to] → number, id, row, kind of problem and kind of row, of rows that make no sense where they are */
    findProblems: `SELECT p.doc::text, ${text("m.doc_id")}, p.seq::text, p.problem, p.kind::text FROM (SELECT doc, seq, kind, CASE
WHEN seq < 1 OR seq <> before + 1 THEN 'gap'
WHEN kind < 1 OR kind > 8 THEN 'row-kind'
WHEN (before IS NULL) <> (kind = 1) THEN 'head'
WHEN ${isPiece} <> coalesce(kind_before IN (5, 6, 7), false) OR (kind IN (5, 6, 7) AND after IS NULL) THEN 'pieces'
WHEN ${isPiece} AND (payload IS NULL) <> text_missing_before THEN 'pieces'
WHEN (version IS NULL) <> (${isPiece} OR ${isMeta}) OR (lineage IS NOT NULL AND (${isPiece} OR ${isMeta})) THEN 'value'
WHEN (payload IS NULL) = (blob IS NULL) OR (${isMeta} AND payload IS NULL) THEN 'value'
WHEN greatest(octet_length(payload), octet_length(blob)) > ${PIECE_BYTES} THEN 'size' END AS problem
FROM (SELECT *, lag(seq) OVER w AS before, lead(seq) OVER w AS after, lag(kind) OVER w AS kind_before, lag(payload IS NULL) OVER w AS text_missing_before
FROM ${records} WHERE doc BETWEEN $1::int8 AND $2::int8 WINDOW w AS (PARTITION BY doc ORDER BY seq)) AS r) AS p
JOIN ${meta} AS m ON m.doc = p.doc WHERE p.problem IS NOT NULL ORDER BY p.doc, p.seq LIMIT ${MOST_PROBLEMS}`,
  }
}
