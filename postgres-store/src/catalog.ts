import type { FoundColumn, TableNames } from "@holdfast/sql-store-core"
import { hasAppendFunction } from "./append-function.js"
import type { PgRow, PgSession } from "./pg-adapter.js"
import { qualify } from "./tables.js"

/** A table as the catalog describes it. */
export interface FoundTable {
  readonly columns: readonly FoundColumn[]
  /** The collation of `doc_id`; null where the column is missing or has none. */
  readonly collation: string | null
  /** Whether a unique index on `doc_id` alone is there. */
  readonly uniqueId: boolean
}

export interface FoundPlace {
  /** Whether the driver takes a leading U+FEFF off every text. */
  readonly losesMark: boolean
  readonly encoding: string
  readonly clientEncoding: string
  readonly currentSchema: string | null
  /** The schema the tables were found in. */
  readonly schema: string | undefined
  readonly meta: FoundTable | null
  readonly records: FoundTable | null
  /** Whether the function that appends is there and as it should be. */
  readonly hasAppend: boolean
}

const FIND_PLACE = `SELECT current_setting('server_encoding'), current_schema()::text,
  (SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = coalesce(to_regclass($1), to_regclass($2)))::text,
  CASE WHEN current_setting('client_encoding') = 'UTF8' THEN chr(65279) END, current_setting('client_encoding') AS client`

/**
 * [schema, meta, records] → relation, its kind and, for each column: name, type, NOT NULL, place in the key, default, collation,
 * unique; then in each row whether the function is there
 */
const findColumns = (
  names: TableNames,
) => `SELECT c.relname::text, c.relkind::text, a.attname::text, replace(pg_catalog.format_type(a.atttypid, a.atttypmod), '"', ''), a.attnotnull::text,
  coalesce(array_position(string_to_array(i.indkey::text, ' '), a.attnum::text), 0)::text,
  (a.atthasdef OR a.attidentity <> '')::text, l.collname::text,
  EXISTS (SELECT FROM pg_catalog.pg_index AS u WHERE u.indrelid = c.oid AND u.indisunique AND u.indisvalid AND u.indpred IS NULL AND u.indkey::text = a.attnum::text)::text,
  ${hasAppendFunction(names, "$1::text", "c.relowner")}::text
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid AND i.indisprimary LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
WHERE n.nspname = $1 AND c.relname IN ($2, $3)`

export async function findTables(
  session: PgSession,
  names: TableNames,
  schema: string | undefined,
): Promise<FoundPlace> {
  const { meta, records } = qualify(names, schema)
  const [place] = await session.query(FIND_PLACE, [meta, records])
  const there = schema ?? place?.[2] ?? undefined
  // Both from one schema, since the search path may have tables of one name in several; and both in one statement, since
  // another process may be creating them.
  const rows = there === undefined ? [] : await session.query(findColumns(names), [there, names.meta, names.records])
  return {
    losesMark: place?.[3] === "",
    encoding: place?.[0] ?? "",
    clientEncoding: place?.[4] ?? "",
    currentSchema: place?.[1] ?? null,
    schema: there,
    meta: tableOf(rows.filter(([name]) => name === names.meta)),
    records: tableOf(rows.filter(([name]) => name === names.records)),
    hasAppend: rows.length > 0 && rows.every(row => row[9] === "true"),
  }
}

function tableOf(rows: readonly PgRow[]): FoundTable | null {
  if (rows.length === 0) return null
  // A view, or whatever else has the name, is no table of the store: it counts as one without columns.
  const isTable = rows[0]?.[1] === "r" || rows[0]?.[1] === "p"
  const id = rows.find(row => row[2] === "doc_id")
  return {
    columns: isTable ? rows.filter(row => row[2] !== null).map(column) : [],
    collation: id?.[7] ?? null,
    uniqueId: id?.[8] === "true",
  }
}

function column([, , name, type, notNull, key, hasDefault]: readonly (string | null)[]): FoundColumn {
  return {
    name: name ?? "",
    type: type ?? "",
    notNull: notNull === "true",
    key: Number(key),
    hasDefault: hasDefault === "true",
  }
}
