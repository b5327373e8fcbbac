import {
  type ExpectedColumn,
  type ExpectedTables,
  encodeHeader,
  type FoundColumn,
  type FoundTables,
  formatGate,
  type TableNames,
} from "@holdfast/sql-store-core"
import { StoreError } from "@holdfast/store-core"
import type { Parameter, ResultRow } from "./client.js"
import { BACKEND } from "./errors.js"
import type { SqliteSession } from "./sqlite-session.js"
import type { Statements } from "./sqlite-statements.js"

/**
 * Makes sure that the two tables are a store of this format, and writes the header where only that is missing.
 *
 * Throws `STORE_FORMAT_UNSUPPORTED` saying what is wrong.
 */
export async function openGate(session: SqliteSession, names: TableNames, statements: Statements): Promise<void> {
  const run = (sql: string, ...parameters: Parameter[]) => session.query({ sql, parameters })
  const tables = await run(statements.findTables, names.meta, names.records)
  const found = await inspect(run, tables, names, statements)
  const verdict = formatGate(found, expectedTables(names))
  if (verdict.kind === "refuse") throw refused(verdict.message)
  if (verdict.kind === "create") {
    throw refused(
      `there are no tables "${names.meta}" and "${names.records}". Create them with prisma migrate dev or prisma db push`,
    )
  }
  const unique = await run(statements.findUnique, names.meta)
  if (!unique.some(index => index.columns === "doc_id")) {
    throw refused(`column "doc_id" of table "${names.meta}" is not unique. Paste @unique behind its field`)
  }
  const meta = tableOf(tables, names.meta)
  if (!/\bautoincrement\b/i.test(String(meta?.sql))) {
    throw refused(
      `column "doc" of table "${names.meta}" may use numbers twice. Paste @default(autoincrement()) behind its field`,
    )
  }
  if (verdict.kind === "stamp") {
    await session.write([{ sql: statements.insertHeader, parameters: [encodeHeader(new Date())] }])
  }
}

type Run = (sql: string, ...parameters: Parameter[]) => Promise<readonly ResultRow[]>

async function inspect(
  run: Run,
  tables: readonly ResultRow[],
  names: TableNames,
  statements: Statements,
): Promise<FoundTables> {
  const [letter] = await run(statements.letterBytes)
  const encoding = Number(letter?.bytes) === 1 ? "UTF-8" : "UTF-16"
  const meta = await columnsOf(run, tableOf(tables, names.meta), names.meta, statements)
  const records = await columnsOf(run, tableOf(tables, names.records), names.records, statements)
  const bare = { meta, records, encoding, header: null, hasRows: false }
  if (meta === null || records === null) return bare
  if (!["doc_id", "data"].every(name => meta.some(column => column.name === name))) return bare
  const [header] = await run(statements.readHeader)
  const [rows] = await run(statements.hasRows)
  return { ...bare, header: header === undefined ? null : String(header.data), hasRows: Number(rows?.has) !== 0 }
}

async function columnsOf(
  run: Run,
  table: ResultRow | undefined,
  name: string,
  statements: Statements,
): Promise<FoundColumn[] | null> {
  if (table === undefined) return null
  // A view or index under the name is no table of the store, whatever its columns.
  if (table.type !== "table") return []
  return (await run(statements.findColumns, name)).map(column => ({
    name: String(column.name),
    type: String(column.type),
    notNull: Number(column.not_null) !== 0,
    key: Number(column.pk),
    hasDefault: Number(column.has_default) !== 0,
  }))
}

function tableOf(tables: readonly ResultRow[], name: string): ResultRow | undefined {
  return tables.find(table => String(table.name).toLowerCase() === name.toLowerCase())
}

function expectedTables(names: TableNames): ExpectedTables {
  const column = (name: string, type: string, notNull: boolean, key = 0): ExpectedColumn => {
    return { name, types: [type], notNull, key }
  }
  return {
    names,
    meta: [column("doc", "INTEGER", false, 1), column("doc_id", "TEXT", true), column("data", "TEXT", true)],
    records: [
      column("doc", "INTEGER", true, 1),
      column("seq", "INTEGER", true, 2),
      column("kind", "INTEGER", true),
      column("version", "TEXT", false),
      column("lineage", "TEXT", false),
      column("payload", "TEXT", false),
      column("blob", "BLOB", false),
    ],
  }
}

function refused(message: string): StoreError {
  return new StoreError("STORE_FORMAT_UNSUPPORTED", `Prisma: ${message}.`, { backend: BACKEND })
}
