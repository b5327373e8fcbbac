import {
  type EngineStore,
  engineOf,
  type Finding,
  type FindingKind,
  showDocId,
  type VerifyReport,
  verifyStore,
} from "@holdfast/store-core"
import { toStoreError } from "./errors.js"
import type { PgRow } from "./pg-adapter.js"
import { PostgresBackend } from "./postgres-backend.js"

/**
 * What is wrong with a document's rows:
 * - `"gap"`: rows before this one are missing, or its number is below 1
 * - `"head"`: the first row does not begin a generation, or a later one does
 * - `"pieces"`: a record whose last piece is missing, or a piece without a record
 * - `"row-kind"`: the row's kind is none of the format's
 * - `"value"`: a column has a value, or lacks one, where the kind says otherwise
 * - `"size"`: a row holds more than a piece may
 */
const PROBLEMS = {
  gap: "the rows before it are missing",
  head: "begins a generation inside another, or comes first and begins none",
  pieces: "is one piece of a record whose other pieces are not beside it",
  "row-kind": "has an unknown kind",
  value: "has a value where its kind has none, or none where its kind has one",
  size: "holds more than a piece may",
} as const

/**
 * What a finding is about, beside what `verifyStore` finds and what rows can have:
 * - `"header"`: the header of the store is missing
 * - `"orphan"`: rows whose document has no metadata
 * - `"read"`: the tables cannot be read any further
 */
export type PostgresFindingKind = FindingKind | keyof typeof PROBLEMS | "header" | "orphan" | "read"

/** How many numbers of documents one statement looks at. */
const NUMBERS = 100

/**
 * As `verifyStore`, and also looks at every row of the two tables. Damage that a load reports is then found twice: by the
 * load, and in the rows. Of a hundred documents it reports at most a thousand rows.
 *
 * What cannot be found: rows lost at the end of a document, which is then like one that was never longer, and bytes
 * changed inside a payload, for which the format has no checksum. The server's own files are for `pg_amcheck`.
 *
 * Writes nothing and holds no connection between two statements. Each statement sees one moment, so others may write
 * meanwhile.
 *
 * Rejects with `STORE_CLOSED` when the store is closed; every other error is a finding.
 *
 * @throws TypeError when the store is not in Postgres (by rejecting).
 */
export async function verifyPostgresStore(store: EngineStore): Promise<VerifyReport<PostgresFindingKind>> {
  const found = engineOf(store, PostgresBackend)
  if (found === null) throw new TypeError("verifyPostgresStore: the store must be a Postgres store.")
  const { engine, backend } = found
  // In brackets, because to everybody else these are private.
  const { readHeader, nextDocument, findOrphans, findProblems } = backend["statements"]
  const ask = (text: string, ...params: number[]): Promise<readonly PgRow[]> => {
    engine.checkOpen()
    return backend["adapter"].run(session => session.query(text, params.map(String)))
  }
  const { documents, records, findings: ofStore } = await verifyStore(store)
  const findings: Finding<PostgresFindingKind>[] = [...ofStore]
  try {
    if ((await ask(readHeader)).length === 0)
      findings.push({ kind: "header", message: "The store's header is missing." })
    for (let after = Number.MIN_SAFE_INTEGER; ; after += NUMBERS - 1) {
      const [next] = await ask(nextDocument, after)
      if (typeof next?.[0] !== "string") break
      after = Number(next[0])
      const upTo = after + NUMBERS - 1
      const [orphans] = await ask(findOrphans, after, upTo)
      if (orphans?.[0] !== "0") findings.push({ kind: "orphan", message: orphansMessage(orphans) })
      for (const row of await ask(findProblems, after, upTo)) findings.push(problemOf(row))
    }
  } catch (error) {
    engine.checkOpen()
    const cause = toStoreError(error)
    findings.push({ kind: "read", message: cause.message, cause })
  }
  return { documents, records, findings }
}

function orphansMessage([rows, doc]: PgRow = []): string {
  return `${rows} rows belong to no document; the first of them has the document number ${doc}.`
}

function problemOf([doc, id, seq, problem, kind]: PgRow): Finding<PostgresFindingKind> {
  const known = problem as keyof typeof PROBLEMS
  const docId = id ?? ""
  const message = `Document ${showDocId(docId)} (number ${doc}): row ${seq}, of kind ${kind}: ${PROBLEMS[known]}.`
  return { kind: known, docId, message }
}
