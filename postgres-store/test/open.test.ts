import { readFile } from "node:fs/promises"
import { rejects } from "@holdfast/testing"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { createPostgresStore, createTablesSql, fromClient, fromPool } from "../src/index.js"
import { openPostgresStore } from "../src/open.js"
import { createDatabase } from "./support/database.js"
import { create, freshSchema, texts } from "./support/fixtures.js"

const database = await createDatabase()
const pool = database.pool()

describe("opening", () => {
  it("OPEN-1 schema.sql is what createTablesSql returns, and makes tables that open", async () => {
    const file = await readFile(new URL("../schema.sql", import.meta.url), "utf8")
    expect(file).toBe(createTablesSql())
    const schema = await freshSchema(database)
    await database.admin.query(createTablesSql({ schema }))
    const store = await createPostgresStore(fromPool(pool), { schema })
    await create(store, "doc", "a")
    await store.close()
    expect(await texts(await createPostgresStore(fromPool(pool), { schema }), "doc")).toEqual(["a"])
  })

  it("OPEN-2 without tables it is refused with the statements that make them, and nothing is created", async () => {
    const schema = await freshSchema(database)
    await expect(createPostgresStore(fromPool(pool), { schema })).rejects.toMatchObject({
      code: "STORE_FORMAT_UNSUPPORTED",
      message: expect.stringContaining("CREATE TABLE IF NOT EXISTS"),
    })
    const tables = await database.admin.query("SELECT FROM pg_tables WHERE schemaname = $1", [schema])
    expect(tables.rowCount).toBe(0)
  })

  it("OPEN-2 a connection whose text is not UTF-8 is refused, with the statement that repairs it", async () => {
    const schema = await freshSchema(database)
    const client = await database.pool({ max: 1 }).connect()
    const open = () => createPostgresStore(fromClient(client), { schema, createTables: true })
    try {
      for (const encoding of ["LATIN1", "SJIS"]) {
        await client.query(`SET client_encoding TO '${encoding}'`)
        await expect(open()).rejects.toMatchObject({
          code: "STORE_FORMAT_UNSUPPORTED",
          message: expect.stringMatching(`client_encoding ${encoding}.*SET client_encoding TO 'UTF8'`),
        })
      }
      await client.query("SET client_encoding TO 'UTF8'")
      await (await open()).close()
    } finally {
      client.release(true)
    }
  })

  it("OPEN-1 several that create the tables at once all succeed", async () => {
    for (let round = 0; round < 5; round++) {
      const schema = await freshSchema(database)
      const pools = [1, 2, 3, 4].map(() => database.pool({ max: 1 }))
      const opening = pools.map(one => createPostgresStore(fromPool(one), { schema, createTables: true }))
      const stores = await Promise.all(opening)
      await Promise.all(stores.map((store, i) => create(store, `doc ${i}`, "a")))
      const headers = await database.admin.query(`SELECT data FROM ${schema}.holdfast_meta WHERE doc_id = ''`)
      expect(headers.rowCount).toBe(1)
      await Promise.all(pools.map(one => one.end()))
    }
  })

  it("OPEN-1 the schema comes from the search path, and stays when that changes", async () => {
    const [first, second] = [await freshSchema(database), await freshSchema(database)]
    for (const schema of [first, second]) await database.admin.query(createTablesSql({ schema }))
    const client = database.pool({ max: 1, options: `-c search_path=${second}` })
    const store = await createPostgresStore(fromPool(client))
    await client.query(`SET search_path = ${first}`)
    await create(store, "doc", "a")
    expect((await database.admin.query(`SELECT FROM ${second}.holdfast_records`)).rowCount).toBe(2)
    expect((await database.admin.query(`SELECT FROM ${first}.holdfast_records`)).rowCount).toBe(0)
  })

  it.each([
    ["a missing column", "ALTER TABLE holdfast_records DROP COLUMN lineage"],
    ["a type", "ALTER TABLE holdfast_records ALTER COLUMN kind TYPE bigint"],
    ["another collation", 'ALTER TABLE holdfast_meta ALTER COLUMN doc_id TYPE text COLLATE "en-US-x-icu"'],
    ["no unique id", "ALTER TABLE holdfast_meta DROP CONSTRAINT holdfast_meta_doc_id_key"],
    ["no numbers", "ALTER TABLE holdfast_meta ALTER COLUMN doc DROP IDENTITY"],
    ["no NOT NULL", "ALTER TABLE holdfast_meta ALTER COLUMN data DROP NOT NULL"],
    ["no primary key", "ALTER TABLE holdfast_records DROP CONSTRAINT holdfast_records_pkey"],
  ])("OPEN-2 %s is named with the statement that repairs it", async (_, damage) => {
    const schema = await freshSchema(database)
    const client = database.pool({ max: 1, options: `-c search_path=${schema}` })
    await client.query(`${createTablesSql()}; ${damage}`)
    const error = (await createPostgresStore(fromPool(client)).catch((error: unknown) => error)) as Error
    expect(error).toMatchObject({ code: "STORE_FORMAT_UNSUPPORTED" })
    const repair = /What repairs it: (ALTER TABLE .*;)$/s.exec(error.message)?.[1]
    expect(repair).toBeDefined()
    await client.query(repair ?? "")
    const store = await createPostgresStore(fromPool(client))
    await create(store, "doc", "a")
    expect(await texts(store, "doc")).toEqual(["a"])
  })

  it("OPEN-3 wrong options and wrong arguments are a TypeError", async () => {
    const wrong = (options: object) => createPostgresStore(fromPool(pool), options)
    await expect(wrong({ createTable: true })).rejects.toThrow(TypeError)
    await expect(wrong({ schema: "a.b" })).rejects.toThrow(TypeError)
    await expect(wrong({ tables: { meta: "x; DROP" } })).rejects.toThrow(TypeError)
    await expect(openPostgresStore("mysql://host")).rejects.toThrow(TypeError)
    expect(() => fromClient(new pg.Client(database.url))).toThrow(/Await client.connect\(\) first/)
    await expect(openPostgresStore(database.url, { maxConnections: 0 })).rejects.toThrow(TypeError)
  })

  it("CLOSE-5 openPostgresStore closes its pool, also when opening fails", async () => {
    const schema = await freshSchema(database)
    await rejects(openPostgresStore(database.url, { schema }), "STORE_FORMAT_UNSUPPORTED")
    const store = await openPostgresStore(database.url, { schema, createTables: true, preparedStatements: true })
    await create(store, "doc", "a", "b")
    expect(await texts(store, "doc")).toEqual(["a", "b"])
    await store.close()
    await store.close()
    await rejects(store.currentMeta("doc"), "STORE_CLOSED")
  })
})
