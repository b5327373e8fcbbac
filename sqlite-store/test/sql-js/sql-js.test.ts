import { checkSqliteAdapter, collect, entry, metaRecord } from "@holdfast/testing"
import initSqlJs, { type Database } from "sql.js"
import { expect, it } from "vitest"
import { createSqliteStore, fromSqlJs } from "../../src/index.js"

const SQL = await initSqlJs()

async function withStore(lent: boolean, test: (db: Database, store: ReturnType<typeof createSqliteStore>) => unknown) {
  const db = new SQL.Database()
  const store = createSqliteStore(fromSqlJs(db, { lent }))
  await store.append("doc", metaRecord())
  try {
    await test(db, store)
  } finally {
    await store.close()
    db.close()
  }
}

it("is a sound adapter", async () => {
  const findings = await checkSqliteAdapter(() => fromSqlJs(new SQL.Database()))
  expect(findings.filter(finding => !finding.ok)).toEqual([])
})

it("keeps working after export(), and the export holds what was acknowledged", () =>
  withStore(true, async (db, store) => {
    for (let i = 1; i <= 3; i++) {
      await store.append("doc", entry(i))
      const copy = createSqliteStore(fromSqlJs(new SQL.Database(db.export())))
      expect(await collect(copy.loadAll("doc"))).toEqual(await collect(store.loadAll("doc")))
      await copy.close()
    }
  }))

it("CLOSE: closes the database it was given, unless it was lent", async () => {
  const isOpen = (db: Database) => {
    try {
      return db.exec("SELECT 1").length === 1
    } catch {
      return false
    }
  }
  for (const lent of [true, false]) {
    await withStore(lent, async (db, store) => {
      await store.close()
      await store.close()
      expect(isOpen(db)).toBe(lent)
    })
  }
})

it("refuses to write inside a transaction of the host, and leaves that transaction as it is", () =>
  withStore(true, async (db, store) => {
    db.run("CREATE TABLE host (a)")
    db.run("BEGIN")
    db.run("INSERT INTO host VALUES (1)")
    await expect(store.append("doc", entry(1))).rejects.toMatchObject({ code: "STORE_IN_TRANSACTION" })
    db.run("COMMIT")
    expect(db.exec("SELECT a FROM host")[0]?.values).toEqual([[1]])
    expect(await collect(store.loadAll("doc"))).toHaveLength(1)
  }))

it("reports a database that the host closed under the store as such", () =>
  withStore(true, async (db, store) => {
    await store.append("doc", entry(1))
    db.close()
    await expect(store.append("doc", entry(2))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })
    await expect(store.append("other", metaRecord())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })
    await expect(collect(store.listDocIds())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })
  }))
