import { join } from "node:path"
import { collect, entry, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore } from "../src/index.js"
import { createStatements } from "../src/statements.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

const TEXTS = createStatements({ meta: "holdfast_meta", records: "holdfast_records" })

/** So many that the database is asked whether anybody else wrote. */
const IDS = Array.from({ length: 40 }, (_, i) => `doc ${i}`)

describe.each(BINDINGS)("groups of entries of known documents over %s", binding => {
  let directory: TempDir
  let connection: Connection
  let store: SqliteStore

  beforeEach(async () => {
    directory = tempDir()
    connection = connect(binding, join(directory.path, "store.sqlite"))
    store = createSqliteStore(connection.adapter({ lent: true }))
    await Promise.all(IDS.map(id => store.append(id, metaRecord())))
    for (const value of [1, 2]) await appendToAll(value)
  })

  afterEach(async () => {
    await store.close()
    connection.close()
    directory.remove()
  })

  async function appendToAll(value: number): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(IDS.map(id => store.append(id, entry(value))))
  }

  /** How many rows the last calls inserted, by whether they proved their numbers. */
  function inserted(): { proved: number; bare: number } {
    const count = (sql: string) => connection.watch.statements.filter(statement => statement.sql === sql).length
    return { proved: count(TEXTS.insertGuessed), bare: count(TEXTS.insertRow) }
  }

  /** Every document is whole, and ends with the entry, but for the one by this id, which holds these. */
  async function expectAll(value: number, id: string, records: readonly unknown[]): Promise<void> {
    for (const one of IDS) {
      const found = await collect(store.loadAll(one))
      if (one === id) expect(found).toEqual(records)
      else expect(found).toEqual([metaRecord(), entry(1), entry(2), entry(value)])
    }
  }

  it("rows prove their numbers once, and no more while nobody else writes", async () => {
    connection.watch.clear()
    await appendToAll(3)
    expect(inserted()).toEqual({ proved: 0, bare: IDS.length })
    await store.append("doc 0", entry(4))
    await store.append("doc 1", entry(4))
    connection.watch.clear()
    await appendToAll(5)
    expect(inserted()).toEqual({ proved: 0, bare: IDS.length })
  })

  it("small groups and lone entries prove their numbers", async () => {
    connection.watch.clear()
    await Promise.all(IDS.slice(0, 5).map(id => store.append(id, entry(3))))
    await store.append("doc 0", entry(4))
    expect(inserted()).toEqual({ proved: 6, bare: 0 })
  })

  it("SHARE-1 another connection that replaced a document twice is noticed", async () => {
    const other = connect(binding, join(directory.path, "store.sqlite"))
    const elsewhere = createSqliteStore(other.adapter())
    for (const value of [10, 11]) await elsewhere.replace("doc 3", [metaRecord(), entry(value)])
    await elsewhere.close()
    await appendToAll(3)
    await expectAll(3, "doc 3", [metaRecord(), entry(11), entry(3)])
  })

  it("SHARE-1 another store on the connection that replaced a document twice is noticed", async () => {
    const beside = createSqliteStore(connection.adapter({ lent: true }))
    for (const value of [10, 11]) await beside.replace("doc 3", [metaRecord(), entry(value)])
    await appendToAll(3)
    await expectAll(3, "doc 3", [metaRecord(), entry(11), entry(3)])
    await beside.close()
  })

  it("SHARE-3 the application that deleted a document on the connection is noticed", async () => {
    const [row] = connection.all("SELECT doc FROM holdfast_meta WHERE doc_id = 'doc 3'")
    connection.exec(`DELETE FROM holdfast_records WHERE doc = ${row?.doc}`)
    connection.exec(`DELETE FROM holdfast_meta WHERE doc = ${row?.doc}`)
    const results = await appendToAll(3)
    const refused = results.flatMap((result, i) => (result.status === "rejected" ? [[IDS[i], result.reason.code]] : []))
    expect(refused).toEqual([["doc 3", "STORE_META_MISSING"]])
    await expectAll(3, "doc 3", [])
  })

  it("DELETE-3 tables made anew on the connection are noticed", async () => {
    connection.exec("DROP TABLE holdfast_records; DROP TABLE holdfast_meta")
    connection.exec(`${TEXTS.createMeta}; ${TEXTS.createRecords}`)
    for (const result of await appendToAll(3)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "STORE_META_MISSING" } })
    }
    expect(connection.all("SELECT count(*) AS rows FROM holdfast_records")).toEqual([{ rows: 0 }])
  })

  it("where SQLite may not use the pragmas, every row proves its numbers", async () => {
    connection.watch.before = sql => {
      if (sql === TEXTS.readMarks) throw Object.assign(new Error("not authorized"), { code: "SQLITE_AUTH" })
    }
    const plain = createSqliteStore(connection.adapter({ lent: true }))
    const append = (value: number) => Promise.all(IDS.map(id => plain.append(id, entry(value))))
    for (const value of [3, 4]) await append(value)
    connection.watch.clear()
    await append(5)
    expect(inserted()).toEqual({ proved: IDS.length, bare: 0 })
    await plain.close()
  })

  it("WRITE-2 a group that failed leaves numbers that are right", async () => {
    let count = 0
    connection.watch.before = sql => {
      if (sql === TEXTS.insertRow && ++count === 20) throw new Error("the disk is on fire")
    }
    const failed = await appendToAll(3)
    connection.watch.before = () => {}
    expect(count).toBeGreaterThanOrEqual(20)
    for (const value of [4, 5]) await appendToAll(value)
    const stored = failed.map(({ status }) => (status === "fulfilled" ? [entry(3)] : []))
    for (const [i, id] of IDS.entries()) {
      const expected = [metaRecord(), entry(1), entry(2), ...(stored[i] as unknown[]), entry(4), entry(5)]
      expect(await collect(store.loadAll(id))).toEqual(expected)
    }
  })
})
