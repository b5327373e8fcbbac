import { DatabaseSync } from "node:sqlite"
import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type OpenSqliteOptions, openSqliteStore } from "../src/open.js"
import { type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

let dir: TempDir
let path: string
let other: Connection

beforeEach(() => {
  dir = tempDir()
  path = dir.file()
  // The SQLite that the store uses: two copies of the library in one process do not see each other's locks.
  other = connect("node:sqlite", path)
})

afterEach(() => {
  other.close()
  dir.remove()
})

/** With a rollback journal, an exclusive lock keeps readers out too. */
function lock(): void {
  other.exec("BEGIN EXCLUSIVE")
}

describe("openSqliteStore on a locked database", () => {
  it("waits for the lock while the event loop runs on", async () => {
    other.exec("CREATE TABLE mine (x)")
    lock()
    const events: string[] = []
    const release = setTimeout(() => {
      events.push("released")
      other.exec("COMMIT")
    }, 300)
    const store = await openSqliteStore(path)
    events.push("opened")
    clearTimeout(release)
    expect(events).toEqual(["released", "opened"])
    await store.append("doc", metaRecord())
    await store.close()
  })

  it("rejects with STORE_BUSY after busyTimeout, and opens later", async () => {
    other.exec("CREATE TABLE mine (x)")
    lock()
    await rejects(openSqliteStore(path, { busyTimeout: 100 }), "STORE_BUSY", { retryable: true, outcome: "none" })
    other.exec("COMMIT")
    const store = await openSqliteStore(path, { busyTimeout: 100 })
    await store.close()
  })

  it("opens an existing store while another connection writes, and reads it", async () => {
    const first = await openSqliteStore(path)
    await first.append("doc", metaRecord())
    other.exec("BEGIN IMMEDIATE")
    const second = await openSqliteStore(path, { busyTimeout: 100 })
    expect(await collect(second.loadAll("doc"))).toEqual([metaRecord()])
    await rejects(second.append("doc", entry(1)), "STORE_BUSY")
    other.exec("ROLLBACK")
    await second.append("doc", entry(1))
    await Promise.all([first.close(), second.close()])
  })
})

describe("openSqliteStore sets", () => {
  /** The pragmas of the connection that `openSqliteStore` made, asked on that connection. */
  async function pragmas(options: OpenSqliteOptions): Promise<Record<string, unknown>> {
    const prepare = vi.spyOn(DatabaseSync.prototype, "prepare")
    const store = await openSqliteStore(path, options)
    const db = prepare.mock.contexts[0] as DatabaseSync
    prepare.mockRestore()
    const names = ["journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit", "busy_timeout"]
    const values = names.map(name => [name, Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]])
    await store.close()
    return Object.fromEntries(values)
  }

  const common = {
    journal_mode: "wal",
    wal_autocheckpoint: 8000,
    journal_size_limit: 48 * 1024 * 1024,
    busy_timeout: 10,
  }

  it("by default: every commit waits for the disk", async () => {
    expect(await pragmas({})).toEqual({ ...common, synchronous: 2 })
  })

  it('with durability "full": the same', async () => {
    expect(await pragmas({ durability: "full" })).toEqual({ ...common, synchronous: 2 })
  })

  it('with durability "normal": only checkpoints wait', async () => {
    expect(await pragmas({ durability: "normal" })).toEqual({ ...common, synchronous: 1 })
  })
})
