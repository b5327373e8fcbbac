import type { StoreRecord } from "@holdfast/store-core"
import { collect, entries, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, transact } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"

describe.each(BINDINGS)("transact over %s", binding => {
  let connection: Connection
  let store: SqliteStore

  beforeEach(() => {
    connection = connect(binding, ":memory:")
    connection.exec("CREATE TABLE app (note TEXT)")
    store = createSqliteStore(connection.adapter())
  })

  afterEach(() => connection.close())

  const note = (text: string) => connection.all("INSERT INTO app VALUES (?) RETURNING note", text)
  const notes = () => connection.all("SELECT note FROM app").map(row => (row as { note: string }).note)
  const load = (docId: string) => collect(store.loadAll(docId))

  /** What `run` throws; a failure of the test when it does not. */
  const thrown = (run: () => unknown): unknown => {
    try {
      run()
    } catch (error) {
      return error
    }
    throw new Error("nothing was thrown")
  }

  it("commits rows and records together and returns what the function returns", async () => {
    const result = transact(store, tx => {
      note("one")
      tx.append("a", metaRecord())
      tx.append("a", entry(1))
      tx.replace("b", [metaRecord(), entry(2)])
      return 42
    })
    expect(result).toBe(42)
    expect(notes()).toEqual(["one"])
    expect(await load("a")).toEqual([metaRecord(), entry(1)])
    expect(await load("b")).toEqual([metaRecord(), entry(2)])
  })

  it("rolls both back when the function throws, and passes its error on", async () => {
    await store.append("kept", metaRecord())
    const mine = new Error("mine")
    const error = thrown(() =>
      transact(store, tx => {
        note("gone")
        tx.append("kept", entry(1))
        tx.append("new", metaRecord())
        tx.delete("kept")
        throw mine
      }),
    )
    expect(error).toBe(mine)
    expect(notes()).toEqual([])
    expect(await load("kept")).toEqual([metaRecord()])
    expect(await store.currentMeta("new")).toBeNull()
    await store.append("kept", entry(2))
    expect(await load("kept")).toEqual([metaRecord(), entry(2)])
  })

  it("comes after what was called before and before what is called later (ORDER-1)", async () => {
    const before = [store.append("a", metaRecord()), store.append("a", entry(1))]
    const metaBefore = store.currentMeta("a")
    transact(store, tx => {
      tx.append("a", entry(2))
      tx.append("a", metaRecord({ schemaHash: "inside" }))
      void store.append("a", entry(3))
    })
    const after = store.append("a", entry(4))
    await Promise.all([...before, after])
    expect((await metaBefore)?.schemaHash).toBe("schema-1")
    expect((await store.currentMeta("a"))?.schemaHash).toBe("inside")
    const versions = (await load("a")).map(record => (record.kind === "entry" ? record.version : "meta"))
    expect(versions).toEqual(["meta", "v1", "v2", "meta", "v3", "v4"])
  })

  it("also after reads that wait for a turn of the event loop", async () => {
    await store.append("a", metaRecord())
    const until = performance.now() + 20
    while (performance.now() < until) await store.currentMeta("a")
    const waiting = store.currentMeta("a")
    transact(store, tx => tx.append("a", metaRecord({ schemaHash: "later" })))
    expect((await waiting)?.schemaHash).toBe("schema-1")
  })

  it("refuses a promise with a TypeError and rolls back", async () => {
    const error = thrown(() =>
      transact(store, async tx => {
        note("gone")
        tx.append("a", metaRecord())
        await Promise.resolve()
        tx.append("a", entry(1))
      }),
    )
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/synchronous/)
    await new Promise(resolve => setImmediate(resolve))
    expect(notes()).toEqual([])
    expect(await store.currentMeta("a")).toBeNull()
  })

  it("refuses a call inside another, on the same store and on another of the connection", async () => {
    const other = createSqliteStore(connection.adapter({ lent: true }), { tables: { meta: "m2", records: "r2" } })
    for (const nested of [store, other]) {
      const error = thrown(() => transact(store, () => transact(nested, tx => tx.append("a", metaRecord()))))
      await rejects(Promise.reject(error), "STORE_IN_TRANSACTION")
    }
    transact(store, tx => tx.append("a", metaRecord()))
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("refuses writes after it is over", async () => {
    let leaked: { append(docId: string, record: StoreRecord): void } | undefined
    transact(store, tx => {
      leaked = tx
    })
    await rejects(Promise.reject(thrown(() => leaked?.append("a", metaRecord()))), "STORE_CLOSED")
    expect(await store.currentMeta("a")).toBeNull()
  })

  it("throws what a write is refused with, and the function may go on without it (META-1, ID-2, RECORD-3)", async () => {
    const codes: unknown[] = []
    const attempt = (run: () => void) => codes.push((thrown(run) as { code?: unknown }).code)
    transact(store, tx => {
      attempt(() => tx.append("none", entry(1)))
      attempt(() => tx.append("", metaRecord()))
      attempt(() => tx.append("a", { kind: "other" } as unknown as StoreRecord))
      attempt(() => tx.replace("a", [entry(1)]))
      note("kept")
      tx.append("a", metaRecord())
      attempt(() => tx.append("a", metaRecord({ replicaType: ["other", 1, 0] })))
    })
    expect(codes).toEqual([
      "STORE_META_MISSING",
      "STORE_INVALID_DOC_ID",
      "STORE_INVALID_RECORD",
      "STORE_META_MISSING",
      "STORE_META_MISMATCH",
    ])
    expect(notes()).toEqual(["kept"])
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("cannot commit after a write failed in the database, even when the function goes on (WRITE-2)", async () => {
    await store.append("a", metaRecord())
    connection.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON holdfast_records WHEN new.seq > 3 BEGIN SELECT RAISE(ABORT, 'no more'); END",
    )
    const error = thrown(() =>
      transact(store, tx => {
        note("gone")
        for (const one of entries(5)) {
          try {
            tx.append("a", one)
          } catch {
            // The function goes on as if nothing had happened.
          }
        }
      }),
    )
    await rejects(Promise.reject(error), "STORE_BACKEND")
    expect(notes()).toEqual([])
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("is refused inside a transaction of the host, which is left as it is (SHARE-4)", async () => {
    connection.exec("BEGIN")
    note("host")
    await rejects(
      Promise.reject(thrown(() => transact(store, tx => tx.append("a", metaRecord())))),
      "STORE_IN_TRANSACTION",
    )
    connection.exec("COMMIT")
    expect(notes()).toEqual(["host"])
    transact(store, tx => tx.append("a", metaRecord()))
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("lets open loads finish on what they began with (LOAD-4)", async () => {
    const records = [metaRecord(), ...entries(6000)]
    await store.replace("a", records)
    const iterator = store.loadAll("a")[Symbol.asyncIterator]()
    const seen = [await iterator.next()]
    transact(store, tx => tx.replace("a", [metaRecord()]))
    while (seen.at(-1)?.done !== true) seen.push(await iterator.next())
    expect(seen.slice(0, -1).map(step => step.value)).toEqual(records)
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("shows nothing of what is not committed to reads begun inside it (LOAD-1, LOAD-3, META-4)", async () => {
    const records = [metaRecord(), ...entries(300)]
    await store.replace("a", records)
    await store.append("gone", metaRecord())
    const open = store.loadAll("a")[Symbol.asyncIterator]()
    await open.next()
    const begun: Promise<unknown>[] = []
    const error = thrown(() =>
      transact(store, tx => {
        tx.append("a", entry(999))
        tx.append("a", metaRecord({ schemaHash: "dirty" }))
        tx.delete("gone")
        begun.push(store.currentMeta("a"), load("a"), load("gone"), collect(store.listDocIds()))
        for (let i = 0; i < records.length - 1; i++) begun.push(open.next())
        throw new Error("rolled back")
      }),
    )
    expect((error as Error).message).toBe("rolled back")
    const [meta, whole, gone, ids, ...rest] = await Promise.all(begun)
    expect(meta).toEqual(metaRecord().meta)
    expect(whole).toEqual(records)
    expect(gone).toEqual([metaRecord()])
    expect(ids).toEqual(["a", "gone"])
    expect(rest.map(step => (step as { value: unknown }).value)).toEqual(records.slice(1))
    await store.append("a", entry(301))
  })

  it("stores nothing more when the transaction was ended inside it (WRITE-2)", async () => {
    await store.append("a", metaRecord())
    connection.exec("CREATE TABLE once (x INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)")
    connection.exec("INSERT INTO once VALUES (1)")
    const endIt = () => thrown(() => connection.exec("INSERT INTO once VALUES (1)"))
    const caught = thrown(() =>
      transact(store, tx => {
        tx.append("a", entry(1))
        endIt()
        tx.replace("a", [metaRecord(), entry(2)])
      }),
    )
    await rejects(Promise.reject(caught), "STORE_BACKEND", { messageIncludes: "ended inside transact" })
    const silent = thrown(() =>
      transact(store, tx => {
        tx.append("a", entry(1))
        endIt()
      }),
    )
    await rejects(Promise.reject(silent), "STORE_BACKEND", { messageIncludes: "ended inside transact" })
    expect(await load("a")).toEqual([metaRecord()])
    transact(store, tx => tx.append("a", entry(3)))
    expect(await load("a")).toEqual([metaRecord(), entry(3)])
  })

  it("repairs a damaged document and goes on writing to it (GUARD-2)", async () => {
    const damage = async () => {
      await store.replace("a", [metaRecord(), entry(1)])
      connection.exec("UPDATE holdfast_records SET kind = 99 WHERE seq = (SELECT max(seq) FROM holdfast_records)")
      await rejects(load("a"), "STORE_CORRUPT")
    }
    await damage()
    transact(store, tx => {
      tx.replace("a", [metaRecord()])
      tx.append("a", entry(2))
    })
    expect(await load("a")).toEqual([metaRecord(), entry(2)])
    await damage()
    transact(store, tx => {
      tx.delete("a")
      tx.append("a", metaRecord())
    })
    expect(await load("a")).toEqual([metaRecord()])
  })

  it("is not kept waiting by a load whose document is gone already (LOAD-4)", async () => {
    const lazy = createSqliteStore(connection.adapter({ lent: true }), { readAhead: 100 })
    await lazy.replace("a", [metaRecord(), ...entries(900)])
    const stale = lazy.loadAll("a")[Symbol.asyncIterator]()
    await stale.next()
    await lazy.replace("a", [metaRecord()])
    transact(lazy, tx => tx.replace("a", [metaRecord({ schemaHash: "2" })]))
    expect((await lazy.currentMeta("a"))?.schemaHash).toBe("2")
  })

  it("leaves the guard of open loads as it was when it refuses a write (GUARD-1)", async () => {
    const lazy = createSqliteStore(connection.adapter({ lent: true }), { readAhead: 100 })
    await lazy.replace("a", [metaRecord(), ...entries(900)])
    const open = lazy.loadAll("a")[Symbol.asyncIterator]()
    await open.next()
    transact(lazy, tx => {
      thrown(() => tx.replace("a", [metaRecord({ replicaType: ["other", 1, 0] })]))
    })
    await store.replace("a", [metaRecord()])
    const toTheEnd = async () => {
      while ((await open.next()).done !== true) {
        // Whatever it read before.
      }
    }
    await rejects(toTheEnd(), "STORE_LOAD_SUPERSEDED")
    await rejects(lazy.append("a", entry(1)), "STORE_LOAD_FAILED")
  })

  it("refuses a closed store, what is not a SQLite store, and what is not a function", async () => {
    expect(() => transact({} as SqliteStore, () => 1)).toThrow(TypeError)
    expect(() => transact(undefined as unknown as SqliteStore, () => 1)).toThrow(TypeError)
    expect(() => transact(store, 7 as unknown as () => void)).toThrow(TypeError)
    await store.close()
    await rejects(Promise.reject(thrown(() => transact(store, () => 1))), "STORE_CLOSED")
  })
})
