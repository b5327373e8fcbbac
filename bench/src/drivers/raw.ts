import { type Binding, openDatabase, type Statement } from "./database.js"
import { counted, type Driver, type Durability, type LoadedRecord, pick } from "./driver.js"
import { META } from "./holdfast.js"

/** The text of the metadata every document has. */
export const META_TEXT = JSON.stringify(META.kind === "meta" ? META.meta : null)

const COLUMNS = "kind, version, lineage, payload, blob"
const FIELDS = "kind INTEGER NOT NULL, version TEXT, lineage TEXT, payload TEXT, blob BLOB"

/**
 * Where the rows of a document lie. `log` is that of Holdfast: in order of insertion, found by an index. `packed` has
 * document and number in one integer key, `textbook` clusters by the key, `clustered` by the document's number.
 */
export type Layout = "log" | "packed" | "textbook" | "clustered"

const TABLES: Record<Layout, string> = {
  log: `CREATE TABLE holdfast_records (doc INTEGER NOT NULL, seq INTEGER NOT NULL, ${FIELDS}, PRIMARY KEY (doc, seq))`,
  packed: `CREATE TABLE holdfast_records (id INTEGER PRIMARY KEY, ${FIELDS})`,
  textbook: `CREATE TABLE holdfast_records (doc_id TEXT NOT NULL, seq INTEGER NOT NULL, ${FIELDS}, PRIMARY KEY (doc_id, seq)) WITHOUT ROWID`,
  clustered: `CREATE TABLE holdfast_records (doc INTEGER NOT NULL, seq INTEGER NOT NULL, ${FIELDS}, PRIMARY KEY (doc, seq)) WITHOUT ROWID`,
}

/** Leaves room for so many records of a document in a packed key. */
const PACKED = 2 ** 24

interface Document {
  readonly doc: number
  seq: number
}

/** A row as SQLite gives it. */
interface RawRow {
  readonly version: string
  readonly blob: Uint8Array<ArrayBuffer> | null
}

/** The engine by hand: prepared statements, numbers kept in memory, no checks. */
export function rawDriver(binding: Binding, layout: Layout, path: string, durability: Durability): Driver {
  const db = openDatabase(binding, path, durability)
  createTables(db, layout)
  const documents = new Map<string, Document>()
  const find = finder(db, layout)
  const insertMeta = db.prepare("INSERT INTO holdfast_meta (doc_id, data) VALUES (?, ?) RETURNING doc")
  const insertRow = inserter(db, layout)
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const page = db.prepare(selectSql(layout))
  const insert = (
    id: string,
    kind: number,
    version: string | null,
    payload: string | null,
    blob: Uint8Array | null,
  ) => {
    let known = documents.get(id)
    if (known === undefined) {
      known = find(id)
      documents.set(id, known)
    }
    insertRow(id, known.doc, ++known.seq, kind, version, payload, blob)
  }
  return {
    create(ids) {
      for (let at = 0; at < ids.length; at += 5000) {
        begin.run()
        for (const id of ids.slice(at, at + 5000)) {
          documents.set(id, { doc: (insertMeta.get(id, META_TEXT) as { doc: number }).doc, seq: 0 })
          insert(id, 1, null, META_TEXT, null)
        }
        commit.run()
      }
    },
    append: (id, data, version) => insert(id, 4, version, null, data),
    appendToEach(ids, data, version) {
      begin.run()
      for (let at = 0; at < ids.length; at++) insert(ids[at] as string, 4, version, null, pick(data, at))
      commit.run()
    },
    load: (id, visit) => counted(readRecords(page, id), visit),
    close: () => void db.close(),
  }
}

type Insert = (
  id: string,
  doc: number,
  seq: number,
  kind: number,
  version: string | null,
  payload: string | null,
  blob: Uint8Array | null,
) => void

function inserter(db: { prepare(sql: string): Statement }, layout: Layout): Insert {
  if (layout === "packed") {
    const sql = db.prepare(`INSERT INTO holdfast_records (id, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`)
    return (_, doc, seq, kind, version, payload, blob) =>
      void sql.run(doc * PACKED + seq, kind, version, null, payload, blob)
  }
  const key = layout === "textbook" ? "doc_id" : "doc"
  const sql = db.prepare(`INSERT INTO holdfast_records (${key}, seq, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  if (layout === "textbook") {
    return (id, _, seq, kind, version, payload, blob) => void sql.run(id, seq, kind, version, null, payload, blob)
  }
  return (_, doc, seq, kind, version, payload, blob) => void sql.run(doc, seq, kind, version, null, payload, blob)
}

function createTables(db: { exec(sql: string): unknown }, layout: Layout): void {
  db.exec(
    "CREATE TABLE IF NOT EXISTS holdfast_meta (doc INTEGER PRIMARY KEY AUTOINCREMENT, doc_id TEXT NOT NULL UNIQUE, data TEXT NOT NULL)",
  )
  db.exec(TABLES[layout].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
}

/** Finds documents that were there before the driver was opened. */
function finder(db: { prepare(sql: string): Statement }, layout: Layout): (id: string) => Document {
  const last =
    layout === "packed"
      ? `(SELECT max(id) % ${PACKED} FROM holdfast_records WHERE id BETWEEN m.doc * ${PACKED} AND m.doc * ${PACKED} + ${PACKED - 1})`
      : layout === "textbook"
        ? "(SELECT max(seq) FROM holdfast_records AS r WHERE r.doc_id = m.doc_id)"
        : "(SELECT max(seq) FROM holdfast_records AS r WHERE r.doc = m.doc)"
  const find = db.prepare(`SELECT doc, ${last} AS seq FROM holdfast_meta AS m WHERE doc_id = ?`)
  return id => find.get(id) as Document
}

/** The rows of the document with an id, in order. */
function selectSql(layout: Layout): string {
  if (layout === "textbook") return `SELECT seq, ${COLUMNS} FROM holdfast_records WHERE doc_id = +? ORDER BY seq`
  if (layout === "packed") {
    return `SELECT r.id % ${PACKED} AS seq, ${COLUMNS} FROM holdfast_meta AS m
JOIN holdfast_records AS r ON r.id BETWEEN m.doc * ${PACKED} AND m.doc * ${PACKED} + ${PACKED - 1} WHERE m.doc_id = ? ORDER BY r.id`
  }
  return `SELECT seq, ${COLUMNS} FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = ?) ORDER BY seq`
}

/** The same records as a store's, whose bytes own their buffer. */
function readRecords(page: Statement, id: string): (LoadedRecord | null)[] {
  return (page.all(id) as RawRow[]).map(({ blob, version }) => {
    if (blob === null) return null
    const data = blob.byteLength === blob.buffer.byteLength ? new Uint8Array(blob.buffer) : new Uint8Array(blob)
    return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version }
  })
}
