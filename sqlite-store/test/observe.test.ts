import type { StoreEvent, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, transact } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"

/** An event in one line: operation, documents, outcome. */
function show({ operation, documents, outcome }: StoreEvent): string {
  return `${operation} ${documents.map(({ docId, first, last }) => `${docId} ${first}-${last}`).join(", ")} ${outcome}`
}

describe.each(BINDINGS)("OBSERVE-3 the numbers of stored rows, over %s", binding => {
  let connection: Connection
  let store: SqliteStore
  const events: StoreEvent[] = []

  beforeEach(() => {
    events.length = 0
    connection = connect(binding, ":memory:")
    store = createSqliteStore(connection.adapter(), { observe: event => events.push(event) })
  })

  afterEach(() => connection.close())

  const take = () => events.splice(0).map(show)
  /** The numbers of a document's rows as they are in the table. */
  const stored = (docId: string) =>
    connection
      .all(
        "SELECT seq FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = ?) ORDER BY seq",
        docId,
      )
      .map(row => (row as { seq: number }).seq)
  const batch = (...versions: number[]): StoreRecord[] => [metaRecord(), ...versions.map(version => entry(version))]

  it("continue across commits, a replace, and begin again after a delete", async () => {
    await store.append("a", metaRecord())
    await store.append("a", entry(1))
    await Promise.all([store.append("a", entry(2)), store.append("b", metaRecord()), store.append("a", entry(3))])
    expect(stored("a")).toEqual([1, 2, 3, 4])
    expect(take()).toEqual([
      "append a 1-1 ok",
      "append a 2-2 ok",
      "append a 3-3 ok",
      "append b 1-1 ok",
      "append a 4-4 ok",
    ])
    await store.replace("a", batch(4, 5))
    expect(stored("a")).toEqual([5, 6, 7])
    await store.append("a", entry(6))
    expect(stored("a")).toEqual([5, 6, 7, 8])
    await store.delete("a")
    await store.replace("a", batch(7))
    expect(stored("a")).toEqual([1, 2])
    expect(take()).toEqual(["replace a 5-7 ok", "append a 8-8 ok", "delete a null-null ok", "replace a 1-2 ok"])
  })

  it("within one commit too, for calls that are refused and for documents that are not there", async () => {
    await store.append("a", metaRecord())
    take()
    const other = metaRecord({ replicaType: ["other", 1, 0] })
    await Promise.allSettled([
      store.append("a", entry(1)),
      store.append("a", other),
      store.append("none", entry(1)),
      store.append("a", metaRecord({ schemaHash: "v2" })),
      store.delete("none"),
    ])
    expect(stored("a")).toEqual([1, 2, 3])
    expect(take().sort()).toEqual([
      "append a 2-2 ok",
      "append a 3-3 ok",
      "append a null-null STORE_META_MISMATCH",
      "append none null-null STORE_META_MISSING",
      "delete none null-null ok",
    ])
  })

  it("a payload of several rows has several", async () => {
    await store.append("a", metaRecord())
    await store.append("a", binaryEntry(new Uint8Array(2_500_000)))
    await store.append("a", entry(1))
    expect(stored("a")).toEqual([1, 2, 3, 4, 5])
    expect(take()).toEqual(["append a 1-1 ok", "append a 2-4 ok", "append a 5-5 ok"])
  })

  it("are right when another store wrote in between, so that the guess was wrong", async () => {
    await store.append("a", metaRecord())
    await store.append("a", entry(1))
    const other = createSqliteStore(connection.adapter())
    await other.append("a", entry("other"))
    take()
    await store.append("a", entry(2))
    await other.replace("a", batch(3))
    await Promise.all([store.append("a", entry(4)), store.append("a", entry(5))])
    expect(stored("a")).toEqual([5, 6, 7, 8])
    expect(take()).toEqual(["append a 4-4 ok", "append a 7-7 ok", "append a 8-8 ok"])
  })

  it("transact is one event with every document once", async () => {
    await store.append("a", metaRecord())
    await store.append("gone", metaRecord())
    take()
    transact(store, tx => {
      tx.append("a", entry(1))
      tx.append("a", entry(2))
      tx.append("b", metaRecord())
      tx.append("b", entry(1))
      tx.replace("b", batch(2))
      tx.append("b", entry(3))
      tx.delete("gone")
      tx.delete("again")
      tx.append("again", metaRecord())
    })
    expect(events).toEqual([])
    await Promise.resolve()
    expect(events).toMatchObject([{ operation: "transact", records: 8, group: 9, outcome: "ok", queued: 0 }])
    expect(take()).toEqual(["transact a 2-3, b 3-5, gone null-null, again 1-1 ok"])
    expect([stored("a"), stored("b"), stored("again")]).toEqual([[1, 2, 3], [3, 4, 5], [1]])
  })

  it("a transact that is rolled back says why, and that nothing was stored", async () => {
    await store.append("a", metaRecord())
    take()
    const mine = new Error("mine")
    const failing = (work: Parameters<typeof transact>[1]) => expect(() => transact(store, work)).toThrow()
    failing(tx => {
      tx.append("a", entry(1))
      throw mine
    })
    failing(tx => tx.append("none", entry(1)))
    failing(async tx => tx.append("a", entry(1)))
    failing(tx => {
      tx.append("a", entry(1))
      throw null
    })
    await store.close()
    failing(() => {})
    await Promise.resolve()
    expect(take()).toEqual([
      "transact a null-null rolled-back",
      "transact  STORE_META_MISSING",
      "transact a null-null rolled-back",
      "transact a null-null rolled-back",
      "close  ok",
      "transact  STORE_CLOSED",
    ])
  })

  it("OBSERVE-4 an observer may call the store and transact", async () => {
    const notes: string[] = []
    const own: SqliteStore = createSqliteStore(connection.adapter(), {
      observe: ({ operation, documents }) => {
        if (documents[0]?.docId !== "a") return
        if (operation === "append") transact(own, tx => tx.append("b", metaRecord()))
        if (operation === "append") void own.append("b", entry(1)).then(() => notes.push("written"))
      },
    })
    await own.append("a", metaRecord())
    await new Promise(resolve => setImmediate(resolve))
    expect(notes).toEqual(["written"])
    expect(stored("b")).toEqual([1, 2])
    await own.close()
  })
})

describe("the option observe of the functions that open a SQLite store", () => {
  it("OBSERVE-1 openSqliteStore takes it", async () => {
    const events: StoreEvent[] = []
    const store = await openSqliteStore(":memory:", { observe: event => events.push(event) })
    await store.append("a", metaRecord())
    expect(await collect(store.loadAll("a"))).toEqual([metaRecord()])
    await rejects(store.append("b", entry(1)), "STORE_META_MISSING")
    await store.close()
    expect(events.map(show)).toEqual([
      "append a 1-1 ok",
      "loadAll a null-null ok",
      "append b null-null STORE_META_MISSING",
      "close  ok",
    ])
  })

  it("OPEN-3 refuses what is no function", async () => {
    const observe = "log" as unknown as () => void
    await expect(openSqliteStore(":memory:", { observe })).rejects.toThrow(
      new TypeError('openSqliteStore: the option "observe" must be a function.'),
    )
    const connection = connect("better-sqlite3", ":memory:")
    expect(() => createSqliteStore(connection.adapter(), { observe })).toThrow(
      new TypeError('createSqliteStore: the option "observe" must be a function.'),
    )
    connection.close()
  })
})
