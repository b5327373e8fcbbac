import { quoteName, type TableNames } from "@holdfast/sql-store-core"

const ARGUMENTS = "bigint, bigint, smallint, text, text, text, bytea, xid, tid, oid, integer, regclass"

/** What is appended, as a statement contains it: parameters, most of them. */
export interface NextRow {
  readonly doc: string
  /** All columns but `doc`, in order. */
  readonly values: string
  /** The version of the document that was seen, where its row lies, and in which table. */
  readonly version: string
  readonly place: string
  readonly table: string
  /** The process of the server that it was seen by. */
  readonly process: string
}

/**
 * Inserts a row behind the last one known, if the document still has that version in the same process. As few words as do:
 * reading and planning them takes as long as the rest. The place saves the server going through an index; a row that was
 * moved is not found there. Tables that were filled in one transaction may have equal rows in equal places, and one of them
 * may get the name of the other.
 *
 * @param condition One more, beginning with AND.
 */
export function insertNext(meta: string, records: string, row: NextRow, condition = ""): string {
  const { doc, values, version, place, table, process } = row
  return `INSERT INTO ${records} (doc, seq, kind, version, lineage, payload, blob)
  SELECT doc, ${values} FROM ${meta}
  WHERE ctid = ${place} AND doc = ${doc} AND xmin = ${version} AND tableoid = ${table} AND pg_backend_pid() = ${process}${condition} FOR NO KEY UPDATE SKIP LOCKED`
}

/**
 * The same by the function; selects one row without columns if it was written. Whoever swaps schemas by renaming them leaves
 * functions whose tables are in the other one: hence the table that is meant.
 */
export function callAppend(append: string, meta: string, row: NextRow): string {
  const { doc, values, version, place, table, process } = row
  return `SELECT WHERE ${append}(${doc}, ${values}, ${version}, ${place}, ${table}, ${process}, '${meta.replaceAll("'", "''")}'::regclass)`
}

/** Quoted, without its schema. */
export function appendFunctionName({ records }: TableNames): string {
  return quoteName(`${records}_append`)
}

/**
 * Makes the function where there is none.
 *
 * @param schema A plain identifier, or undefined for the current one.
 */
export function createAppendFunction(names: TableNames, schema: string | undefined): string {
  const place = quoted(schema === undefined ? "current_schema()" : `'${schema}'`)
  return `-- Optional: appends one row by a plan that the server keeps, where the statement by itself would be planned anew each time.
-- Its body names the schema, so it does the same under every search_path. Without sequential scans, because a plan made
-- while the tables are small stays when they have grown.
DO $do$
BEGIN
  EXECUTE format('CREATE FUNCTION ${signature(names)}
  RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = off AS %2$L', ${place}, format($body$${body(names)}$body$, ${place}));
EXCEPTION WHEN duplicate_function OR unique_violation THEN
  NULL; -- it is there, or another session is making it
END
$do$;
`
}

/**
 * An expression: whether the schema has the function, just as it is made, and the role may call it. It has to belong to the
 * owner of the tables, who can do as much by a trigger: anybody else could change it later.
 */
export function hasAppendFunction(names: TableNames, schema: string, owner: string): string {
  const place = quoted(schema)
  return `EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
  WHERE p.oid = to_regprocedure(format('${signature(names)}', ${place})) AND p.proowner = ${owner} AND l.lanname = 'plpgsql'
  AND replace(p.prosrc, chr(13), '') = format('${body(names)}', ${place}) AND p.proconfig = '{enable_seqscan=off}' AND NOT p.prosecdef
  AND p.provolatile = 'v' AND p.prorettype = 'boolean'::regtype AND has_function_privilege(p.oid, 'EXECUTE'))`
}

/** Not \`%I\`: what that quotes depends on the connection's settings, and the texts are compared. */
function quoted(schema: string): string {
  return `'"' || replace(${schema}, '"', '""') || '"'`
}

function signature(names: TableNames): string {
  return `%1$s.${appendFunctionName(names)}(${ARGUMENTS})`
}

/** The function takes its parameters in this order, and one condition more than the statement: the table that is meant. */
const ROW: NextRow = {
  doc: "$1",
  values: "$2, $3, $4, $5, $6, $7",
  version: "$8",
  place: "$9",
  table: "$10",
  process: "$11",
}

function body({ meta, records }: TableNames): string {
  return `
BEGIN
  ${insertNext(`%1$s.${quoteName(meta)}`, `%1$s.${quoteName(records)}`, ROW, " AND tableoid = $12")};
  RETURN FOUND;
END
`
}
