import type { ExpectedColumn, ExpectedTables } from "@holdfast/sql-store-core"
import type { FoundPlace, FoundTable } from "./catalog.js"
import type { QualifiedNames } from "./tables.js"

/** What is wrong with a table, and the statement that repairs it. */
export interface TableProblem {
  readonly message: string
  readonly repair: string
}

/** Collations that compare bytes. */
const BYTE_ORDER = ["C", "POSIX", "ucs_basic"]

/** The first thing about the tables that a statement can repair, or null. */
export function findProblem(found: FoundPlace, names: QualifiedNames, expected: ExpectedTables): TableProblem | null {
  if (found.meta === null || found.records === null) return null
  return (
    columnProblem(found.meta, names.meta, expected.meta) ??
    columnProblem(found.records, names.records, expected.records) ??
    idProblem(found.meta, names.meta)
  )
}

function columnProblem(table: FoundTable, name: string, expected: readonly ExpectedColumn[]): TableProblem | null {
  if (table.columns.length === 0) return null
  for (const column of expected) {
    const found = table.columns.find(candidate => candidate.name === column.name)
    const where = `column "${column.name}" of table ${name}`
    const type = column.types[0]
    const alter = (change: string) => `ALTER TABLE ${name} ${change};`
    if (found === undefined) {
      return { message: `${where} is missing`, repair: alter(`ADD COLUMN "${column.name}" ${type}`) }
    }
    if (!column.types.includes(found.type)) {
      const using = `USING "${column.name}"::${type}`
      const repair = alter(`ALTER COLUMN "${column.name}" TYPE ${type} ${using}`)
      return { message: `${where} has type ${found.type} instead of ${type}`, repair }
    }
    if (found.key !== column.key) {
      const key = expected.filter(one => one.key > 0).sort((a, b) => a.key - b.key)
      const repair = alter(`ADD PRIMARY KEY (${key.map(one => one.name).join(", ")})`)
      return { message: `${where} has another place in the primary key`, repair }
    }
    if (found.notNull !== column.notNull) {
      const repair = alter(`ALTER COLUMN "${column.name}" ${column.notNull ? "SET" : "DROP"} NOT NULL`)
      return { message: `${where} ${column.notNull ? "allows NULL" : "is NOT NULL"}`, repair }
    }
  }
  return null
}

function idProblem(table: FoundTable, name: string): TableProblem | null {
  if (table.collation !== null && !BYTE_ORDER.includes(table.collation)) {
    return {
      message: `column "doc_id" of table ${name} has the collation "${table.collation}", in which ids are not ordered by their bytes`,
      repair: `ALTER TABLE ${name} ALTER COLUMN doc_id TYPE text COLLATE "C";`,
    }
  }
  if (!table.uniqueId) {
    return {
      message: `column "doc_id" of table ${name} is not unique`,
      repair: `ALTER TABLE ${name} ADD UNIQUE (doc_id);`,
    }
  }
  if (table.columns.find(column => column.name === "doc")?.hasDefault === false) {
    return {
      message: `column "doc" of table ${name} gets no number by itself`,
      repair: `ALTER TABLE ${name} ALTER COLUMN doc ADD GENERATED ALWAYS AS IDENTITY;`,
    }
  }
  return null
}
