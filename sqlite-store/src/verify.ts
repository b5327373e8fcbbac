import { quoteName, RowError, type TableNames, tryDecodeMeta } from "@holdfast/sql-store-core"
import {
  type DocId,
  type EngineAccess,
  type EngineStore,
  engineOf,
  type Finding,
  type FindingKind,
  showDocId,
  type VerifyReport,
  verifyStore,
} from "@holdfast/store-core"
import { toStoreError } from "./errors.js"
import { first, inspectGate } from "./open-gate.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import { SqliteBackend } from "./sqlite-backend.js"
import { createStatements } from "./statements.js"
import { RowCheck, type RowFindingKind, type SeenRow } from "./verify-rows.js"

/**
 * What a finding is about, beside what `verifyStore` finds and what rows can have:
 * - `"header"`: the tables are not a store of this format any more
 * - `"no-rows"`: a document has metadata but no rows
 * - `"orphan"`: rows whose document has no metadata
 * - `"integrity"`: SQLite's own check says that the file is damaged, or is refused
 * - `"read"`: the tables cannot be read any further
 */
export type SqliteFindingKind = FindingKind | RowFindingKind | "header" | "no-rows" | "orphan" | "integrity" | "read"

export type SqliteFinding = Finding<SqliteFindingKind>

/**
 * As `verifyStore`, and also looks at every row of the two tables, and at the file by `PRAGMA integrity_check`, or by
 * `PRAGMA quick_check` in a Durable Object. Damage that a load reports is then found twice: by the load, and in the rows.
 *
 * What cannot be found: rows lost at the end of a document, which is then like one that was never longer, and bytes
 * changed inside a payload, for which the format has no checksum.
 *
 * Holds no cursor and gives other work its turn, except that `PRAGMA integrity_check` reads the whole file at once. What
 * other connections write meanwhile is looked at again before it counts as a finding.
 *
 * Rejects with `STORE_CLOSED` when the store is closed; every other error is a finding.
 *
 * @throws TypeError when the store is not a SQLite store.
 */
export async function verifySqliteStore(store: EngineStore): Promise<VerifyReport<SqliteFindingKind>> {
  const found = engineOf(store, SqliteBackend)
  if (found === null) throw new TypeError("verifySqliteStore: the store must be a SQLite store.")
  const { engine, backend } = found
  const { documents, records, findings } = await verifyStore(store)
  // In brackets, because to everybody else these are private.
  const tables = new TableWalk(engine, backend["adapter"], backend["names"])
  await tables.walk()
  return { documents, records, findings: [...findings, ...tables.findings] }
}

/** Rows read at once, and documents looked at before other work gets its turn. */
const PAGE = 500

/** The tables may be written by others between two statements, so what is wrong has to be seen this often. */
const LOOKS = 3

class TableWalk {
  readonly findings: SqliteFinding[] = []
  private readonly engine: EngineAccess
  private readonly adapter: SqliteAdapter
  private readonly names: TableNames
  private readonly sql: VerifyStatements

  constructor(engine: EngineAccess, adapter: SqliteAdapter, names: TableNames) {
    this.engine = engine
    this.adapter = adapter
    this.names = names
    this.sql = createVerifyStatements(names)
  }

  async walk(): Promise<void> {
    this.attempt("header", () => inspectGate(this.adapter, this.names, createStatements(this.names)))
    this.attempt("orphan", () => this.checkNumbers())
    await this.checkDocuments()
    this.attempt("integrity", () => this.checkIntegrity())
  }

  private attempt(kind: "header" | "orphan" | "integrity", check: () => void): void {
    this.engine.checkOpen()
    try {
      check()
    } catch (error) {
      this.failed(kind, "", error)
    }
  }

  private failed(kind: SqliteFindingKind, where: string, error: unknown, docId?: DocId): void {
    const cause = error instanceof RowError ? error : toStoreError(error)
    const message = `${where}${cause.message}`
    this.findings.push(docId === undefined ? { kind, message, cause } : { kind, docId, message, cause })
  }

  /** Documents are numbered from 1; rows with any other number, or none, belong to no document and are not walked. */
  private checkNumbers(): void {
    for (const { name, rows } of this.adapter.iterate<{ name: string; rows: number }>(this.sql.strayNumbers)) {
      if (Number(rows) === 0) continue
      this.findings.push({ kind: "orphan", message: `Table "${name}" has ${rows} rows whose number is no document's.` })
    }
  }

  private async checkDocuments(): Promise<void> {
    let doc = 0
    try {
      for (let seen = 1; ; seen++) {
        if (seen % PAGE === 0) await this.turn()
        const next = first(this.adapter.iterate<{ doc: number | null }>(this.sql.nextDocument, doc, doc))?.doc ?? null
        if (next === null) return
        // A damaged tree may lead back to where it was, again and again.
        if (!(Number(next) > doc)) throw new RowError(`number ${next} came after it`)
        doc = Number(next)
        await this.checkDocument(doc)
      }
    } catch (error) {
      this.engine.checkOpen()
      this.failed("read", `Behind document number ${doc}: `, error)
    }
  }

  private async checkDocument(doc: number): Promise<void> {
    for (let look = 1; ; look++) {
      const found = await this.lookAt(doc)
      if (found.length > 0 && look < LOOKS) continue
      this.findings.push(...found)
      return
    }
  }

