import { quoteName, type TableNames } from "./table-names.js"

/** A version of the tables' format. Any minor of a known major can be read and written. */
export interface Format {
  readonly major: number
  readonly minor: number
}

/** The format this code writes. */
export const FORMAT: Format = { major: 1, minor: 0 }

/** A column as the database describes it. */
export interface FoundColumn {
  readonly name: string
  readonly type: string
  readonly notNull: boolean
  /** Its place in the primary key, from 1; 0 when it is not part of it. */
  readonly key: number
  /** Whether the database fills it in when an insert does not name it. */
  readonly hasDefault: boolean
}

/** A column as the store needs it, in the words of one database. */
export interface ExpectedColumn {
  readonly name: string
  /** The types that do, whatever their case; messages name the first. */
  readonly types: readonly [string, ...string[]]
  readonly notNull: boolean
  readonly key: number
}

/** The tables a store needs. */
export interface ExpectedTables {
  readonly names: TableNames
  readonly meta: readonly ExpectedColumn[]
  readonly records: readonly ExpectedColumn[]
}

/** What is there when a store is opened. */
export interface FoundTables {
  /** The columns of each table; null when there is no table of that name. */
  readonly meta: readonly FoundColumn[] | null
  readonly records: readonly FoundColumn[] | null
  /** The database's text encoding, as it names it. */
  readonly encoding: string
  /** `data` of the meta row with the id `""`; null when there is none or it cannot be asked for. */
  readonly header: string | null
  /** Whether either table has a row other than the header. */
  readonly hasRows: boolean
}

/**
 * What to do:
 * - `create`: there is nothing; create both tables and the header
 * - `stamp`: both tables are there, right and empty, as made by a migration; only the header is missing
 * - `open`: it is a store of this format
 * - `refuse`: touch nothing and reject with `STORE_FORMAT_UNSUPPORTED` and this message
 */
export type Verdict =
  | { readonly kind: "create" }
  | { readonly kind: "stamp" }
  | { readonly kind: "open"; readonly format: Format }
  | { readonly kind: "refuse"; readonly message: string }

/** The header of a store created now, for the meta row with the id `""`. */
export function encodeHeader(created: Date): string {
  return JSON.stringify({ format: `${FORMAT.major}.${FORMAT.minor}`, created: created.toISOString() })
}

/** Decides whether what was found is a store this code may use. */
export function formatGate(found: FoundTables, expected: ExpectedTables): Verdict {
  const { names } = expected
  if (!/^utf-?8$/i.test(found.encoding)) {
    return refuse(
      `the database's encoding is ${found.encoding}, in which ids are not ordered by their UTF-8 bytes; ` +
        "use a database created with UTF-8",
    )
  }
  if (found.meta === null && found.records === null) return { kind: "create" }
  if (found.meta === null) return refuse(oneTable(names.records, names.meta))
  if (found.records === null) return refuse(oneTable(names.meta, names.records))

  const format = decodeHeader(found.header)
  // Before the columns, because another major may have others, and the version is what its user has to know.
  if (format !== null && format.major !== FORMAT.major) return refuse(otherMajor(names, format))
  const problem =
    columnProblem(names.meta, found.meta, expected.meta) ??
    columnProblem(names.records, found.records, expected.records)
  if (problem !== null) return refuse(`${problem}; ${REMEDY}`)

  if (format !== null) return { kind: "open", format }
  if (found.header !== null) {
    return refuse(`the header in table ${quoteName(names.meta)} (the row with doc_id '') is malformed; ${REMEDY}`)
  }
  if (!found.hasRows) return { kind: "stamp" }
  return refuse(
    `the tables ${quoteName(names.meta)} and ${quoteName(names.records)} have rows but no header ` +
      `(the row with doc_id ''), so their format is not known; ${REMEDY}`,
  )
}

const REMEDY = 'give the store other names with the option "tables", or restore these tables from a backup'

function refuse(message: string): Verdict {
  return { kind: "refuse", message }
}

function oneTable(present: string, absent: string): string {
  return `table ${quoteName(present)} exists but ${quoteName(absent)} does not; ${REMEDY}`
}

function otherMajor(names: TableNames, format: Format): string {
  return (
    `the tables ${quoteName(names.meta)} and ${quoteName(names.records)} have format ` +
    `${format.major}.${format.minor}, and this version reads format ${FORMAT.major}; ` +
    "open them with a version of Holdfast made for that format"
  )
}

/** The version a header names; null when it is not a header. Properties of later minors are fine. */
function decodeHeader(text: string | null): Format | null {
  const { format, created } = parseObject(text)
  if (typeof created !== "string" || Number.isNaN(Date.parse(created))) return null
  const match = typeof format === "string" ? /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/.exec(format) : null
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]) }
}

function parseObject(text: string | null): { readonly format?: unknown; readonly created?: unknown } {
  try {
    return JSON.parse(String(text)) ?? {}
  } catch {
    return {}
  }
}

function columnProblem(
  table: string,
  found: readonly FoundColumn[],
  expected: readonly ExpectedColumn[],
): string | null {
  for (const column of expected) {
    const where = `column ${quoteName(column.name)} of table ${quoteName(table)}`
    const actual = found.find(candidate => candidate.name === column.name)
    if (actual === undefined) return `${where} is missing`
    if (!column.types.some(type => type.toLowerCase() === actual.type.toLowerCase())) {
      return `${where} has type ${actual.type || "(none)"} instead of ${column.types[0]}`
    }
    if (actual.key !== column.key) return `${where} ${keyProblem(column.key)}`
    // A whole key is never NULL, whether its column says so or not: tools that write migrations say it.
    const isWholeKey = column.key === 1 && !expected.some(other => other.key > 1)
    if (actual.notNull !== column.notNull && !isWholeKey) {
      return `${where} ${column.notNull ? "allows NULL" : "is NOT NULL"}`
    }
  }
  const known = new Set(expected.map(column => column.name))
  const required = found.find(column => !known.has(column.name) && column.notNull && !column.hasDefault)
  if (required === undefined) return null
  return `column ${quoteName(required.name)} of table ${quoteName(table)} is not the store's, is NOT NULL and has no default`
}

function keyProblem(expected: number): string {
  return expected === 0 ? "is part of the primary key" : `is not column ${expected} of the primary key`
}
