import { quoteName, type TableNames, tableNames } from "@holdfast/sql-store-core"
import { checkOptions, type OptionRule } from "@holdfast/store-core"
import { appendFunctionName, createAppendFunction } from "./append-function.js"

/** Where the two tables are. */
export interface TableOptions {
  /** Plain identifiers up to 48 characters. Default `holdfast_meta` and `holdfast_records`. */
  readonly tables?: Partial<TableNames>
  /**
   * The schema they are in: a plain identifier up to 63 characters. Default: the first on the connection's `search_path`
   * that has them.
   */
  readonly schema?: string
}

/** For `checkOptions`. */
export const TABLE_OPTIONS: Readonly<Record<keyof TableOptions, OptionRule>> = {
  tables: { expected: "an object", accepts: value => typeof value === "object" && value !== null },
  schema: { expected: "a string", accepts: value => typeof value === "string" },
}

/** The names as statements contain them. */
export interface QualifiedNames {
  readonly meta: string
  readonly records: string
  /** The function that appends one row; it may not be there. */
  readonly append: string
}

/** The option `schema`, checked. Throws `TypeError`. */
export function schemaName(schema: string | undefined): string | undefined {
  if (schema === undefined) return undefined
  if (typeof schema === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) return schema
  throw new TypeError(
    `Option "schema" must be a letter or "_" followed by up to 62 letters, digits or "_" (ASCII), ` +
      `not ${typeof schema === "string" ? JSON.stringify(schema) : typeof schema}`,
  )
}

export function qualify(names: TableNames, schema: string | undefined): QualifiedNames {
  const prefix = schema === undefined ? "" : `${quoteName(schema)}.`
  return {
    meta: prefix + quoteName(names.meta),
    records: prefix + quoteName(names.records),
    append: prefix + appendFunctionName(names),
  }
}

/**
 * The statements that make the store's tables and the function that appends to them, for migrations. They change nothing
 * where these are. The store itself runs them when it is opened with `createTables: true` and there are no tables.
 *
 * @throws TypeError for names that are not plain identifiers, and for unknown options.
 */
export function createTablesSql(options: TableOptions = {}): string {
  const { tables, schema } = checkOptions("createTablesSql", options, TABLE_OPTIONS)
  const names = tableNames(tables)
  const place = schemaName(schema)
  return `${createTables(qualify(names, place))}\n${createAppendFunction(names, place)}`
}

export function createTables({ meta, records }: QualifiedNames): string {
  return `CREATE TABLE IF NOT EXISTS ${meta} (
  doc BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never used twice
  doc_id TEXT COLLATE "C" NOT NULL UNIQUE, -- '' is the header of the store
  data TEXT NOT NULL -- JSON
);

CREATE TABLE IF NOT EXISTS ${records} (
  doc BIGINT NOT NULL, -- the number in the table of metadata
  seq BIGINT NOT NULL, -- contiguous, goes on after a replace
  kind SMALLINT NOT NULL, -- 1 first meta, 2 meta, 3 entirety, 4 since, 5 and 6 the same continued, 7 middle and 8 last piece
  version TEXT,
  lineage TEXT,
  payload TEXT, -- JSON, or
  blob BYTEA, -- bytes
  PRIMARY KEY (doc, seq)
);
`
}
