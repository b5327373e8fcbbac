import { existsSync } from "node:fs"
import { collect, deepEqual, entries, entry, metaRecord, rejects, runModelCheck } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions, transact } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

const ONE = { meta: "one_meta", records: "one_records" }
const OTHER = { meta: "Order", records: "select" }

/** A table of an application, with rows, under a name that a store may be tempted to use. */
const APPLICATION = "CREATE TABLE meta (doc_id TEXT, data TEXT); INSERT INTO meta VALUES ('doc', 'mine'), ('', 'empty')"

describe.each(BINDINGS)("two stores in one database of an application over %s (SHARE-1)", binding => {
  let connection: Connection
  let one: SqliteStore
  let other: SqliteStore

  const open = (tables: NonNullable<SqliteStoreOptions["tables"]>) =>
    createSqliteStore(connection.adapter({ lent: true }), { tables })

  const ofApplication = () => connection.all("SELECT doc_id, data FROM meta ORDER BY doc_id")
  const applicationRows = [
    { doc_id: "", data: "empty" },
    { doc_id: "doc", data: "mine" },
  ]

  beforeEach(() => {
    connection = connect(binding, ":memory:")
    connection.exec(APPLICATION)
    one = open(ONE)
    other = open(OTHER)
  })

  afterEach(async () => {
    await one.close()
    await other.close()
    connection.close()
  })

  it("list, load and know their own documents only", async () => {
    await one.append("doc", metaRecord({ schemaHash: "one" }))
    await one.append("doc", entry(1))
    deepEqual(await collect(other.listDocIds()), [])
    deepEqual(await collect(other.loadAll("doc")), [])
    expect(await other.currentMeta("doc")).toBe(null)
    await rejects(other.append("doc", entry(1)), "STORE_META_MISSING", { docId: "doc" })
    await other.append("doc", metaRecord({ replicaType: ["list", 9, 9] }))
    await other.append("more", metaRecord())
    deepEqual(await collect(one.listDocIds()), ["doc"])
    deepEqual(await collect(other.listDocIds()), ["doc", "more"])
    deepEqual(await collect(one.loadAll("doc")), [metaRecord({ schemaHash: "one" }), entry(1)])
  })

  it("delete and replace their own documents only, also while the other loads", async () => {
    for (const store of [one, other]) await store.replace("doc", [metaRecord(), ...entries(300)])
    const load = one.loadAll("doc")[Symbol.asyncIterator]()
    deepEqual((await load.next()).value, metaRecord())
    await other.replace("doc", [metaRecord({ schemaHash: "new" })])
    await other.delete("doc")
    await other.delete("doc")
    const rest = []
    for (let step = await load.next(); step.done !== true; step = await load.next()) rest.push(step.value)
    deepEqual(rest, entries(300))
    deepEqual(await collect(one.loadAll("doc")), [metaRecord(), ...entries(300)])
    deepEqual(await collect(other.listDocIds()), [])
    expect(ofApplication()).toEqual(applicationRows)
  })

  it("agree with the model each, at once and under the same ids", async () => {
    const place = (tables: typeof ONE) => () => ({ store: open(tables), reopen: () => open(tables) })
    await Promise.all([
      runModelCheck("one", place(ONE), { sequences: 40 }),
      runModelCheck("other", place(OTHER), { sequences: 40 }),
    ])
    expect(ofApplication()).toEqual(applicationRows)
  })

  it("do not take part in each other's transact", async () => {
    const failing = () =>
      transact(one, tx => {
        tx.append("doc", metaRecord())
        connection.exec("DELETE FROM meta")
        expect(() => transact(other, tx => tx.append("doc", metaRecord()))).toThrow(
          expect.objectContaining({ code: "STORE_IN_TRANSACTION" }),
        )
        throw new Error("changed my mind")
      })
    expect(failing).toThrow("changed my mind")
    await other.append("doc", metaRecord())
    deepEqual(await collect(one.listDocIds()), [])
    deepEqual(await collect(other.listDocIds()), ["doc"])
    expect(ofApplication()).toEqual(applicationRows)
  })

  it("are one store when their names differ in case only, as SQLite's do", async () => {
    const same = open({ meta: "ONE_META", records: "One_Records" })
    await same.append("doc", metaRecord())
    deepEqual(await collect(one.listDocIds()), ["doc"])
  })

  const mixed: [string, NonNullable<SqliteStoreOptions["tables"]>][] = [
    ["another's records", { meta: "third_meta", records: ONE.records }],
    ["another's metadata", { meta: ONE.meta, records: "third_records" }],
    ["another's tables the wrong way round", { meta: ONE.records, records: ONE.meta }],
    ["a table of the application", { meta: "meta", records: "third_records" }],
  ]
  it.each(mixed)("a third one on %s is refused, and nothing is changed (OPEN-2)", async (_, tables) => {
    await one.append("doc", metaRecord())
    await other.append("doc", metaRecord())
    const everything = () =>
      ["sqlite_schema", ...Object.values(ONE), ...Object.values(OTHER), "meta"].map(name =>
        connection.all(`SELECT * FROM "${name}"`),
      )
    const before = everything()
    expect(() => open(tables)).toThrow(expect.objectContaining({ code: "STORE_FORMAT_UNSUPPORTED" }))
    expect(everything()).toEqual(before)
  })
})

describe("names of tables that are no plain identifiers (OPEN-3)", () => {
  const bad: unknown[] = [
    "",
    " ",
    "a b",
    "1a",
    "a-b",
    "main.docs",
    'a"b',
    "a'b",
    "[a]",
    "`a`",
    "a;b",
    'x"; DROP TABLE meta; --',
    "a\0",
    "a\n",
    "é",
    "a".repeat(49),
    "sqlite_docs",
    "SQLITE_docs",
    "pg_docs",
    1,
    null,
    ["docs"],
    { toString: () => "docs" },
  ]
  let dir: TempDir

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => dir.remove())

  it.each(bad)("%j is refused by every way to open, before anything is read or written", async name => {
    const connection = connect("better-sqlite3", ":memory:")
    connection.exec(APPLICATION)
    for (const tables of [{ meta: name }, { records: name }, { meta: "fine", records: name }]) {
      const options = { tables } as SqliteStoreOptions
      const wrong = /tables\.(meta|records)/
      expect(() => createSqliteStore(connection.adapter(), options)).toThrow(TypeError)
      expect(() => createSqliteStore(connection.adapter(), options)).toThrow(wrong)
      await expect(openSqliteStore(dir.file(), options)).rejects.toThrow(TypeError)
      await expect(openSqliteStore(dir.file(), options)).rejects.toThrow(wrong)
    }
    expect(connection.watch.statements).toEqual([])
    expect(connection.isOpen()).toBe(true)
    expect(existsSync(dir.file())).toBe(false)
    connection.close()
  })
})
