import { isStoreError } from "@holdfast/store-core"
import { collect, entry, meta, metaRecord } from "@holdfast/testing"
import type pg from "pg"
import { describe, expect, it } from "vitest"
import { createPostgresStore, fromClient, fromPool } from "../src/index.js"
import { openPostgresStore } from "../src/open.js"
import { createDatabase } from "./support/database.js"
import { codeOf, create, freshSchema, pause, texts } from "./support/fixtures.js"

const database = await createDatabase()

async function killAll(application: string): Promise<void> {
  await database.admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [
    application,
  ])
}

describe("connections of a pool", () => {
  it("go back to it when the code that waited for an answer has run", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool()
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    for (const id of ["a", "b"]) await create(store, id, "x")
    await new Promise<void>(resolve => process.nextTick(resolve))
    expect(pool.idleCount).toBe(pool.totalCount)
  })

  it("go to whoever waits for one, also while appends follow each other", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ max: 1 })
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    await create(store, "doc", "a")
    let appended = 0
    let atTurn = Number.NaN
    for (const text of "bcdefghij") {
      const done = store.append("doc", entry(text))
      if (text === "c") void pool.query("SELECT 1").then(() => (atTurn = appended))
      await done
      appended++
    }
    expect(atTurn).toBeLessThan(4)
  })

  it("stay between appends that follow each other, and go back to it after some, however many follow", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ max: 1 })
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    await create(store, "doc", "a")
    let returned = 0
    pool.on("release", () => returned++)
    for (let i = 0; i < 250; i++) await store.append("doc", entry("b"))
    expect(returned).toBeGreaterThan(1)
    expect(returned).toBeLessThan(10)
  })
})

describe("many stores on one pool", () => {
  it("share its listeners, of more than ten of which Node warns, and leave none", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ max: 2 })
    pool.removeAllListeners("error")
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const warnings: Error[] = []
    const hear = (warning: Error) => warnings.push(warning)
    process.on("warning", hear)
    try {
      const stores = await Promise.all(
        Array.from({ length: 12 }, () => createPostgresStore(fromPool(pool), { schema, createTables: false })),
      )
      for (const store of stores) expect(await collect(store.listDocIds())).toEqual([])
      expect([pool.listenerCount("error"), pool.listenerCount("connect")]).toEqual([1, 1])
      for (const store of stores) await store.close()
      expect([pool.listenerCount("error"), pool.listenerCount("connect")]).toEqual([0, 0])
      await pause(10)
      expect(warnings).toEqual([])
    } finally {
      process.off("warning", hear)
      pool.on("error", () => {})
    }
  })
})

