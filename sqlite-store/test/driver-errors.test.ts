import { readFileSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { isStoreError, type StoreErrorCode } from "@holdfast/store-core"
import { seeded } from "@holdfast/testing"
import Database from "better-sqlite3"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { toStoreError } from "../src/errors.js"
import { BINDINGS, type Binding, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

let dir: TempDir
let opened: { close(): void }[]

beforeEach(() => {
  dir = tempDir()
  opened = []
})

afterEach(() => {
  for (const one of opened) one.close()
  dir.remove()
})

function open(binding: Binding, path = dir.file()): Connection {
  const connection = connect(binding, path)
  opened.push(connection)
  return connection
}

/** A database of some pages with one row in each, whose middle was overwritten. */
function damaged(binding: Binding): Connection {
  const db = open(binding)
  db.exec(
    "CREATE TABLE t (x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT randomblob(3000) FROM n",
  )
  db.close()
  const bytes = readFileSync(dir.file())
  bytes.set(seeded(2).bytes(40_000), 8192)
  writeFileSync(dir.file(), bytes)
  return open(binding)
}

function readOnly(binding: Binding): { exec(sql: string): unknown } {
  open(binding).exec("CREATE TABLE t (x)")
  const db =
    binding === "node:sqlite"
      ? new DatabaseSync(dir.file(), { readOnly: true })
      : new Database(dir.file(), { readonly: true })
  opened.push(db)
  return db
}

function full(binding: Binding): Connection {
  const db = open(binding)
  db.exec("CREATE TABLE t (x); PRAGMA max_page_count = 3")
  return db
}

/** What makes the driver itself fail, for both drivers. */
const failures: [string, StoreErrorCode, (binding: Binding) => unknown][] = [
  [
    "a lock",
    "STORE_BUSY",
    binding => {
      open(binding).exec("CREATE TABLE t (x); BEGIN IMMEDIATE")
      return open(binding).exec("INSERT INTO t VALUES (1)")
    },
  ],
  ["a transaction in a transaction", "STORE_IN_TRANSACTION", binding => open(binding).exec("BEGIN; BEGIN IMMEDIATE")],
  ["a write to a read-only database", "STORE_READ_ONLY", binding => readOnly(binding).exec("INSERT INTO t VALUES (1)")],
  [
    "a database that may not grow",
    "STORE_FULL",
    binding => full(binding).exec("INSERT INTO t VALUES (zeroblob(90000))"),
  ],
  [
    "a file that is no database",
    "STORE_FORMAT_UNSUPPORTED",
    binding => {
      writeFileSync(dir.file("text"), "text ".repeat(1000))
      return open(binding, dir.file("text")).all("SELECT * FROM sqlite_schema")
    },
  ],
  ["a damaged database", "STORE_CORRUPT", binding => damaged(binding).all("SELECT sum(length(x)) FROM t NOT INDEXED")],
  [
    "a file that cannot be opened",
    "STORE_UNAVAILABLE",
    binding => open(binding).exec(`ATTACH '${dir.file("no/x")}' AS x`),
  ],
  [
    "a value too large",
    "STORE_RECORD_TOO_LARGE",
    binding => open(binding).all("SELECT length(zeroblob(2000000000) || 'x')"),
  ],
  [
    "a constraint",
    "STORE_BACKEND",
    binding => open(binding).exec("CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1), (1)"),
  ],
  ["a text that is no SQL", "STORE_BACKEND", binding => open(binding).exec("SELEKT 1")],
  [
    "a closed connection",
    "STORE_UNAVAILABLE",
    binding => {
      const db = open(binding)
      db.close()
      return db.all("SELECT 1")
    },
  ],
  [
    "a prepared statement of a closed connection",
    "STORE_UNAVAILABLE",
    binding => {
      const db = open(binding)
      const adapter = db.adapter()
      adapter.exec("SELECT 1")
      db.close()
      return adapter.exec("SELECT 1")
    },
  ],
]

describe.each(BINDINGS)("errors of %s (ERROR-1)", binding => {
  it.each(failures)("%s is %s", (_, code, fail) => {
    const error = thrownBy(() => fail(binding))
    expect(error, "an error of the driver").toBeInstanceOf(Error)
    expect(isStoreError(error)).toBe(false)
    const mapped = toStoreError(error)
    expect(mapped).toMatchObject({ name: "StoreError", code, backend: "sqlite", outcome: "none", cause: error })
    expect(mapped.message).toContain((error as Error).message)
  })
})

describe("errors of node:sqlite (ERROR-1)", () => {
  it("what an authorizer denies is STORE_PERMISSION", () => {
    const db = new DatabaseSync(":memory:")
    opened.push(db)
    db.setAuthorizer(() => 1)
    expect(toStoreError(thrownBy(() => db.prepare("SELECT 1"))).code).toBe("STORE_PERMISSION")
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
