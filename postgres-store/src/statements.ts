import { PAGE_BYTES } from "@holdfast/sql-store-core"
import { callAppend, insertNext, type NextRow } from "./append-function.js"
import { lastNumber, packedDocuments, smallDocuments } from "./first-pages.js"
import { PLACED, type RowKey, unpackRows } from "./pack.js"
import { packedRows, sizeOf } from "./packed-rows.js"
import type { QualifiedNames } from "./tables.js"
import { verifyStatements } from "./verify-statements.js"

/**
 * How long a statement waits for another transaction that is creating the same document, in milliseconds. Without a
 * limit, a long one would hold up the store's writes to all documents.
 */
const CREATION_WAIT = 100

const NEXT_KEYS: readonly RowKey[] = [
  ["doc", "int8"],
  ["version", "text"],
  ["tab", "int8"],
  ["seq", "int8"],
]

const NEXT = "doc = $1::int8 AND seq > $2::int8 AND seq <= $3::int8"

/** Every statement of the store, for its two tables. Parameters are named in each comment, in order. */
export type Statements = ReturnType<typeof createStatements>

/**
 * What is selected is cast to text: that comes the same whatever the host has set, binary results, type parsers and
 * `bytea_output` included. No two columns of a result have one name, because some drivers make rows objects. Ids are compared under the collation "C" even where a parameter would bring another.
 *
 * Whoever writes to a document first locks its meta row. Numbers are taken from what the statement sees, which may be
 * older than its lock; the primary key then refuses the row, and the write is tried again. After two replaces that number
 * is free again: so only the version of the meta row that was seen is locked.
 *
 * @param losesMark Whether the driver takes a leading U+FEFF off every text, as PGlite does; then such a text is sent with
 * two of them.
 * @param callsAppend Whether one row is appended by the function for it.
 */
