import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { checkSqliteAdapter, collect, entry, metaRecord } from "@holdfast/testing"
import { createSqliteStore, fromBunSqlite, transact } from "../../src/index.js"

const isOpen = (db: Database) => {
  try {
    return db.query("SELECT 1").all().length === 1
  } catch {
    return false
  }
}

test("CLOSE: closes the database it was given, also twice, unless it was lent", async () => {
  for (const lent of [true, false]) {
    const db = new Database(":memory:")
    const store = createSqliteStore(fromBunSqlite(db, { lent }))
    await store.append("doc", metaRecord())
    await store.close()
    await store.close()
    expect(isOpen(db)).toBe(lent)
    db.close()
  }
})

test("fromBunSqlite is a sound adapter, whatever options the database has", async () => {
  for (const options of [{}, { safeIntegers: true }, { strict: true }]) {
    const findings = await checkSqliteAdapter(() => fromBunSqlite(new Database(":memory:", options)))
    expect(findings.filter(finding => !finding.ok)).toEqual([])
  }
})

test("a closed adapter may be closed again, and a lent database be used by another store", async () => {
  const db = new Database(":memory:")
  const adapter = fromBunSqlite(db, { lent: true })
  adapter.exec("CREATE TABLE a (b)")
  adapter.close()
  adapter.close()
  const store = createSqliteStore(fromBunSqlite(db))
  await store.append("doc", metaRecord())
  expect(await collect(store.loadAll("doc"))).toEqual([metaRecord()])
  await store.close()
})

test("two iterations of one statement are independent", () => {
  const adapter = fromBunSqlite(new Database(":memory:"))
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n"
  const one = adapter.iterate<{ i: number }>(numbers)[Symbol.iterator]()
  const two = adapter.iterate<{ i: number }>(numbers)[Symbol.iterator]()
  const seen = [one.next(), two.next(), one.next(), two.next(), one.next(), two.next()]
  expect(seen.map(step => step.value.i)).toEqual([1, 1, 2, 2, 3, 3])
  adapter.close()
})

test("a database with big integers and strict parameters gives numbers and bytes", () => {
  const adapter = fromBunSqlite(new Database(":memory:", { safeIntegers: true, strict: true }))
  const bytes = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
  const [row] = adapter.iterate<object>("SELECT ? AS n, ? AS b, ? AS empty", 2 ** 53 - 1, bytes, new Uint8Array())
  expect(row).toEqual({ n: 2 ** 53 - 1, b: new Uint8Array([1, 2]), empty: new Uint8Array() })
  adapter.close()
})

test("refuses to write inside a transaction of the host, and leaves that transaction as it is", async () => {
  const db = new Database(":memory:")
  const store = createSqliteStore(fromBunSqlite(db))
  await store.append("doc", metaRecord())
  db.run("CREATE TABLE host (a)")
  db.run("BEGIN")
  db.run("INSERT INTO host VALUES (1)")
  await expect(store.append("doc", entry(1))).rejects.toMatchObject({ code: "STORE_IN_TRANSACTION" })
  db.run("COMMIT")
  expect(db.query("SELECT a FROM host").values()).toEqual([[1]])
  expect(await collect(store.loadAll("doc"))).toHaveLength(1)
  await store.close()
})

test("transact writes rows of the application and records in one commit", async () => {
  const db = new Database(":memory:")
  const store = createSqliteStore(fromBunSqlite(db))
  db.run("CREATE TABLE host (a)")
  const write = (fail: boolean) =>
    transact(store, tx => {
      db.run("INSERT INTO host VALUES (1)")
      tx.append("doc", metaRecord())
      if (fail) throw new Error("no")
    })
  expect(() => write(true)).toThrow("no")
  expect(await collect(store.listDocIds())).toEqual([])
  write(false)
  expect(await collect(store.listDocIds())).toEqual(["doc"])
  expect(db.query("SELECT count(*) AS n FROM host").get()).toEqual({ n: 1 })
  await store.close()
})

test("a connection that the host closed under the store is reported as such", async () => {
  const db = new Database(":memory:")
  const store = createSqliteStore(fromBunSqlite(db))
  await store.append("doc", metaRecord())
  db.close()
  await expect(store.append("doc", entry(1))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })
  await expect(store.currentMeta("doc")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })
})
