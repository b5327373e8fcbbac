import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, type StoreTransaction, transact } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

describe.each(BINDINGS)("transact where a store cannot write, over %s", binding => {
  let dir: TempDir
  let connection: Connection
  let store: SqliteStore

  beforeEach(async () => {
    dir = tempDir()
    connection = connect(binding, dir.file())
    store = createSqliteStore(connection.adapter())
    await store.append("doc", metaRecord())
  })

  afterEach(async () => {
    await store.close().catch(() => {})
    connection.close()
    dir.remove()
  })

  const stored = () => collect(store.loadAll("doc"))

  it("throws STORE_BUSY on a locked database without running the function; later it works", async () => {
    const other = connect(binding, dir.file())
    other.exec("BEGIN IMMEDIATE")
    let runs = 0
    const work = (tx: StoreTransaction) => {
      runs++
      tx.append("doc", entry(1))
    }
    expect(() => transact(store, work)).toThrow(expect.objectContaining({ code: "STORE_BUSY", retryable: true }))
    expect(runs).toBe(0)
    other.exec("ROLLBACK")
    transact(store, work)
    expect(await stored()).toEqual([metaRecord(), entry(1)])
    other.close()
  })

  it("throws STORE_BUSY while a call made before waits for a lock, which keeps its turn", async () => {
    const other = connect(binding, dir.file())
    other.exec("BEGIN IMMEDIATE")
    const waiting = store.append("doc", entry(1))
    const work = (tx: StoreTransaction) => tx.append("doc", entry(2))
    expect(() => transact(store, work)).toThrow(expect.objectContaining({ code: "STORE_BUSY" }))
    other.exec("ROLLBACK")
    await waiting
    transact(store, work)
    expect(await stored()).toEqual([metaRecord(), entry(1), entry(2)])
    other.close()
  })

  it("respects the load guard, which only a committed delete lifts (GUARD-1, GUARD-2)", async () => {
    connection.watch.fault.arm(1)
    await rejects(stored(), "STORE_BACKEND")
    const failed = expect.objectContaining({ code: "STORE_LOAD_FAILED" })
    expect(() => transact(store, tx => tx.append("doc", entry(1)))).toThrow(failed)
    const rolledBack = () => {
      transact(store, tx => {
        tx.delete("doc")
        throw new Error("mine")
      })
    }
    expect(rolledBack).toThrow("mine")
    expect(() => transact(store, tx => tx.append("doc", entry(1)))).toThrow(failed)
    transact(store, tx => tx.delete("doc"))
    transact(store, tx => tx.append("doc", metaRecord({ schemaHash: "2" })))
    expect(await stored()).toEqual([metaRecord({ schemaHash: "2" })])
  })
})
