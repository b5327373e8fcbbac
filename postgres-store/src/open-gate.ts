import {
  type ExpectedColumn,
  type ExpectedTables,
  encodeHeader,
  type FoundColumn,
  formatGate,
  type TableNames,
} from "@holdfast/sql-store-core"
import { isStoreError, StoreError } from "@holdfast/store-core"
import { createAppendFunction } from "./append-function.js"
import { findTables } from "./catalog.js"
import { BACKEND, stateOf, toStoreError } from "./errors.js"
import type { PgAdapter, PgSession } from "./pg-adapter.js"
import { createStatements, type Statements } from "./statements.js"
import { findProblem } from "./table-problems.js"
import { createTables, qualify } from "./tables.js"

/** What the tables are to be called, and whether to make them. */
export interface Wanted {
  readonly names: TableNames
  /** Undefined: found on the search path. */
  readonly schema: string | undefined
  readonly create: boolean
}

/** Two processes that create the tables at once disturb each other; after this many attempts it is something else. */
const ATTEMPTS = 5
const CREATED_BY_ANOTHER = ["23505", "42P07", "42710", "40P01", "40001"]

/**
 * Makes sure that the two tables are a store of this format, creating them where there is nothing if that is wanted, and
 * returns the statements for them. Where they are right it only reads.
 *
 * Throws `STORE_FORMAT_UNSUPPORTED` saying what is wrong and, where it can, which statement repairs it.
 */
export async function openGate(adapter: PgAdapter, wanted: Wanted): Promise<Statements> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await adapter.run(session => openOn(session, wanted))
    } catch (error) {
      const byAnother = CREATED_BY_ANOTHER.includes(stateOf(isStoreError(error) ? error.cause : error) ?? "")
      if (!byAnother || attempt >= ATTEMPTS) throw toStoreError(error)
    }
  }
}

async function openOn(session: PgSession, wanted: Wanted): Promise<Statements> {
  const found = await findTables(session, wanted.names, wanted.schema)
  // The driver takes all text for UTF-8: other text would be read otherwise than it was written, or not at all.
  if (found.clientEncoding !== "UTF8") {
    throw refused(`the connection has client_encoding ${found.clientEncoding}`, "SET client_encoding TO 'UTF8'")
  }
  // Where plans are kept, calling the function only takes longer than what it does.
  const callsAppend = found.hasAppend && session.prepares !== true
  const statements = createStatements(qualify(wanted.names, found.schema), found.losesMark, callsAppend)
  const content = found.meta !== null && found.records !== null && hasColumns(found.meta.columns)
  const header = content ? ((await session.query(statements.readHeader, []))[0]?.[0] ?? null) : null
  const hasRows = content && (await session.query(statements.hasRows, []))[0]?.[0] === "true"
  const { encoding } = found
  const columns = { meta: found.meta?.columns ?? null, records: found.records?.columns ?? null }
  const verdict = formatGate({ ...columns, encoding, header, hasRows }, expectedTables(wanted.names))
  if (verdict.kind === "create") return create(session, wanted, found.currentSchema)

  const problem = findProblem(found, qualify(wanted.names, found.schema), expectedTables(wanted.names))
  if (verdict.kind === "refuse") throw refused(verdict.message, problem?.repair)
  if (problem !== null) throw refused(problem.message, problem.repair)
  if (verdict.kind === "stamp") await session.query(statements.insertHeader, [encodeHeader(new Date())])
  return statements
}

async function create(session: PgSession, wanted: Wanted, current: string | null): Promise<Statements> {
  const schema = wanted.schema ?? current
  const names = qualify(wanted.names, schema ?? undefined)
  if (!wanted.create) {
    throw refused(
      `there are no tables ${names.meta} and ${names.records}. Either open the store with createTables: true or create them`,
      (createTables(names) + createAppendFunction(wanted.names, wanted.schema)).trim(),
    )
  }
  if (session.inHostTransaction) {
    const message = `Postgres: the tables ${names.meta} and ${names.records} do not exist, and a store inside a transaction creates none. Create them before it begins.`
    throw new StoreError("STORE_IN_TRANSACTION", message, { backend: BACKEND })
  }
  if (schema === null) {
    throw refused("no schema on the search path can have the tables. Name one with the option schema", undefined)
  }
  // One script is one transaction: nobody finds one table without the other.
  await session.script(createTables(names))
  // By itself, because a script that fails takes the tables along.
  await session.script(createAppendFunction(wanted.names, wanted.schema)).catch(unlessWithout)
  return openOn(session, { ...wanted, create: false })
}

/** A server without PL/pgSQL, or a role that may not use it, does without the function. */
function unlessWithout(error: unknown): void {
  if (!["42501", "42704", "0A000"].includes(stateOf(error) ?? "")) throw error
}

function refused(message: string, repair: string | undefined): StoreError {
  const text = repair === undefined ? `Postgres: ${message}.` : `Postgres: ${message}. What repairs it: ${repair}`
  return new StoreError("STORE_FORMAT_UNSUPPORTED", text, { backend: BACKEND })
}

function hasColumns(columns: readonly FoundColumn[]): boolean {
  return ["doc_id", "data"].every(name => columns.some(column => column.name === name && column.type === "text"))
}

function expectedTables(names: TableNames): ExpectedTables {
  const column = (name: string, type: string, notNull: boolean, key = 0): ExpectedColumn => {
    return { name, types: [type], notNull, key }
  }
  return {
    names,
    meta: [column("doc", "bigint", true, 1), column("doc_id", "text", true), column("data", "text", true)],
    records: [
      column("doc", "bigint", true, 1),
      column("seq", "bigint", true, 2),
      column("kind", "smallint", true),
      column("version", "text", false),
      column("lineage", "text", false),
      column("payload", "text", false),
      column("blob", "bytea", false),
    ],
  }
}
