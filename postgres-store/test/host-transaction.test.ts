import { PGlite } from "@electric-sql/pglite"
import { entry, metaRecord, rejects } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createPostgresStore, fromClient, fromPglite, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { codeOf, create, freshSchema, texts } from "./support/fixtures.js"

const database = await createDatabase()

async function place() {
  const schema = await freshSchema(database)
  const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
  await database.admin.query(`CREATE TABLE ${schema}.notes (note text)`)
  const client = await database.client()
  return { schema, outside, client }
}

describe("a store on a client inside the application's transaction", () => {
  it("WRITE-1 commits nothing of the host's and is stored when the host commits", async () => {
    const { schema, outside, client } = await place()
    await client.query("BEGIN")
    await client.query(`INSERT INTO ${schema}.notes VALUES ('host')`)
    const store = await createPostgresStore(fromClient(client), { schema })
    await create(store, "doc", "a", "b")
    await store.replace("doc", [metaRecord(), entry("c")])
    await store.append("doc", entry("d"))
    await create(store, "gone", "x")
    await store.delete("gone")
    expect(await texts(store, "doc")).toEqual(["c", "d"])
    expect(await texts(outside, "doc")).toEqual([])
    expect((await database.admin.query(`SELECT * FROM ${schema}.notes`)).rowCount).toBe(0)
    await client.query("COMMIT")
    expect(await texts(outside, "doc")).toEqual(["c", "d"])
    expect((await database.admin.query(`SELECT * FROM ${schema}.notes`)).rowCount).toBe(1)
  })

  it("WRITE-1 is rolled back with the host's transaction and remembers nothing of it", async () => {
    const { schema, outside, client } = await place()
    await create(outside, "doc", "a")
    const store = await createPostgresStore(fromClient(client), { schema })
    await client.query("BEGIN")
    await store.append("doc", entry("b"))
    await create(store, "other", "x")
    await client.query("ROLLBACK")
    expect(await texts(store, "doc")).toEqual(["a"])
    expect(await store.currentMeta("other")).toBeNull()
    await store.append("doc", entry("c"))
    expect(await texts(outside, "doc")).toEqual(["a", "c"])
  })

  it("ORDER-4 a refused call and a failed statement leave the host's transaction usable", async () => {
    const { schema, outside, client } = await place()
    await client.query(`ALTER TABLE ${schema}.holdfast_records ADD CHECK (octet_length(payload) < 1000)`)
    await client.query("BEGIN")
    const store = await createPostgresStore(fromClient(client), { schema })
    await rejects(store.append("absent", entry("x")), "STORE_META_MISSING")
    await create(store, "limited", "a")
    await rejects(store.append("limited", entry("x".repeat(2000))), "STORE_BACKEND", { outcome: "none" })
    await rejects(store.replace("limited", [metaRecord(), entry("x".repeat(2000))]), "STORE_BACKEND")
    expect(await texts(store, "limited")).toEqual(["a"])
    await client.query(`INSERT INTO ${schema}.notes VALUES ('host')`)
    await create(store, "doc", "a")
    await client.query("COMMIT")
    expect(await texts(outside, "doc")).toEqual(["a"])
  })

  it.each(["REPEATABLE READ", "SERIALIZABLE"])(
    "SHARE-2 a collision in a %s transaction is STORE_CONFLICT at once and leaves the transaction usable",
    async level => {
      const { schema, outside, client } = await place()
      await create(outside, "doc", "a")
      await create(outside, "replaced", "a")
      await create(outside, "deleted", "a")
      await create(outside, "quiet", "a")
      await client.query(`BEGIN ISOLATION LEVEL ${level}`)
      const store = await createPostgresStore(fromClient(client), { schema, busyTimeout: 60_000 })
      expect(await texts(store, "doc")).toEqual(["a"])
      await outside.append("doc", entry("b"))
      await outside.replace("replaced", [metaRecord(), entry("b")])
      await outside.delete("deleted")
      await create(outside, "new", "b")
      const collisions = {
        append: () => store.append("doc", entry("c")),
        replace: () => store.replace("doc", [metaRecord(), entry("c")]),
        delete: () => store.delete("doc"),
        replaced: () => store.append("replaced", entry("c")),
        deleted: () => store.append("deleted", entry("c")),
        created: () => store.append("new", metaRecord()),
      }
      for (const [name, call] of Object.entries(collisions)) {
        await rejects(call(), "STORE_CONFLICT", { retryable: false, outcome: "none" }).catch(error => {
          throw new Error(name, { cause: error })
        })
      }
      await store.append("quiet", entry("d"))
      await client.query(`INSERT INTO ${schema}.notes VALUES ('host')`)
      await client.query("COMMIT")
      expect(await texts(outside, "quiet")).toEqual(["a", "d"])
      expect(await texts(outside, "doc")).toEqual(["a", "b"])
      expect(await texts(outside, "deleted")).toEqual([])
    },
  )

  it("SHARE-4 in a transaction that has failed every call says so", async () => {
    const { schema, client } = await place()
    const store = await createPostgresStore(fromClient(client), { schema, loadGuard: false })
    await client.query("BEGIN")
    await expect(client.query("SELECT 1 / 0")).rejects.toThrow()
    await rejects(store.append("doc", metaRecord()), "STORE_IN_TRANSACTION")
    await rejects(store.currentMeta("doc"), "STORE_IN_TRANSACTION")
    await client.query("ROLLBACK")
    await create(store, "doc", "a")
    expect(await texts(store, "doc")).toEqual(["a"])
  })

  it("SHARE-1 two stores on one client in a transaction take turns", async () => {
    const { schema, outside, client } = await place()
    const tables = { meta: "other_meta", records: "other_records" }
    await createPostgresStore(fromPool(database.admin), { schema, tables, createTables: true })
    await client.query("BEGIN")
    const one = await createPostgresStore(fromClient(client), { schema })
    const two = await createPostgresStore(fromClient(client), { schema, tables })
    await Promise.all([create(one, "doc", "a"), create(two, "doc", "b"), codeOf(one.append("absent", entry("x")))])
    await Promise.all([one, two].map((store, i) => store.append("doc", entry(String(i)))))
    await client.query("COMMIT")
    expect(await texts(one, "doc")).toEqual(["a", "0"])
    expect(await texts(two, "doc")).toEqual(["b", "1"])
    expect(await texts(outside, "doc")).toEqual(["a", "0"])
  })

  it("OPEN-1 creates no tables there", async () => {
    const { client } = await place()
    const schema = await freshSchema(database)
    await client.query("BEGIN")
    await rejects(createPostgresStore(fromClient(client), { schema, createTables: true }), "STORE_IN_TRANSACTION")
    await client.query("ROLLBACK")
  })

  it("SHARE-4 a connection that a pool gives inside a transaction is refused", async () => {
    const { schema } = await place()
    const pool = database.pool({ max: 1 })
    const store = await createPostgresStore(fromPool(pool), { schema })
    const leaked = await pool.connect()
    await leaked.query("BEGIN")
    leaked.release()
    await rejects(store.append("doc", metaRecord()), "STORE_IN_TRANSACTION")
    const again = await pool.connect()
    await again.query("ROLLBACK")
    again.release()
    await create(store, "doc", "a")
  })
})

describe("a store on the tx of PGlite", () => {
  const opening = PGlite.create()
  afterAll(async () => (await opening).close())

  it("WRITE-1 is stored with the transaction and rolled back with it", async () => {
    const db = await opening
    const outside = await createPostgresStore(fromPglite(db), { createTables: true })
    await db.transaction(async tx => {
      const store = await createPostgresStore(fromPglite(tx))
      await create(store, "doc", "a")
      await rejects(store.append("absent", entry("x")), "STORE_META_MISSING")
      await store.append("doc", entry("b"))
    })
    expect(await texts(outside, "doc")).toEqual(["a", "b"])
    await db.transaction(async tx => {
      const store = await createPostgresStore(fromPglite(tx))
      await store.append("doc", entry("c"))
      await tx.rollback()
    })
    expect(await texts(outside, "doc")).toEqual(["a", "b"])
  })
})
