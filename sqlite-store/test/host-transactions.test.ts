import { collect, entry, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteAdapter, type SqliteStore, transact } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

describe.each(BINDINGS)("a connection that nobody else uses, over %s", binding => {
  let directory: TempDir
  let connection: Connection
  let store: SqliteStore
  let asked: number

  /** The adapter, with a count of how often it is asked for its transaction. */
  function counted(adapter: SqliteAdapter): SqliteAdapter {
    return {
      ...adapter,
      get inTransaction() {
        asked++
        return adapter.inTransaction
      },
    }
  }

  beforeEach(async () => {
    directory = tempDir()
    connection = connect(binding, directory.file())
    store = createSqliteStore(counted(connection.adapter({ lent: true, exclusive: true })))
    for (const id of ["doc", "other"]) await store.append(id, metaRecord())
    asked = 0
  })

  afterEach(async () => {
    await store.close()
    connection.close()
    directory.remove()
  })

  /** No rollback succeeds and no commit, so a transaction of the store's own stays open. */
  function leaveOpen(): void {
    connection.watch.before = sql => {
      if (sql === "COMMIT" || sql === "ROLLBACK") throw new Error("disk I/O error")
    }
  }

  /** Of a document whose numbers the store still knows, so that one statement would be all. */
  async function expectRefused(): Promise<void> {
    connection.watch.before = () => {}
    await expect(store.append("other", entry(2))).rejects.toMatchObject({ code: "STORE_IN_TRANSACTION" })
    connection.exec("ROLLBACK")
    await store.append("other", entry(3))
    expect(await collect(store.loadAll("doc"))).toEqual([metaRecord()])
    expect(await collect(store.loadAll("other"))).toEqual([metaRecord(), entry(3)])
  }

  it("is not asked whether it is in a transaction, which takes a lone write a thirtieth of its time", async () => {
    for (const value of [1, 2, 3]) await store.append("doc", entry(value))
    expect(asked).toBe(0)
  })

  it("that others use is asked before every write (SHARE-4)", async () => {
    const shared = createSqliteStore(counted(connection.adapter({ lent: true })))
    await shared.append("doc", entry(1))
    asked = 0
    for (const value of [2, 3]) await shared.append("doc", entry(value))
    expect(asked).toBeGreaterThanOrEqual(2)
    await shared.close()
  })

  it("is asked after a commit that failed: what is written into a transaction left open is not acknowledged", async () => {
    leaveOpen()
    const calls = [store.append("doc", entry(1)), store.append("doc", entry(1))]
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    await expectRefused()
  })

  it("is asked after transact, in which the application uses it", async () => {
    leaveOpen()
    expect(() => transact(store, tx => tx.append("doc", entry(1)))).toThrow()
    await expectRefused()
  })

  it("is asked after opening the tables failed, in a read too", async () => {
    const fresh = connection.adapter({ lent: true, exclusive: true })
    const other = connect(binding, directory.file())
    other.exec("BEGIN IMMEDIATE")
    const late = createSqliteStore(fresh, { tables: { meta: "late_meta", records: "late_records" }, busyTimeout: 0 })
    other.exec("COMMIT")
    leaveOpen()
    await expect(late.currentMeta("elsewhere")).rejects.toMatchObject({ code: "STORE_BACKEND" })
    connection.watch.before = () => {}
    await expect(late.currentMeta("elsewhere")).rejects.toMatchObject({ code: "STORE_IN_TRANSACTION" })
    connection.exec("ROLLBACK")
    await late.append("doc", metaRecord())
    expect(await collect(late.loadAll("doc"))).toEqual([metaRecord()])
    await late.close()
    other.close()
  })

  it("in a transaction is refused when the store is made", () => {
    connection.exec("BEGIN")
    const make = () => createSqliteStore(connection.adapter({ lent: true, exclusive: true }))
    expect(make).toThrow(expect.objectContaining({ code: "STORE_IN_TRANSACTION" }))
    connection.exec("COMMIT")
  })
})
