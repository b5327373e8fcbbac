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

  async function open(exclusive: boolean): Promise<void> {
    store = createSqliteStore(connection.adapter({ lent: true, exclusive }))
    await Promise.all(IDS.map(id => store.append(id, metaRecord())))
    for (const value of [1, 2]) await appendToAll(value)
  }

  beforeEach(() => {
    directory = tempDir()
    connection = connect(binding, directory.file())
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

  function refused(results: readonly PromiseSettledResult<void>[]): unknown[] {
    return results.flatMap((result, i) => (result.status === "rejected" ? [[IDS[i], result.reason.code]] : []))
  }

  describe("on a connection that nobody else uses", () => {
    beforeEach(() => open(true))

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

    it("where SQLite has no tables of pragmas, every row proves its numbers", async () => {
      connection.watch.before = sql => {
        if (sql === TEXTS.readMarks) throw new Error("no such table: pragma_data_version")
      }
      const plain = createSqliteStore(connection.adapter({ lent: true, exclusive: true }))
      const append = (value: number) => Promise.all(IDS.map(id => plain.append(id, entry(value))))
      for (const value of [3, 4]) await append(value)
      connection.watch.clear()
      await append(5)
      expect(inserted()).toEqual({ proved: IDS.length, bare: 0 })
      await plain.close()
    })

    it("SHARE-1 another connection that replaced a document twice is noticed", async () => {
      const elsewhere = createSqliteStore(connect(binding, directory.file()).adapter())
      for (const value of [10, 11]) await elsewhere.replace("doc 3", [metaRecord(), entry(value)])
      await elsewhere.close()
      await appendToAll(3)
      await expectAll(3, "doc 3", [metaRecord(), entry(11), entry(3)])
    })

    it("DELETE-3 tables made anew by another connection are noticed", async () => {
      const other = connect(binding, directory.file())
      other.exec("DROP TABLE holdfast_records; DROP TABLE holdfast_meta")
      other.exec(`${TEXTS.createMeta}; ${TEXTS.createRecords}`)
      other.close()
      expect(refused(await appendToAll(3))).toEqual(IDS.map(id => [id, "STORE_META_MISSING"]))
      expect(connection.all("SELECT count(*) AS rows FROM holdfast_records")).toEqual([{ rows: 0 }])
    })

    it("SHARE-3 a trigger in the database that deleted a document is noticed", async () => {
      const other = connect(binding, directory.file())
      other.exec(
        "CREATE TRIGGER purge AFTER INSERT ON holdfast_records WHEN new.version = '4' BEGIN DELETE FROM holdfast_meta WHERE doc_id = 'doc 3'; DELETE FROM holdfast_records WHERE doc = (SELECT max(doc) FROM holdfast_records WHERE doc NOT IN (SELECT doc FROM holdfast_meta)); END",
      )
      other.close()
      for (const value of [1, 2]) await appendToAll(value)
      await store.append("doc 0", entry(4, { version: "4" }))
      expect(refused(await appendToAll(3))).toEqual([["doc 3", "STORE_META_MISSING"]])
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

  describe("on a connection that the application uses too", () => {
    beforeEach(() => open(false))

    it("every row proves its numbers", async () => {
      connection.watch.clear()
      await appendToAll(3)
      expect(inserted()).toEqual({ proved: IDS.length, bare: 0 })
    })

    it("SHARE-1 another store on the connection that replaced a document twice is noticed", async () => {
      const beside = createSqliteStore(connection.adapter({ lent: true }))
      for (const value of [10, 11]) await beside.replace("doc 3", [metaRecord(), entry(value)])
      await appendToAll(3)
      await expectAll(3, "doc 3", [metaRecord(), entry(11), entry(3)])
      await beside.close()
    })

    it("SHARE-3 a document renamed by a statement that failed, whose changes SQLite does not count, is noticed", async () => {
      connection.exec(`CREATE TABLE log (line);
        CREATE TRIGGER rename BEFORE INSERT ON log BEGIN
          UPDATE holdfast_meta SET doc_id = CASE doc_id WHEN 'doc 3' THEN 'renamed' ELSE 'doc 5' END
          WHERE doc_id IN ('doc 3', 'doc 4');
        END`)
      for (const value of [1, 2]) await appendToAll(value)
      expect(() => connection.exec("INSERT OR FAIL INTO log VALUES (1)")).toThrow("UNIQUE")
      expect(await collect(store.listDocIds("renamed"))).toEqual(["renamed"])
      expect(refused(await appendToAll(3))).toEqual([["doc 3", "STORE_META_MISSING"]])
    })
  })
})
