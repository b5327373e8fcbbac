import { collect, entries, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"
import { plainAdapter } from "./support/watch.js"

describe.each(BINDINGS)("a store over %s", binding => {
  let dir: TempDir
  let connection: Connection
  let other: Connection
  let store: SqliteStore

  beforeEach(async () => {
    dir = tempDir()
    connection = connect(binding, dir.file())
    other = connect(binding, dir.file())
    store = createSqliteStore(connection.adapter(), { busyTimeout: 2000 })
    await store.append("doc", metaRecord())
  })

  afterEach(async () => {
    await store.close().catch(() => {})
    connection.close()
    other.close()
    dir.remove()
  })

  const stored = () => collect(store.loadAll("doc"))

  describe("on a full disk", () => {
    const large = entry("x".repeat(500_000))

    function limitPages(more: number): void {
      const pages = Number(connection.all("PRAGMA page_count")[0]?.page_count)
      connection.exec(`PRAGMA max_page_count = ${pages + more}`)
    }

    it("rejects with STORE_FULL, still reads, and writes again when there is space (WRITE-2, WRITE-4)", async () => {
      limitPages(3)
      await rejects(store.append("doc", large), "STORE_FULL", { docId: "doc", outcome: "none" })
      await rejects(store.replace("doc", [metaRecord(), large]), "STORE_FULL", { docId: "doc" })
      expect(await stored()).toEqual([metaRecord()])
      limitPages(1000)
      await store.append("doc", large)
      expect(await stored()).toEqual([metaRecord(), large])
    })

    it("fails only the write that is too large for what is left (ORDER-4)", async () => {
      limitPages(3)
      const calls = [store.append("doc", entry(1)), store.append("doc", large), store.append("doc", entry(2))]
      const settled = await Promise.allSettled(calls)
      expect(settled.map(one => one.status)).toEqual(["fulfilled", "rejected", "fulfilled"])
      expect(await stored()).toEqual([metaRecord(), entry(1), entry(2)])
    })
  })

  describe("locked by another connection", () => {
    it("tries again while the event loop runs on, and stores when the lock is gone", async () => {
      other.exec("BEGIN IMMEDIATE")
      const events: string[] = []
      const append = store.append("doc", entry(1)).then(() => events.push("stored"))
      setTimeout(() => events.push("timer"), 20)
      setTimeout(() => {
        events.push("released")
        other.exec("COMMIT")
      }, 100)
      await append
      expect(events).toEqual(["timer", "released", "stored"])
    })

    it("rejects with STORE_BUSY after busyTimeout, stores nothing and works again (WRITE-4)", async () => {
      const hurried = createSqliteStore(connection.adapter({ lent: true }), { busyTimeout: 50 })
      other.exec("BEGIN IMMEDIATE")
      const calls = [hurried.append("doc", entry(1)), hurried.append("new", metaRecord()), hurried.delete("doc")]
      await Promise.all(calls.map(call => rejects(call, "STORE_BUSY", { retryable: true, outcome: "none" })))
      other.exec("ROLLBACK")
      expect(await collect(hurried.loadAll("doc"))).toEqual([metaRecord()])
      await hurried.append("doc", entry(2))
      expect(await collect(hurried.loadAll("doc"))).toEqual([metaRecord(), entry(2)])
      await hurried.close()
    })

    it("waits when a reader keeps the commit from happening", async () => {
      other.exec("BEGIN")
      other.all("SELECT * FROM holdfast_meta")
      // A rollback journal: the transaction can begin, and its commit finds the reader's lock.
      setTimeout(() => other.exec("COMMIT"), 100)
      await Promise.all(entries(3).map(record => store.append("doc", record)))
      await store.append("doc", entry(4))
      expect(await stored()).toEqual([metaRecord(), ...entries(4)])
    })

    it("reads are tried again too", async () => {
      other.exec("BEGIN EXCLUSIVE")
      setTimeout(() => other.exec("COMMIT"), 100)
      const [meta, records, ids] = await Promise.all([store.currentMeta("doc"), stored(), collect(store.listDocIds())])
      expect([meta, records, ids]).toEqual([metaRecord().meta, [metaRecord()], ["doc"]])
    })

    it("may be created on a locked database and opens it with its first call", async () => {
      const names = { meta: "later_meta", records: "later_records" }
      other.exec("BEGIN EXCLUSIVE")
      const late = createSqliteStore(connection.adapter({ lent: true }), { tables: names })
      setTimeout(() => other.exec("COMMIT"), 50)
      await late.append("doc", metaRecord())
      expect(await collect(late.loadAll("doc"))).toEqual([metaRecord()])
      await late.close()
    })
  })

  describe("inside a transaction of the host (SHARE-4)", () => {
    it("rejects writes, reads, and leaves the transaction to the host", async () => {
      connection.exec("CREATE TABLE mine (x); BEGIN; INSERT INTO mine VALUES (1)")
      await rejects(store.append("doc", entry(1)), "STORE_IN_TRANSACTION", { docId: "doc", outcome: "none" })
      await rejects(store.replace("doc", [metaRecord()]), "STORE_IN_TRANSACTION")
      await rejects(store.delete("doc"), "STORE_IN_TRANSACTION")
      expect(await store.currentMeta("doc")).toEqual(metaRecord().meta)
      expect(await stored()).toEqual([metaRecord()])
      connection.exec("COMMIT")
      expect(connection.all("SELECT x FROM mine")).toEqual([{ x: 1 }])
      await store.append("doc", entry(1))
      expect(await stored()).toEqual([metaRecord(), entry(1)])
    })

    it("neither commits nor rolls back what the host may still roll back", async () => {
      connection.exec("CREATE TABLE mine (x); BEGIN; INSERT INTO mine VALUES (1)")
      await rejects(store.append("doc", entry(1)), "STORE_IN_TRANSACTION")
      connection.exec("ROLLBACK")
      expect(connection.all("SELECT x FROM mine")).toEqual([])
      expect(await stored()).toEqual([metaRecord()])
    })

    it("does so too over an adapter that cannot tell", async () => {
      const plain = createSqliteStore(plainAdapter(connection.adapter({ lent: true }), { pass() {} }))
      connection.exec("CREATE TABLE mine (x); BEGIN; INSERT INTO mine VALUES (1)")
      await rejects(plain.append("doc", entry(1)), "STORE_IN_TRANSACTION", { docId: "doc" })
      connection.exec("COMMIT")
      expect(connection.all("SELECT x FROM mine")).toEqual([{ x: 1 }])
      await plain.append("doc", entry(1))
      await plain.close()
      expect(await stored()).toEqual([metaRecord(), entry(1)])
    })

    it("is not created", () => {
      connection.exec("BEGIN")
      const make = () => createSqliteStore(connection.adapter({ lent: true }))
      expect(make).toThrow(expect.objectContaining({ code: "STORE_IN_TRANSACTION" }))
      connection.exec("COMMIT")
      make()
    })
  })

  describe("whose connection the host closed", () => {
    it("rejects every call with STORE_UNAVAILABLE, and closes", async () => {
      const loading = store.loadAll("doc")
      connection.close()
      await rejects(store.append("doc", entry(1)), "STORE_UNAVAILABLE", { outcome: "none", retryable: false })
      await rejects(store.delete("doc"), "STORE_UNAVAILABLE")
      await rejects(store.currentMeta("doc"), "STORE_UNAVAILABLE")
      await rejects(collect(loading), "STORE_UNAVAILABLE")
      await rejects(collect(store.listDocIds()), "STORE_UNAVAILABLE")
      await store.close()
    })
  })

  describe("whose connection cannot be closed now", () => {
    it("rejects and can be closed again (CLOSE-3)", async () => {
      connection.watch.before = sql => {
        if (sql === "close") throw new Error("not now")
      }
      await Promise.all([rejects(store.close(), "STORE_BACKEND"), rejects(store.close(), "STORE_BACKEND")])
      await rejects(store.currentMeta("doc"), "STORE_CLOSED")
      connection.watch.before = () => {}
      await store.close()
      expect(connection.isOpen()).toBe(false)
    })
  })

  describe("whose ROLLBACK fails", () => {
    const failing = (sqls: string[]) => (sql: string) => {
      const at = sqls.findIndex(start => sql.startsWith(start))
      if (at >= 0) throw new Error(`${sqls.splice(at, 1)[0]} failed`)
    }

    it("keeps the first error and leaves no transaction open (WRITE-4)", async () => {
      connection.watch.before = failing(["INSERT", "ROLLBACK"])
      const append = store.append("doc", metaRecord({ schemaHash: "2" }))
      const error = await rejects(append, "STORE_BACKEND", { outcome: "none" })
      expect(error.message).toContain("INSERT failed")
      connection.exec("BEGIN; COMMIT")
      await store.append("doc", entry(1))
      expect(await stored()).toEqual([metaRecord(), entry(1)])
    })

    it("does so when COMMIT fails", async () => {
      connection.watch.before = failing(["COMMIT", "ROLLBACK"])
      const error = await rejects(store.append("doc", metaRecord({ schemaHash: "2" })), "STORE_BACKEND")
      expect(error.message).toContain("COMMIT failed")
      connection.exec("BEGIN; COMMIT")
      expect(await stored()).toEqual([metaRecord()])
    })
  })
})
