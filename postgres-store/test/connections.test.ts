import { isStoreError, type Store } from "@holdfast/store-core"
import { entry, metaRecord, seeded } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createPostgresStore, fromClient, fromPool } from "../src/index.js"
import { openPostgresStore } from "../src/open.js"
import { createDatabase } from "./support/database.js"
import { codeOf, create, freshSchema, pause, texts } from "./support/fixtures.js"

const database = await createDatabase()

/** 1,000 rounds take minutes: `CHAOS_ROUNDS=1000 npx vitest run test/connections.test.ts`. */
const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 20)

async function killAll(application: string): Promise<void> {
  await database.admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [
    application,
  ])
}

/** Calls until it does not say that the connection is gone. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt > 50 || !isStoreError(error) || !error.retryable || error.outcome === "unknown") throw error
      await pause(5)
    }
  }
}

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
    await killAll(schema)
    await pause(50)
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

  it(`WRITE-3 WRITE-5 SHARE-2 ${ROUNDS} rounds of killing backends at random points lose, repeat and reorder nothing`, async () => {
    const schema = await freshSchema(database)
    const stores = await Promise.all(
      [0, 1].map(() =>
        createPostgresStore(fromPool(database.pool({ application_name: schema, max: 3 })), {
          schema,
          createTables: true,
        }),
      ),
    )
    const random = seeded(20)
    const ids = ["one", "two", "three"]
    for (const id of ids) await create(stores[0] as Store, id)
    const fates = new Map(ids.map(id => [id, new Map<string, "stored" | "unknown" | "none">()]))
    let count = 0
    for (let round = 0; round < ROUNDS; round++) {
      const writes = Array.from({ length: 12 }, async (_, i) => {
        const id = ids[i % ids.length] as string
        const text = String(count++).padStart(8, "0") + "x".repeat(random.int(0, 3000))
        const fate = fates.get(id) as Map<string, string>
        const store = stores[i % stores.length] as Store
        try {
          await store.append(id, entry(text))
          fate.set(text, "stored")
        } catch (error) {
          if (!isStoreError(error)) throw error
          expect(["STORE_UNAVAILABLE", "STORE_LOAD_FAILED", "STORE_CONFLICT", "STORE_BUSY"]).toContain(error.code)
          fate.set(text, error.outcome)
        }
      })
      await pause(random.int(0, 6))
      await killAll(schema)
      await Promise.all(writes)
      for (const id of ids) await Promise.all(stores.map(store => patiently(() => texts(store, id))))
    }
    for (const id of ids) {
      const found = await patiently(() => texts(stores[0] as Store, id))
      const fate = fates.get(id) as Map<string, string>
      expect(new Set(found).size, "nothing twice").toBe(found.length)
      const stored = [...fate].filter(([, what]) => what === "stored").map(([text]) => text)
      expect(stored.filter(text => !found.includes(text))).toEqual([])
      expect(found.filter(text => fate.get(text) === "none" || !fate.has(text))).toEqual([])
    }
  })
})

describe("limits the server sets", () => {
  it("WRITE-4 statement_timeout rejects with STORE_TIMEOUT and stores nothing; the next call works", async () => {
    const schema = await freshSchema(database)
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const pool = database.pool({ options: "-c statement_timeout=30" })
    const store = await createPostgresStore(fromPool(pool), { schema })
    await create(store, "doc", "a")
    const large = store.append("doc", entry("x".repeat(60_000_000)))
    await expect(large).rejects.toMatchObject({ code: "STORE_TIMEOUT", outcome: "none", retryable: true })
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