describe("connections that die", () => {
  it("WRITE-4 idle connections of a pool: the process lives and the next calls work", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ application_name: schema, max: 4 })
    pool.removeAllListeners("error")
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    await Promise.all(["a", "b", "c"].map(id => create(store, id, "x")))
    await killAll(schema)
    await pause(50)
    expect(await texts(store, "a")).toEqual(["x"])
    await store.append("b", entry("y"))
    expect(await texts(store, "b")).toEqual(["x", "y"])
    await killAll(schema)
    expect(await texts(store, "c")).toEqual(["x"])
    await store.close()
    expect(pool.listenerCount("error")).toBe(0)
    // Of the connections killed last the pool may hear now.
    pool.on("error", () => {})
  })

  it("WRITE-3 a busy connection: the write says that its outcome is unknown, and the pool drops the connection", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ application_name: schema, max: 1 })
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    await create(store, "doc", "a")
    const writing = store.append("doc", entry("x".repeat(20_000_000))).then(
      () => null,
      (error: unknown) => error,
    )
    while (pool.totalCount === pool.idleCount) await pause(0)
    await killAll(schema)
    const error = await writing
    expect(error === null || (isStoreError(error, "STORE_UNAVAILABLE") && error.retryable)).toBe(true)
    expect(isStoreError(error) ? error.outcome : "unknown").toBe("unknown")
    const found = await texts(store, "doc")
    expect(["a", "a,x"]).toContain(found.map(text => text[0]).join())
    await store.append("doc", entry("b"))
  })

  it("WRITE-4 a client: calls say so, nothing crashes", async () => {
    const schema = await freshSchema(database)
    const client = await database.client({ application_name: schema })
    client.removeAllListeners("error")
    const store = await createPostgresStore(fromClient(client), { schema, createTables: true })
    await create(store, "doc", "a")
    // It hears of the end twice; what comes after the store is closed would be the test's to hear.
    const ended = new Promise(resolve => client.once("end", resolve))
    await killAll(schema)
    await ended
    expect(await codeOf(store.append("doc", entry("b")))).toBe("STORE_UNAVAILABLE")
    expect(await codeOf(store.currentMeta("doc"))).toBe("STORE_UNAVAILABLE")
    await store.close()
  })

  it("WRITE-3 no server: a write says that nothing was stored", async () => {
    const schema = await freshSchema(database)
    const pool = database.pool({ max: 1 })
    const store = await createPostgresStore(fromPool(pool), { schema, createTables: true })
    await pool.end()
    const error = await store.append("doc", metaRecord()).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "none" })
    expect(await codeOf(openPostgresStore("postgres://nobody@127.0.0.1:1/none"))).toBe("STORE_UNAVAILABLE")
  })

  /** What waits for a lock of the test's is busy for as long as the test likes. */
  async function busy(config: pg.PoolConfig = {}) {
    const schema = await freshSchema(database)
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const pool = database.pool({ application_name: schema, max: 3, ...config })
    const store = await createPostgresStore(fromPool(pool), { schema, busyTimeout: 50 })
    for (const id of ["doc", "other"]) await create(store, id, "a")
    const host = await database.client()
    await host.query(`BEGIN; LOCK TABLE ${schema}.holdfast_records, ${schema}.holdfast_meta`)
    const killed = new Set<number>()
    /** Waits until a connection waits for the lock that was not killed before, and kills it. */
    const kill = async () => {
      const sql = "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
      for (;;) {
        const { rows } = await database.admin.query<{ pid: number }>(sql, [schema])
        const found = rows.find(({ pid }) => !killed.has(pid))
        if (found === undefined) await pause(2)
        else {
          killed.add(found.pid)
          await database.admin.query("SELECT pg_terminate_backend($1)", [found.pid])
          return
        }
      }
    }
    return { pool, store, host, kill }
  }

  it.each(["append", "group", "meta", "replace", "delete"] as const)(
    "WRITE-3 %s: killed while it is busy, it says whether it may be stored, was not tried again, and the next call works",
    async kind => {
      const { pool, store, host, kill } = await busy()
      const calls = {
        append: () => [store.append("doc", entry("b"))],
        group: () => [
          store.append("doc", entry("b")),
          store.append("none", entry("x")),
          store.append("other", entry("b")),
        ],
        meta: () => [store.append("doc", metaRecord({ schemaHash: "two" }))],
        replace: () => [store.replace("doc", [metaRecord(), entry("b")])],
        delete: () => [store.delete("doc")],
      }[kind]()
      const settled = Promise.allSettled(calls)
      await kill()
      for (const one of await settled) {
        expect(one).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE", retryable: true } })
      }
      await host.query("ROLLBACK")
      expect(pool.totalCount).toBe(0)
      expect(await texts(store, "doc")).toEqual(["a"])
      expect(await texts(store, "other")).toEqual(["a"])
      await store.append("doc", entry("c"))
      expect(await texts(store, "doc")).toEqual(["a", "c"])
    },
  )

  it.each(["load", "metadata", "listing"] as const)(
    "LOAD-3 %s: killed while it is busy, it is made again twice; then it rejects, and the guard holds until a load works",
    async kind => {
      const { store, host, kill } = await busy()
      const read = {
        load: () => texts(store, "doc"),
        metadata: () => store.currentMeta("doc"),
        listing: () => collect(store.listDocIds()),
      }[kind]
      const lost = codeOf(read())
      for (let attempt = 0; attempt < 3; attempt++) await kill()
      expect(await lost).toBe("STORE_UNAVAILABLE")
      const found = read()
      for (let attempt = 0; attempt < 2; attempt++) await kill()
      await host.query("ROLLBACK")
      expect(await found).toEqual({ load: ["a"], metadata: meta(), listing: ["doc", "other"] }[kind])
      expect(await codeOf(store.append("doc", entry("b")))).toBe(kind === "metadata" ? "STORE_LOAD_FAILED" : "ok")
      expect(await texts(store, "doc")).toEqual(kind === "metadata" ? ["a"] : ["a", "b"])
      await store.append("doc", entry("c"))
    },
  )

  it("WRITE-3 the driver's query_timeout: the outcome is unknown, and a connection that still waits is not used again", async () => {
    const { pool, store, host } = await busy({ query_timeout: 1000, max: 1 })
    await expect(store.append("doc", entry("b"))).rejects.toMatchObject({ code: "STORE_TIMEOUT", outcome: "unknown" })
    expect(pool.totalCount).toBe(0)
    await host.query("ROLLBACK")
    // The server may still be about to carry out what the driver gave up.
    expect(["a", "a,b"]).toContain((await texts(store, "doc")).join())
    await store.append("other", entry("c"))
    expect(await texts(store, "other")).toEqual(["a", "c"])
  })

  it("WRITE-4 lock_timeout: what waits for a lock is tried again within the budget, then says so; nothing is stored", async () => {
    const { store, host } = await busy({ options: "-c lock_timeout=10" })
    const calls = [store.append("doc", entry("b")), store.replace("other", [metaRecord()]), store.delete("doc")]
    for (const one of await Promise.allSettled(calls)) {
      expect(one).toMatchObject({ reason: { code: "STORE_BUSY", outcome: "none", retryable: true } })
    }
    expect(await codeOf(texts(store, "doc"))).toBe("STORE_BUSY")
    const waited = texts(store, "doc")
    await host.query("ROLLBACK")
    expect(await waited).toEqual(["a"])
    await store.append("doc", entry("b"))
    expect(await texts(store, "other")).toEqual(["a"])
  })

  it("SHARE-2 a deadlock with another transaction of the application rejects, and leaves both usable", async () => {
    const schema = await freshSchema(database)
    const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const client = await database.client({ options: "-c deadlock_timeout=5" })
    const other = await database.client({ application_name: schema, options: "-c deadlock_timeout=10min" })
    const add = (id: string) => other.query(`INSERT INTO ${schema}.holdfast_meta (doc_id, data) VALUES ('${id}', '{}')`)
    await client.query("BEGIN")
    const store = await createPostgresStore(fromClient(client), { schema, busyTimeout: 20 })
    await create(store, "a", "x")
    await other.query("BEGIN")
    await add("b")
    const waiting = add("a").catch((error: unknown) => error)
    const lock = "SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
    // A server looks for a deadlock once, when it has begun to wait.
    while ((await database.admin.query(lock, [schema])).rows.length === 0) await pause(2)
    const error = await store.append("b", metaRecord()).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: "STORE_CONFLICT", outcome: "none", cause: { code: "40P01" } })
    await create(store, "c", "x")
    await client.query("COMMIT")
    expect(await waiting).toMatchObject({ code: "23505" })
    await other.query("ROLLBACK")
    expect(await collect(outside.listDocIds())).toEqual(["a", "c"])
  })

  it("WRITE-4 a client that the server ends inside the host's transaction: calls say so, and nothing is stored", async () => {
    const schema = await freshSchema(database)
    const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const client = await database.client({ options: "-c idle_in_transaction_session_timeout=500" })
    await client.query("BEGIN")
    const store = await createPostgresStore(fromClient(client), { schema })
    await create(store, "doc", "a")
    await pause(1000)
    expect(await codeOf(store.append("doc", entry("b")))).toBe("STORE_UNAVAILABLE")
    expect(await collect(outside.listDocIds())).toEqual([])
  })
})

