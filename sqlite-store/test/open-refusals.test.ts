import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { collect, entry, metaRecord, rejects, seeded } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, connect } from "./support/connection.js"
import { hashesIn } from "./support/files.js"
import { type TempDir, tempDir } from "./support/temp.js"

let dir: TempDir
let path: string

beforeEach(() => {
  dir = tempDir()
  path = dir.file()
})

afterEach(() => dir.remove())

function run(...statements: string[]): void {
  const db = new DatabaseSync(path)
  for (const sql of statements) db.exec(sql)
  db.close()
}

/** A store with a document, then changed. */
async function storeThen(...statements: string[]): Promise<void> {
  const store = await openSqliteStore(path)
  await store.append("doc", metaRecord())
  await store.close()
  run(...statements)
}

const header = (data: string) => `UPDATE holdfast_meta SET data = '${data}' WHERE doc_id = ''`
const FOREIGN_RECORDS = "CREATE TABLE holdfast_records (doc INTEGER, body TEXT)"
const FOREIGN_META = "CREATE TABLE holdfast_meta (id TEXT, body TEXT)"

const refused: [string, () => void | Promise<void>, string[]][] = [
  ["random bytes", () => writeFileSync(path, seeded(1).bytes(20_000)), ["not a database"]],
  ["a text file", () => writeFileSync(path, "Dear diary,\n".repeat(1000)), ["not a database"]],
  ["a short text file", () => writeFileSync(path, "Dear diary"), ["not a database"]],
  ["tables named like the store's", () => run(FOREIGN_META, FOREIGN_RECORDS), ["holdfast_meta", '"doc"']],
  ["a meta table named like the store's", () => run(FOREIGN_META), ["holdfast_meta", "holdfast_records"]],
  ["a records table named like the store's", () => run(FOREIGN_RECORDS), ["holdfast_meta", "holdfast_records"]],
  ["the same in capitals", () => run(FOREIGN_RECORDS.toUpperCase()), ["holdfast_meta", "holdfast_records"]],
  [
    "a view named like the store's table",
    () => run("CREATE VIEW holdfast_meta AS SELECT 1 AS doc", "CREATE VIEW holdfast_records AS SELECT 1 AS doc"),
    ["holdfast_meta", '"doc"'],
  ],
  [
    "a column that is missing",
    () => storeThen("ALTER TABLE holdfast_records DROP COLUMN lineage"),
    ["holdfast_records", '"lineage"'],
  ],
  [
    "a column of another name",
    () => storeThen("ALTER TABLE holdfast_meta RENAME COLUMN data TO body"),
    ["holdfast_meta", '"data"'],
  ],
  [
    "a column of another type",
    () =>
      storeThen("ALTER TABLE holdfast_records DROP COLUMN version", "ALTER TABLE holdfast_records ADD version BLOB"),
    ["holdfast_records", '"version"', "BLOB"],
  ],
  [
    "a column that an insert would have to fill",
    () =>
      run(
        "CREATE TABLE holdfast_meta (doc INTEGER PRIMARY KEY, doc_id TEXT NOT NULL UNIQUE, data TEXT NOT NULL, owner TEXT NOT NULL)",
        "CREATE TABLE holdfast_records (doc INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, version TEXT, lineage TEXT, payload TEXT, blob BLOB, PRIMARY KEY (doc, seq))",
      ),
    ["holdfast_meta", '"owner"'],
  ],
  ["a database in UTF-16", () => run("PRAGMA encoding = 'UTF-16le'", "CREATE TABLE mine (x)"), ["UTF-16"]],
  [
    "a newer major format",
    () => storeThen(header('{"format":"2.0","created":"2031-01-01T00:00:00.000Z"}')),
    ["2.0", "1"],
  ],
  [
    "an older major format",
    () => storeThen(header('{"format":"0.9","created":"2001-01-01T00:00:00.000Z"}')),
    ["0.9", "1"],
  ],
  ["a header that is no JSON", () => storeThen(header("1.0")), ["header", "malformed"]],
  [
    "a header without a version",
    () => storeThen(header('{"created":"2026-01-01T00:00:00.000Z"}')),
    ["header", "malformed"],
  ],
  ["a header of another shape", () => storeThen(header('["1.0"]')), ["header", "malformed"]],
  [
    "a version that is no version",
    () => storeThen(header('{"format":"one","created":"2026-01-01T00:00:00.000Z"}')),
    ["header", "malformed"],
  ],
  ["documents without a header", () => storeThen("DELETE FROM holdfast_meta WHERE doc_id = ''"), ["header"]],
  ["rows without a header", () => storeThen("DELETE FROM holdfast_meta"), ["header"]],
]