export function createStatements(names: QualifiedNames, losesMark: boolean, callsAppend: boolean) {
  const { meta, records, append } = names
  const text = (column: string) =>
    losesMark ? `CASE WHEN starts_with(${column}, chr(65279)) THEN chr(65279) || ${column} ELSE ${column} END` : column
  const columns = "doc, seq, kind, version, lineage, payload, blob"
  const last = (doc: string) => lastNumber(records, doc)
  /** A server that has lost its last commits has lost its processes before. */
  const process = "pg_backend_pid()"
  /** The version of a document's row, where it lies, and in which table. */
  const version = (m: string) => `${m}.xmin::text || ' ' || ${m}.ctid::text || ' ' || ${m}.tableoid::text`
  const first = (doc: string) => `(SELECT x.seq FROM ${records} AS x WHERE x.doc = ${doc} ORDER BY x.seq LIMIT 1)`
  /**
   * Rows, and how many bytes come before each. The range of numbers limits them, not LIMIT: where the planner knows little
   * of the table, it would read and sort all rows of a document to find the first ones.
   */
  const page = (where: string) =>
    `SELECT seq, kind, version, lineage, payload, blob, coalesce(sum(${sizeOf("r")}) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM ${records} AS r WHERE ${where}`
  const list = (from: string, below: string) =>
    `SELECT ${text("doc_id")} FROM ${meta} WHERE doc_id ${from} $1${below} ORDER BY doc_id COLLATE "C" LIMIT $2::int8`
  const entries = unpackRows(2, PLACED)
  const changes = unpackRows(6, PLACED)
  const nextRows = unpackRows(2, NEXT_KEYS)
  const next = (row: NextRow) => (callsAppend ? callAppend(append, meta, row) : insertNext(meta, records, row))
  const appendRows = (
    numbers: boolean,
  ) => `WITH wanted AS MATERIALIZED (SELECT id, ord FROM unnest($1::text[]) WITH ORDINALITY AS w(id, ord)),
seen AS MATERIALIZED (SELECT w.ord, m.doc, m.xmin AS version FROM wanted AS w JOIN ${meta} AS m ON m.doc_id = w.id COLLATE "C"),
locked AS MATERIALIZED (SELECT s.ord, m.doc${numbers ? `, ${version("m")} AS version` : ""} FROM seen AS s JOIN ${meta} AS m ON m.doc = s.doc AND m.xmin = s.version ORDER BY m.doc FOR NO KEY UPDATE OF m SKIP LOCKED),
numbered AS MATERIALIZED (SELECT ord, doc${numbers ? ", version" : ""}, coalesce(${last("locked.doc")}, 0) AS last FROM locked),
inserted AS (INSERT INTO ${records} (${columns}) SELECT n.doc, n.last + r.seq, ${entries.columns} FROM ${entries.from} JOIN numbered AS n ON n.ord = r.ord)
SELECT w.ord::text, (SELECT count(*) FROM ${meta} AS m WHERE m.doc_id = w.id COLLATE "C")::text${numbers ? ", NULL::text AS last, NULL::text AS doc, NULL::text AS version, NULL::text AS process" : ""} FROM wanted AS w WHERE NOT EXISTS (SELECT FROM numbered AS n WHERE n.ord = w.ord)${numbers ? ` UNION ALL SELECT ord::text, NULL, last::text, doc::text, version, ${process}::text FROM numbered` : ""}`

  return {
    /** [id, kind, version, lineage, payload, blob] → doc, seq, version with place and table, process: when it was written, behind the last. */
    appendRow: `INSERT INTO ${records} AS r (${columns}) SELECT m.doc, coalesce(${last("m.doc")}, 0) + 1, $2::int2, $3::text, $4::text, $5::text, $6::bytea FROM ${meta} AS m WHERE m.doc_id = $1 AND m.xmin = (SELECT s.xmin FROM ${meta} AS s WHERE s.doc_id = $1) FOR NO KEY UPDATE OF m SKIP LOCKED RETURNING r.doc::text, r.seq::text, (SELECT ${version("x")} FROM ${meta} AS x WHERE x.doc = r.doc), ${process}::text`,
    /**
     * [doc, kind, version, lineage, payload, blob, version of the document, its place and table, seq, process] writes the row behind the last one
     * known, if the document still has that version in the same process: then that number is free and the next, or the key
     * refuses it. Rows only go away when their document does or gets a new version.
     */
    appendNext: next({
      doc: "$1",
      values: "$10, $2, $3, $4, $5, $6",
      version: "$7",
      place: "$8",
      table: "$9",
      process: "$11",
    }),
    /** The same for a row of bytes without lineage: [doc, kind, version, blob, version of the document, its place and table, seq, process]. */
    appendNextBytes: next({
      doc: "$1",
      values: "$8, $2, $3, NULL, NULL, $4",
      version: "$5",
      place: "$6",
      table: "$7",
      process: "$9",
    }),
    /** [process, docs, versions, tables, seqs, …rows] → doc: the same for one row each of several documents. */
    appendNextRows: `INSERT INTO ${records} (${columns}) SELECT m.doc, r.seq, ${nextRows.columns} FROM ${nextRows.from} JOIN ${meta} AS m ON m.doc = r.doc AND m.xmin = r.version::xid AND m.tableoid = r.tab::oid WHERE ${process} = $1::int4 FOR NO KEY UPDATE OF m SKIP LOCKED RETURNING doc::text`,

    /** [ids, …rows (seq: how far behind the last)] → ord, exists of each document that was not written. */
    appendRows: appendRows(false),
    /** The same, and also ord, NULL, last, doc, version with place and table, process of each that was written, whose last number was that before. */
    appendRowsNumbered: appendRows(true),

    /** [ids] → id, doc, data, version, last */
    readDocuments: `SELECT ${text("doc_id")}, doc::text, data, m.xmin::text, ${last("m.doc")}::text FROM ${meta} AS m WHERE doc_id = ANY ($1::text[])`,

    /**
     * [ids, docs (NULL: to be created), versions as read, new data (NULL: stays), clear up to (NULL: nothing), …rows] → ord,
     * locked of each document that was not written. Clearing gives the meta row a new version also when its data stay:
     * every writer takes that for the sign that the last rows it knows may be gone.
     */
    change: (
      limitsWaiting: boolean,
    ) => `WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::int8[]) WITH ORDINALITY AS w(id, doc, was, data, clear, ord)),
locked AS MATERIALIZED (SELECT m.doc, w.ord, w.data, w.clear FROM wanted AS w JOIN ${meta} AS m ON m.doc = w.doc AND m.xmin::text = w.was ORDER BY m.doc FOR NO KEY UPDATE OF m SKIP LOCKED),
updated AS (UPDATE ${meta} AS m SET data = coalesce(l.data, m.data) FROM locked AS l WHERE m.doc = l.doc AND (l.data IS NOT NULL OR l.clear IS NOT NULL)),
created AS (INSERT INTO ${meta} (doc_id, data) SELECT w.id, w.data FROM wanted AS w WHERE w.doc IS NULL${limitsWaiting ? ` AND (SELECT set_config('lock_timeout', '${CREATION_WAIT}', true)) IS NOT NULL` : ""} ORDER BY w.id COLLATE "C" ON CONFLICT (doc_id) DO NOTHING RETURNING doc, doc_id),
target AS MATERIALIZED (SELECT doc, ord FROM locked UNION ALL SELECT c.doc, w.ord FROM created AS c JOIN wanted AS w ON w.id = c.doc_id COLLATE "C"),
cleared AS (DELETE FROM ${records} AS x USING locked AS l WHERE x.doc = l.doc AND x.seq <= l.clear),
inserted AS (INSERT INTO ${records} (${columns}) SELECT t.doc, r.seq, ${changes.columns} FROM ${changes.from} JOIN target AS t ON t.ord = r.ord)
SELECT w.ord::text, (SELECT count(*) FROM ${meta} AS m WHERE m.doc = w.doc AND m.xmin::text = w.was)::text FROM wanted AS w WHERE NOT EXISTS (SELECT FROM target AS t WHERE t.ord = w.ord)`,

    /**
     * A script. The row behind the last one is refused by the key when somebody appended since, whatever the isolation
     * level lets the statement see; else his row would be left behind.
     */
    remove: (docs: readonly number[]) => {
      const these = `doc IN (${docs.join(", ")})`
      return `SELECT FROM ${meta} WHERE ${these} ORDER BY doc FOR UPDATE NOWAIT;
INSERT INTO ${records} (doc, seq, kind) SELECT doc, max(seq) + 1, 0 FROM ${records} WHERE ${these} GROUP BY doc;
DELETE FROM ${records} WHERE ${these};
DELETE FROM ${meta} WHERE ${these}`
    },

    /** [ids] → id, data */
    readMetas: `SELECT ${text("doc_id")}, data FROM ${meta} WHERE doc_id = ANY ($1::text[])`,

    /**
     * [ids, rows, bytes] → the packed page of each document: the rows that begin within the bytes. No damaged number may be so
     * great that adding to it fails for all documents.
     */
    readFirstPages: packedDocuments(meta, "$1::text[]", {
      looked: `least(${first("m.doc")}, ${Number.MAX_SAFE_INTEGER}) AS first`,
      last: last("f.doc"),
      rows: `${packedRows("r")} AS rows FROM (${page("doc = f.doc AND seq >= f.first AND seq < f.first + $2::int8")}) AS r WHERE r.before < $3::int8`,
    }),
    /** [ids, rows, bytes] → each document, packed: without rows when they are too large. */
    readSmallDocuments: smallDocuments(meta, records, "$1::text[]", "$2::int8", "$3::int8"),

    /**
     * [doc, after, up to] → packed and last, the next rows that begin within `PAGE_BYTES`. Adding up all rows at once takes much
     * less time than the running sum, which tells where to stop when they are too large together.
     */
    readPage: `SELECT encode(${packedRows("p")}, 'base64'), max(p.seq)::text FROM ${records} AS p WHERE doc = $1::int8 AND seq > $2::int8 AND seq <= CASE WHEN (SELECT sum(${sizeOf("r")}) FROM ${records} AS r WHERE ${NEXT}) < ${PAGE_BYTES} THEN $3::int8 ELSE (SELECT max(seq) FROM (${page(NEXT)}) AS s WHERE before < ${PAGE_BYTES}) END`,

    /** [doc] → whether the document exists, its first number: what is left of it. */
    readGeneration: `SELECT (SELECT doc FROM ${meta} WHERE doc = $1::int8)::text, (SELECT min(seq) FROM ${records} WHERE doc = $1::int8)::text`,

    /** [after, limit], [after, limit, below], [from, limit], [from, limit, below] */
    listAfter: list(">", ""),
    listAfterBelow: list(">", " AND doc_id < $3"),
    listFrom: list(">=", ""),
    listFromBelow: list(">=", " AND doc_id < $3"),

    /** [] → data */
    readHeader: `SELECT data FROM ${meta} WHERE doc_id = ''`,
    /** [] → whether there is a row beside the header */
    hasRows: `SELECT (EXISTS (SELECT 1 FROM ${records}) OR EXISTS (SELECT 1 FROM ${meta} WHERE doc_id <> ''))::text`,
    /** [data] */
    insertHeader: `INSERT INTO ${meta} (doc_id, data) VALUES ('', $1) ON CONFLICT (doc_id) DO NOTHING`,

    ...verifyStatements(names, text),
  }
}