  private async lookAt(doc: number): Promise<SqliteFinding[]> {
    const meta = first(this.adapter.iterate<MetaRow>(this.sql.readMeta, doc))
    if (meta?.doc_id === "") return []
    const docId = typeof meta?.doc_id === "string" ? meta.doc_id : undefined
    const named = docId === undefined ? `Document number ${doc}` : `Document ${showDocId(docId)}`
    const found: SqliteFinding[] = []
    const add = (kind: SqliteFindingKind, problem: string) => {
      const message = `${named}: ${problem}.`
      found.push(docId === undefined ? { kind, message } : { kind, docId, message })
    }
    if (meta !== undefined && docId === undefined) add("value", `its id is of type ${meta.id_type}, not text`)
    if (meta !== undefined) {
      const data = meta.data_type === "text" ? tryDecodeMeta(meta.data) : new RowError("metadata is not text")
      if (data instanceof RowError) add("value", data.message)
    }
    const { count, problems } = await this.checkRows(doc)
    if (meta === undefined && count > 0) add("orphan", `${count} rows, but no metadata`)
    if (meta !== undefined && count === 0) add("no-rows", "metadata, but no rows")
    for (const { kind, message } of problems) add(kind, message)
    return found
  }

  private async checkRows(doc: number) {
    const check = new RowCheck()
    let count = Number(first(this.adapter.iterate<{ rows: number }>(this.sql.strayRows, doc))?.rows)
    if (count > 0) check.problems.push({ kind: "gap", message: `${count} rows have no sequence number from 1` })
    for (let after = 0; ; await this.turn()) {
      const rows = [...this.adapter.iterate<SeenRow>(this.sql.readRows, doc, after, PAGE)]
      for (const row of rows)
        check.take({ ...row, seq: Number(row.seq), kind: Number(row.kind), bytes: Number(row.bytes) })
      count += rows.length
      if (rows.length < PAGE) break
      const last = Number(rows.at(-1)?.seq)
      if (!(last > after)) throw new RowError(`row ${last} came after row ${after}`)
      after = last
    }
    check.finish()
    return { count, problems: check.problems }
  }

  private checkIntegrity(): void {
    for (const row of this.integrityRows()) {
      const [text] = Object.values(row)
      if (text !== "ok") this.findings.push({ kind: "integrity", message: `SQLite: ${String(text)}` })
    }
  }

  /** A Durable Object refuses the thorough check and allows the quick one, which does not compare indexes with tables. */
  private integrityRows(): readonly Record<string, unknown>[] {
    try {
      return [...this.adapter.iterate<Record<string, unknown>>("PRAGMA integrity_check")]
    } catch (error) {
      if (toStoreError(error).code !== "STORE_PERMISSION") throw error
      return [...this.adapter.iterate<Record<string, unknown>>("PRAGMA quick_check")]
    }
  }

  private async turn(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve))
    this.engine.checkOpen()
  }
}

interface MetaRow {
  readonly doc_id: unknown
  readonly id_type: string
  readonly data: unknown
  readonly data_type: string
}

type VerifyStatements = ReturnType<typeof createVerifyStatements>

/**
 * Numbers beyond the safe integers are only counted: a driver may fail to read them, or round them. Every column is named, as in
 * `createStatements`.
 */
function createVerifyStatements({ meta: metaName, records: recordsName }: TableNames) {
  const meta = quoteName(metaName)
  const records = quoteName(recordsName)
  const most = Number.MAX_SAFE_INTEGER
  const next = (table: string) => `SELECT min(doc) AS doc FROM ${table} WHERE doc > ? AND doc <= ${most}`
  const stray = (name: string) =>
    `SELECT '${name}' AS name, count(*) AS rows FROM ${quoteName(name)} WHERE doc < 1 OR doc > ${most}`
  return {
    /** → name, rows */
    strayNumbers: `${stray(metaName)} UNION ALL ${stray(recordsName)}`,
    /** [after, after] → doc, in either table */
    nextDocument: `SELECT min(doc) AS doc FROM (${next(meta)} UNION ALL ${next(records)})`,
    /** [doc] */
    readMeta: `SELECT doc_id AS doc_id, typeof(doc_id) AS id_type, data AS data, typeof(data) AS data_type FROM ${meta} WHERE doc = ?`,
    /** [doc] → rows */
    strayRows: `SELECT count(*) AS rows FROM ${records} WHERE doc = ? AND (seq < 1 OR seq > ${most})`,
    /** [doc, after, limit] */
    readRows: `SELECT seq AS seq,
  CASE WHEN typeof(kind) = 'integer' AND kind BETWEEN 1 AND 8 THEN kind ELSE 0 END AS kind,
  substr(quote(kind), 1, 40) AS shown,
  typeof(version) AS version, typeof(lineage) AS lineage, typeof(payload) AS payload, typeof(blob) AS blob,
  max(ifnull(octet_length(payload), 0), ifnull(octet_length(blob), 0)) AS bytes,
  CASE WHEN kind IN (1, 2) THEN payload END AS data
FROM ${records} WHERE doc = +? AND seq > ? AND seq <= ${most} ORDER BY seq LIMIT +?`,
  }
}