describe("openSqliteStore refuses and touches nothing (OPEN-2)", () => {
  it.each(refused)("%s", async (_, make, words) => {
    await make()
    const before = hashesIn(dir.path)
    await rejects(openSqliteStore(path), "STORE_FORMAT_UNSUPPORTED", { messageIncludes: words, retryable: false })
    expect(hashesIn(dir.path)).toEqual(before)
  })

  it("a database in the write-ahead log's mode too", async () => {
    run("PRAGMA journal_mode = WAL", FOREIGN_META, FOREIGN_RECORDS)
    const before = hashesIn(dir.path)
    await rejects(openSqliteStore(path), "STORE_FORMAT_UNSUPPORTED")
    expect(hashesIn(dir.path)).toEqual(before)
  })

  it("a database cut off within its header or first page", async () => {
    await storeThen()
    const whole = readFileSync(path)
    for (const length of [16, 50, 99, 100, 600, 4095]) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      const before = hashesIn(dir.path)
      const error = await rejects(openSqliteStore(path), ["STORE_FORMAT_UNSUPPORTED", "STORE_CORRUPT"])
      expect(error.message, `cut to ${length} bytes`).toMatch(/not a database|malformed/)
      expect(hashesIn(dir.path)).toEqual(before)
    }
  })
})

describe.each(BINDINGS)("createSqliteStore over %s", binding => {
  it("refuses the same and leaves the connection open (OPEN-2)", () => {
    run(FOREIGN_META, FOREIGN_RECORDS, "INSERT INTO holdfast_meta VALUES ('x', 'y')")
    const before = hashesIn(dir.path)
    const connection = connect(binding, path)
    expect(() => createSqliteStore(connection.adapter())).toThrow(
      expect.objectContaining({ code: "STORE_FORMAT_UNSUPPORTED" }),
    )
    expect(connection.all("SELECT * FROM holdfast_meta")).toEqual([{ id: "x", body: "y" }])
    connection.close()
    expect(hashesIn(dir.path)).toEqual(before)
  })
})

describe("openSqliteStore beside other tables (OPEN-1)", () => {
  it("puts its own next to them", async () => {
    run("CREATE TABLE mine (x PRIMARY KEY)", "INSERT INTO mine VALUES (1), (2)", "CREATE INDEX mine_x ON mine (x)")
    const store = await openSqliteStore(path)
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    await store.close()
    const db = connect("node:sqlite", path)
    expect(db.all("SELECT x FROM mine ORDER BY x")).toEqual([{ x: 1 }, { x: 2 }])
    expect(db.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }])
    db.close()
  })

  it("stamps empty tables that a migration made", async () => {
    await storeThen("DELETE FROM holdfast_records", "DELETE FROM holdfast_meta")
    const store = await openSqliteStore(path)
    await store.append("doc", metaRecord())
    await store.close()
    const db = connect("node:sqlite", path)
    expect(db.all("SELECT data FROM holdfast_meta WHERE doc_id = ''")).toEqual([
      { data: expect.stringMatching(/^\{"format":"1\.0","created":"\d{4}-/) },
    ])
    db.close()
  })

  it("opens a newer minor format, with its additional columns", async () => {
    await storeThen(
      header('{"format":"1.7","created":"2031-01-01T00:00:00.000Z","more":true}'),
      "ALTER TABLE holdfast_records ADD note TEXT",
      "ALTER TABLE holdfast_meta ADD owner TEXT NOT NULL DEFAULT ''",
    )
    const store = await openSqliteStore(path)
    await store.append("doc", entry(1))
    expect(await collect(store.loadAll("doc"))).toEqual([metaRecord(), entry(1)])
    await store.close()
  })
})
