import { createSqliteStore, fromBetterSqlite3 } from "@holdfast/sqlite-store"
import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import Database from "better-sqlite3"
import { afterEach, describe, expect, it } from "vitest"
import { createPrismaStore } from "../src/index.js"
import { SqlitePlace } from "./support/sqlite.js"

const places: SqlitePlace[] = []
afterEach(async () => {
  for (const place of places.splice(0)) await place.dispose()
})

/** A document with three records, and another connection that writes at once. */
async function opened() {
  const place = new SqlitePlace()
  places.push(place)
  await place.create()
  const store = await createPrismaStore({ client: place.client() })
  await store.append("a", metaRecord())
  await store.append("a", entry("1"))
  await store.append("a", entry("2"))
  const db = new Database(place.path())
  const other = createSqliteStore(fromBetterSqlite3(db))
  /** Does it before the `at`-th transaction from now, once. */
  const before = (at: number, work: () => void) => {
    let transactions = 0
    place.watch.beginning = () => {
      if (++transactions === at) work()
    }
  }
  const rows = (sql: string) => db.prepare(sql).all()
  return { place, store, db, other, before, rows }
}

describe("between the look at a document and the write to it", () => {
  it("SHARE-3 a delete by another connection refuses an append of which nothing is left", async () => {
    const { store, other, db, before, rows } = await opened()
    before(1, () => db.exec("DELETE FROM holdfast_records; DELETE FROM holdfast_meta WHERE doc_id = 'a'"))
    await rejects(store.append("a", entry("late")), "STORE_META_MISSING")
    expect(rows("SELECT * FROM holdfast_records")).toEqual([])
    await other.close()
  })

  it("DELETE-3 a document created again by another connection gets the append behind its own records", async () => {
    const { store, other, before } = await opened()
    let again: Promise<unknown> = Promise.resolve()
    before(1, () => {
      again = Promise.all([other.delete("a"), other.append("a", metaRecord())])
    })
    await store.append("a", entry("late"))
    await again
    const stored = await collect(other.loadAll("a"))
    expect(stored).toEqual([metaRecord(), entry("late")])
    await other.close()
  })

  it("SHARE-2 an append by another connection is behind nothing that a replace removes unseen", async () => {
    const { store, db, other, before, rows } = await opened()
    before(2, () => {
      const sql = "INSERT INTO holdfast_records SELECT doc, seq + 1, kind, version, lineage, payload, blob"
      db.exec(`${sql} FROM holdfast_records WHERE seq = 3`)
    })
    await store.replace("a", [metaRecord(), entry("new")])
    // Its number is used, so that a load that has read up to it notices the replace.
    expect(rows("SELECT seq FROM holdfast_records")).toEqual([{ seq: 5 }, { seq: 6 }])
    await other.close()
  })

  it("META-2 metadata written by another connection is not overwritten by what was decided without it", async () => {
    const { store, other, before } = await opened()
    let changed: Promise<unknown> = Promise.resolve()
    before(2, () => {
      changed = other.append("a", metaRecord({ schemaHash: "theirs", replicaType: ["text", 1, 7] }))
    })
    await store.append("a", metaRecord({ schemaHash: "mine" })).catch(() => {})
    await changed
    const records = await collect(other.loadAll("a"))
    const last = records.findLast(record => record.kind === "meta")
    expect(await other.currentMeta("a")).toEqual(last?.meta)
    expect(await store.currentMeta("a")).toEqual(last?.meta)
    await other.close()
  })
})

describe("with the rollback journal", () => {
  it("WRITE-4 a commit that finds the file locked fails alone", async () => {
    const { place, other } = await opened()
    await other.close()
    await place.disconnect()
    await place.own(undefined, own => own.pragma("journal_mode = DELETE"))
    const client = place.client()
    const impatient = await createPrismaStore({ client, busyTimeout: 0 })
    const reader = new Database(place.path())
    const cursor = reader.prepare("SELECT * FROM holdfast_meta").iterate()
    cursor.next()
    await rejects(impatient.append("a", entry("locked")), "STORE_BUSY", { outcome: "none" })
    cursor.return?.()
    reader.close()
    await impatient.append("a", entry("3"))
    expect(await collect(impatient.loadAll("a"))).toEqual([metaRecord(), entry("1"), entry("2"), entry("3")])
    expect(await client.note.count()).toBe(0)
  })
})
