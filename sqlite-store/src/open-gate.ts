import {
  type ExpectedColumn,
  type ExpectedTables,
  encodeHeader,
  type FoundColumn,
  type FoundTables,
  formatGate,
  type TableNames,
  type Verdict,
} from "@holdfast/sql-store-core"
import { StoreError } from "@holdfast/store-core"
import { BACKEND } from "./errors.js"
import type { SqliteAdapter } from "./sqlite-adapter.js"
import type { Statements } from "./statements.js"

/**
 * Makes sure that the two tables are a store of this format, creating them in an empty place. Reads first and writes only
 * where there is nothing, so that a store on read-only storage opens and a foreign database stays as it is.
 *
 * Throws `STORE_FORMAT_UNSUPPORTED` saying what is wrong.
 */
export function openGate(adapter: SqliteAdapter, names: TableNames, statements: Statements): void {
  const expected = expectedTables(names)
  if (check(formatGate(inspect(adapter, names, statements), expected)) === "open") return
  adapter.transaction(() => {
    // Another process may have created them since.
    const verdict = check(formatGate(inspect(adapter, names, statements), expected))
    if (verdict === "create") {
      adapter.exec(statements.createMeta)
      adapter.exec(statements.createRecords)
    }
    if (verdict !== "open") first(adapter.iterate(statements.insertMeta, "", encodeHeader(new Date())))
  })
}

/** Whether what is there may be opened or created; throws when it must be refused. Only reads. */
export function inspectGate(adapter: SqliteAdapter, names: TableNames, statements: Statements): void {
  check(formatGate(inspect(adapter, names, statements), expectedTables(names)))
}

function check(verdict: Verdict): "create" | "stamp" | "open" {
  if (verdict.kind !== "refuse") return verdict.kind
  throw new StoreError("STORE_FORMAT_UNSUPPORTED", `SQLite: ${verdict.message}.`, { backend: BACKEND })
}

function inspect(adapter: SqliteAdapter, names: TableNames, statements: Statements): FoundTables {
  const letter = first(adapter.iterate<{ bytes: number }>(statements.letterBytes))
  const encoding = Number(letter?.bytes) === 1 ? "UTF-8" : "UTF-16"
  const found = [...adapter.iterate<{ name: string; type: string }>(statements.findTables, names.meta, names.records)]
  const meta = columnsOf(adapter, found, names.meta, statements)
  const records = columnsOf(adapter, found, names.records, statements)
  const bare = { meta, records, encoding, header: null, hasRows: false }
  if (meta === null || records === null || !meta.some(column => column.name === "doc_id")) return bare
  if (!meta.some(column => column.name === "data")) return bare
  const header = first(adapter.iterate<{ data: unknown }>(statements.readHeader))
  const rows = first(adapter.iterate<{ has: number }>(statements.hasRows))
  return { ...bare, header: header === undefined ? null : String(header.data), hasRows: Number(rows?.has) !== 0 }
}

function columnsOf(
  adapter: SqliteAdapter,
  found: readonly { readonly name: string; readonly type: string }[],
  name: string,
  statements: Statements,
): FoundColumn[] | null {
  const there = found.find(one => one.name.toLowerCase() === name.toLowerCase())
  if (there === undefined) return null
  // A view or index under the name is no table of the store, whatever its columns.
  if (there.type !== "table") return []
  type Column = { name: string; type: string; not_null: number; pk: number; dflt_value: unknown }
  return [...adapter.iterate<Column>(statements.findColumns, name)].map(column => ({
    name: column.name,
    type: column.type,
    notNull: Number(column.not_null) !== 0,
    key: Number(column.pk),
    hasDefault: column.dflt_value !== null,
  }))
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

/** The first row of a statement that has at most one. Reads to the end, so that no cursor stays open. */
export function first<T>(rows: Iterable<T>): T | undefined {
  return [...rows][0]
}
