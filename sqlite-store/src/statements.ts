import { PAGE_BYTES, quoteName, RowKind, type TableNames } from "@holdfast/sql-store-core"

/**
 * How many rows one statement inserts: with seven values each this stays below the 100 parameters a Durable Object
 * allows.
 */
export const ROWS_PER_INSERT = 14

/**
 * Every statement of the store, for its two tables. Parameters are named in each comment, in order. Result columns are
 * named too: what an unnamed one is called depends on settings of the connection.
 *
 * `+?` is the same as `?` and keeps the planner from looking at the value. SQLite 3.54 compiles a statement whose plan
 * it based on a bound value anew each time one is bound, 8 to 20 µs for a page: it looks at limits, and at what a column
 * equals where there is an order too (`sqlite3ExprIsInteger`).
 */
export type Statements = ReturnType<typeof createStatements>

export function createStatements({ meta: metaName, records: recordsName }: TableNames) {
  const meta = quoteName(metaName)
  const records = quoteName(recordsName)
  const columns = "doc, seq, kind, version, lineage, payload, blob"
  const guesses = `(SELECT doc FROM ${meta} WHERE doc = ? AND doc_id = ?), (SELECT seq + 1 FROM ${records} WHERE doc = ? AND seq = ?)`
  const rowBytes = ["version", "lineage", "payload", "blob"]
    .map(column => `ifnull(octet_length(${column}), 0)`)
    .join(" + ")
  const row = "seq AS seq, kind AS kind, version AS version, lineage AS lineage, payload AS payload, blob AS blob"
  const page = `FROM ${records} WHERE doc = +? AND seq > ? AND seq <= ? ORDER BY seq LIMIT +?`
  const list = (from: string, below: string) =>
    `SELECT doc_id AS id FROM ${meta} WHERE doc_id ${from} ?${below} ORDER BY doc_id LIMIT +?`

  return {
    /** AUTOINCREMENT: a number is never used twice, so that who still has a deleted document's cannot touch a new one. */
    createMeta: `CREATE TABLE ${meta} (
  doc INTEGER PRIMARY KEY AUTOINCREMENT,
  doc_id TEXT NOT NULL UNIQUE, -- '' is the header of the store
  data TEXT NOT NULL -- JSON
)`,
    /** An ordinary table: rows lie in the order of insertion, so that documents appended together share pages. */
    createRecords: `CREATE TABLE ${records} (
  doc INTEGER NOT NULL, -- the number in the table of metadata
  seq INTEGER NOT NULL, -- contiguous; goes on after a replace
  kind INTEGER NOT NULL, -- 1 first meta, 2 meta, 3 entirety, 4 since, 5 and 6 the same continued, 7 middle and 8 last piece
  version TEXT,
  lineage TEXT,
  payload TEXT, -- JSON, or
  blob BLOB, -- bytes
  PRIMARY KEY (doc, seq)
)`,
    /** [id, data] → doc */
    insertMeta: `INSERT INTO ${meta} (doc_id, data) VALUES (?, ?) RETURNING doc AS doc`,
    /** [data, doc] */
    updateMeta: `UPDATE ${meta} SET data = ? WHERE doc = ?`,
    /** [doc] */
    deleteMeta: `DELETE FROM ${meta} WHERE doc = ?`,
    /** [doc] */
    deleteRecords: `DELETE FROM ${records} WHERE doc = ?`,
    /** [doc, seq, kind, version, lineage, payload, blob] */
    insertRow: `INSERT INTO ${records} (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    /**
     * The same for an entry of bytes alone: [doc, seq, kind, version, blob]. A binding takes up to 0.2 µs for a null. A
     * column that is left out would get its default, if somebody gave it one.
     */
    insertBytes: `INSERT INTO ${records} (${columns}) VALUES (?, ?, ?, ?, NULL, NULL, ?)`,
    /** `insertRow` `ROWS_PER_INSERT` times. */
    insertRows: `INSERT INTO ${records} (${columns}) VALUES ${Array(ROWS_PER_INSERT).fill("(?, ?, ?, ?, ?, ?, ?)").join(", ")}`,
    /**
     * [doc, id, doc, seq - 1, kind, version, lineage, payload, blob], where the numbers are guesses: NOT NULL refuses the row
     * when the document is gone, when the tables were made anew and the number is another document's, and when the row
     * before is not there. After two replaces the number itself is free again, and the row would lie before the first one.
     * Two subqueries that know nothing of each other: inside one another, or as one EXISTS, they take longer.
     */
    insertGuessed: `INSERT INTO ${records} (${columns}) VALUES (${guesses}, ?, ?, ?, ?, ?)`,
    /** The same for an entry of kind `"since"` and of bytes alone: [doc, id, doc, seq - 1, version, blob] */
    insertGuessedSince: `INSERT INTO ${records} (${columns}) VALUES (${guesses}, ${RowKind.since}, ?, NULL, NULL, ?)`,
    /** [] → data, changes: what moves when another connection commits, and with every row this one changes. */
    readMarks: "SELECT data_version AS data, total_changes() AS changes FROM pragma_data_version",
    /** [id] → doc, data, last */
    readDocument: `SELECT doc AS doc, data AS data, (SELECT max(seq) FROM ${records} AS r WHERE r.doc = m.doc) AS last FROM ${meta} AS m WHERE doc_id = ?`,
    /** [id] → doc, first, last */
    readRange: `SELECT doc AS doc, (SELECT min(seq) FROM ${records} AS r WHERE r.doc = m.doc) AS first, (SELECT max(seq) FROM ${records} AS r WHERE r.doc = m.doc) AS last FROM ${meta} AS m WHERE doc_id = ?`,
    /** [id] → data */
    readMeta: `SELECT data AS data FROM ${meta} WHERE doc_id = ?`,
    /** [doc, doc] → doc, first: what is left of a document. */
    readGeneration: `SELECT (SELECT doc FROM ${meta} WHERE doc = +?) AS doc, (SELECT min(seq) FROM ${records} WHERE doc = +?) AS first`,
    /** [doc, after, head, limit] → rows: how many of the next ones begin within `PAGE_BYTES` */
    pageRows: `SELECT count(*) AS rows FROM (SELECT sum(bytes) OVER (ORDER BY seq) - bytes AS start FROM (SELECT seq,
  ${rowBytes} AS bytes
  ${page})) WHERE start < ${PAGE_BYTES}`,
    /** [doc, after, end, bytes]: rows up to `end`, without those of more bytes */
    readSmall: `SELECT ${row} FROM ${records} WHERE doc = +? AND seq > ? AND seq <= ? AND ${rowBytes} <= ? ORDER BY seq`,
    /** [doc, after, head, limit] */
    readPage: `SELECT ${row} ${page}`,
    /** [after, limit], [after, below, limit], [from, limit], [from, below, limit] */
    listAfter: list(">", ""),
    listAfterBelow: list(">", " AND doc_id < ?"),
    listFrom: list(">=", ""),
    listFromBelow: list(">=", " AND doc_id < ?"),
    /** [name, name] → name, type */
    findTables: "SELECT name AS name, type AS type FROM sqlite_schema WHERE lower(name) IN (lower(?), lower(?))",
    /** [name] */
    findColumns: `SELECT name AS name, type AS type, "notnull" AS not_null, pk AS pk, dflt_value AS dflt_value FROM pragma_table_info(?)`,
    /** How many bytes a letter has: one in UTF-8. A Durable Object refuses the pragma that would say it. */
    letterBytes: "SELECT length(CAST('a' AS BLOB)) AS bytes",
    readHeader: `SELECT data AS data FROM ${meta} WHERE doc_id = ''`,
    hasRows: `SELECT EXISTS (SELECT 1 FROM ${records}) OR EXISTS (SELECT 1 FROM ${meta} WHERE doc_id <> '') AS has`,
  }
}
