import { collect, deepEqual, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, transact } from "../src/index.js"
import { BINDINGS } from "./support/connection.js"
import { type Host, openHost } from "./support/host.js"

describe.each(BINDINGS)("while the host iterates over rows on a connection of %s that it lent", binding => {
  const BUDGET = 100
  let host: Host
  let store: SqliteStore
  let rows: Iterator<unknown>

  beforeEach(async () => {
    host = openHost(binding, ":memory:")
    host.exec("CREATE TABLE host (x); INSERT INTO host VALUES (1), (2), (3)")
    store = createSqliteStore(host.adapter())
    await store.append("doc", metaRecord())
    rows = host.iterate("SELECT x FROM host")
    rows.next()
  })

  afterEach(async () => {
    rows.return?.()
    await store.close()
    host.close()
  })

  const rest = () =>
    [rows.next().value, rows.next().value, rows.next().done].map(one => (one as { x?: unknown })?.x ?? one)

  it("writes are stored when the iteration ends at the latest, and reads answered at once (WRITE-4)", async () => {
    const outcomes: string[] = []
    const calls = [store.append("doc", entry(1)), store.append("new", metaRecord()), store.delete("gone")]
    const note = (outcome: string) => () => outcomes.push(outcome)
    for (const call of calls) call.then(note("stored"), note("failed"))
    // A listing would wait for the writes, as it has to show them.
    expect(await store.currentMeta("other")).toBe(null)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(outcomes).toEqual(binding === "better-sqlite3" ? [] : ["stored", "stored", "stored"])
    expect(rest(), "the rows of the host").toEqual([2, 3, true])
    await Promise.all(calls)
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(1)])
    deepEqual(await collect(store.listDocIds()), ["doc", "new"])
  })

  it("a store is made, and does what it is asked when the iteration ends", async () => {
    const other = createSqliteStore(host.adapter(), { tables: { meta: "later_meta", records: "later_records" } })
    const append = other.append("doc", metaRecord())
    await new Promise(resolve => setTimeout(resolve, 20))
    rows.return?.()
    await append
    deepEqual(await collect(other.loadAll("doc")), [metaRecord()])
    await other.close()
  })

  it("of a statement that writes, nothing is acknowledged that the end of the process would undo (WRITE-5)", async () => {
    rows.return?.()
    const writing = host.iterate("INSERT INTO host VALUES (4), (5) RETURNING x")
    writing.next()
    let stored = false
    const append = store.append("doc", entry(1)).then(() => {
      stored = true
    })
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(stored).toBe(false)
    writing.return?.()
    await append
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(1)])
  })

  it("close waits for the writes called before it (CLOSE-1)", async () => {
    const append = store.append("doc", entry(1))
    const closed = store.close()
    rows.return?.()
    await Promise.all([append, closed])
    const again = createSqliteStore(host.adapter())
    deepEqual(await collect(again.loadAll("doc")), [metaRecord(), entry(1)])
    await again.close()
  })

  if (binding !== "better-sqlite3") return

  it("for longer than busyTimeout, writes reject with STORE_BUSY saying why, and work again afterwards", async () => {
    const hurried = createSqliteStore(host.adapter(), { busyTimeout: BUDGET })
    const busy = { retryable: true, outcome: "none", messageIncludes: "iterate" } as const
    await rejects(hurried.append("doc", entry(1)), "STORE_BUSY", { ...busy, docId: "doc" })
    await rejects(hurried.replace("doc", [metaRecord()]), "STORE_BUSY", busy)
    await rejects(hurried.delete("doc"), "STORE_BUSY", busy)
    deepEqual(await collect(hurried.loadAll("doc")), [metaRecord()])
    rows.return?.()
    await hurried.append("doc", entry(2))
    deepEqual(await collect(hurried.loadAll("doc")), [metaRecord(), entry(2)])
    await hurried.close()
  })

  it("transact throws STORE_BUSY at once, and nothing has happened", async () => {
    const write = () => transact(store, tx => tx.append("doc", entry(1)))
    expectBusy(write)
    rows.return?.()
    deepEqual(await collect(store.loadAll("doc")), [metaRecord()])
    write()
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(1)])
  })

  it("within transact, a write throws STORE_BUSY and everything is rolled back", async () => {
    rows.return?.()
    const copy = () =>
      transact(store, tx => {
        host.exec("DELETE FROM host WHERE x = 1")
        const left = { [Symbol.iterator]: () => host.iterate("SELECT x FROM host") }
        for (const _ of left) tx.append("doc", entry(1))
      })
    expectBusy(copy)
    expect(host.value("SELECT count(*) FROM host")).toBe(3)
    await store.append("doc", entry(2))
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(2)])
  })
})

function expectBusy(run: () => unknown): void {
  expect(run).toThrow(expect.objectContaining({ code: "STORE_BUSY", message: expect.stringContaining("iterate") }))
}