describe("limits the server sets", () => {
  it("WRITE-4 statement_timeout rejects with STORE_TIMEOUT and stores nothing; the next call works", async () => {
    const schema = await freshSchema(database)
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    // Long enough for a busy machine to open the store.
    const pool = database.pool({ options: "-c statement_timeout=1000" })
    const store = await createPostgresStore(fromPool(pool), { schema })
    await create(store, "doc", "a")
    const host = await database.client()
    await host.query(`BEGIN; LOCK TABLE ${schema}.holdfast_records`)
    const waiting = store.append("doc", entry("x"))
    await expect(waiting).rejects.toMatchObject({ code: "STORE_TIMEOUT", outcome: "none", retryable: true })
    await host.query("ROLLBACK")
    await store.append("doc", entry("b"))
    expect(await texts(store, "doc")).toEqual(["a", "b"])
  })

  it("WRITE-4 a role that may only read reads, and its writes reject with STORE_PERMISSION or STORE_READ_ONLY", async () => {
    const schema = await freshSchema(database)
    const owner = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    await create(owner, "doc", "a")
    const readOnly = database.pool({ options: "-c default_transaction_read_only=on" })
    const store = await createPostgresStore(fromPool(readOnly), { schema })
    expect(await texts(store, "doc")).toEqual(["a"])
    expect(await codeOf(store.append("doc", entry("b")))).toBe("STORE_READ_ONLY")
  })
})
