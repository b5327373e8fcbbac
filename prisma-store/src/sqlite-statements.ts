import { PAGE_BYTES, PAGE_ROWS, quoteName, type TableNames } from "@holdfast/sql-store-core"

/** Every statement of the store on SQLite, for its two tables. Parameters are named in each comment, in order. */
export type Statements = ReturnType<typeof createStatements>

/** How a row to insert knows its document. */
export type Proof = "id" | "number" | "number, id and row before"

export function createStatements({ meta: metaName, records: recordsName }: TableNames) {
  const meta = quoteName(metaName)
  const records = quoteName(recordsName)
  const last = (doc: string) => `(SELECT max(x.seq) FROM ${records} AS x WHERE x.doc = ${doc})`
  const bytes = ["version", "lineage", "payload", "blob"]
    .map(column => `ifnull(octet_length(${column}), 0)`)
    .join(" + ")
  /** The last of the next rows that begins within the bytes of a page. Sizes only, so that no payload is read for it. */
  const pageEnd = (range: string) =>
    `(SELECT max(seq) FROM (SELECT seq, sum(bytes) OVER (ORDER BY seq) - bytes AS start FROM (SELECT seq, ${bytes} AS bytes FROM ${records} WHERE ${range} ORDER BY seq LIMIT ${PAGE_ROWS})) WHERE start < ${PAGE_BYTES})`
  const list = (from: string, below: string) =>
    `SELECT doc_id FROM ${meta} WHERE doc_id ${from} ?${below} ORDER BY doc_id LIMIT ?`
  /**
   * [id], [doc], [doc, id, seq - 1]; NOT NULL refuses the row when there is no such document any more, or the row before is
   * not there: after two replaces the number itself is free again, and the row would lie before the first one.
   */
  const proofs: Readonly<Record<Proof, string>> = {
    id: `(SELECT doc FROM ${meta} WHERE doc_id = ?)`,
    number: "?",
    "number, id and row before": `(SELECT doc FROM ${meta} AS m WHERE doc = ? AND doc_id = ? AND (SELECT 1 FROM ${records} AS r WHERE r.doc = m.doc AND r.seq = ?))`,
  }

  return {
    /** Each row: [the document, seq, kind, version, lineage, payload, blob] */
    insertRows: (rows: readonly Proof[]) =>
      `INSERT INTO ${records} (doc, seq, kind, version, lineage, payload, blob) VALUES ${rows.map(proof => `(${proofs[proof]}, ?, ?, ?, ?, ?, ?)`).join(", ")}`,
    /** [id, data] */
    insertMeta: `INSERT INTO ${meta} (doc_id, data) VALUES (?, ?)`,
    /** [data, id] */
    updateMeta: `UPDATE ${meta} SET data = ? WHERE doc_id = ?`,
    /** [the document, seq] */
    deleteRowsUpTo: (proof: "id" | "number") => `DELETE FROM ${records} WHERE doc = ${proofs[proof]} AND seq <= ?`,
    /** [the document] */
    deleteRows: (proof: "id" | "number") => `DELETE FROM ${records} WHERE doc = ${proofs[proof]}`,
    /** [the document] */
    deleteMeta: (proof: "id" | "number") => `DELETE FROM ${meta} WHERE doc = ${proofs[proof]}`,
    /** [ids as a JSON array] → id, doc, data, last */
    readDocuments: `SELECT m.doc_id AS id, m.doc, m.data, ${last("m.doc")} AS last FROM json_each(?) AS w JOIN ${meta} AS m ON m.doc_id = w.value`,
    /** [id] → data */
    readMeta: `SELECT data FROM ${meta} WHERE doc_id = ?`,
    /** [id] → doc, last, and the columns of the first rows; a document without rows has one of NULLs. */
    readFirstPage: `WITH m AS MATERIALIZED (SELECT doc, ${last("m.doc")} AS last FROM ${meta} AS m WHERE doc_id = ?)
SELECT m.doc, m.last, r.seq, r.kind, r.version, r.lineage, r.payload, r.blob FROM m LEFT JOIN ${records} AS r ON r.doc = m.doc AND r.seq <= ${pageEnd("doc = (SELECT doc FROM m)")} ORDER BY r.seq`,
    /** [doc, after, head, doc, after, head] → the columns of the next rows */
    readPage: `SELECT seq, kind, version, lineage, payload, blob FROM ${records} WHERE doc = ? AND seq > ? AND seq <= ? AND seq <= ${pageEnd("doc = ? AND seq > ? AND seq <= ?")} ORDER BY seq`,
    /** [doc, doc] → doc, first: what is left of a document. */
    readGeneration: `SELECT (SELECT doc FROM ${meta} WHERE doc = ?) AS doc, (SELECT min(seq) FROM ${records} WHERE doc = ?) AS first`,
    /** [after, limit], [after, below, limit], [from, limit], [from, below, limit] */
    listAfter: list(">", ""),
    listAfterBelow: list(">", " AND doc_id < ?"),
    listFrom: list(">=", ""),
    listFromBelow: list(">=", " AND doc_id < ?"),
    /** [name, name] → name, type, sql */
    findTables: "SELECT name, type, sql FROM sqlite_schema WHERE lower(name) IN (lower(?), lower(?))",
    /** [name] → name, type, not_null, pk, has_default */
    findColumns: `SELECT name, type, "notnull" AS not_null, pk, dflt_value IS NOT NULL AS has_default FROM pragma_table_info(?)`,
    /** [name] → columns: each unique index of the table */
    findUnique: `SELECT (SELECT group_concat(name) FROM pragma_index_info(i.name)) AS columns FROM pragma_index_list(?) AS i WHERE i."unique" AND NOT i.partial`,
    /** How many bytes a letter has: one in UTF-8. */
    letterBytes: "SELECT length(CAST('a' AS BLOB)) AS bytes",
    /** → data */
    readHeader: `SELECT data FROM ${meta} WHERE doc_id = ''`,
    /** → has */
    hasRows: `SELECT EXISTS (SELECT 1 FROM ${records}) OR EXISTS (SELECT 1 FROM ${meta} WHERE doc_id <> '') AS has`,
    /** [data] */
    insertHeader: `INSERT INTO ${meta} (doc_id, data) VALUES ('', ?) ON CONFLICT (doc_id) DO NOTHING`,
  }
}
