import type { Store } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import pg from "pg"
import { afterEach, describe, expect, it } from "vitest"
import { createPostgresStore, fromClient, fromPool, type PgQuery } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { freshSchema } from "./support/fixtures.js"

const database = await createDatabase("icu")
type Query = (config: PgQuery, callback?: unknown) => unknown
type Wrapper = (query: Query, config: PgQuery, callback: unknown) => unknown

const OIDS = [16, 17, 20, 21, 23, 25, 1043]

describe("settings of the host", () => {
  const parsers = OIDS.map(oid => [oid, pg.types.getTypeParser(oid)] as const)
  afterEach(() => {
    for (const [oid, parser] of parsers) pg.types.setTypeParser(oid, parser)
  })

  it.each([
    ["as they come", {}],
    ["bytea_output=escape", { options: "-c bytea_output=escape" }],
    ["standard_conforming_strings=off", { options: "-c standard_conforming_strings=off" }],
    ["default isolation serializable", { options: "-c default_transaction_isolation=serializable" }],
    ["a time zone and date style", { options: "-c TimeZone=Asia/Kathmandu -c DateStyle=German" }],
    ["quote_all_identifiers=on", { options: "-c quote_all_identifiers=on" }],
    ["an empty search path", { options: "-c search_path=" }],
    ["binary results", { binary: true }],
    ["replaced type parsers", {}],
  ] as const)("RECORD-1 RECORD-2 LIST-2 %s: records and ids come back equal", async (name, config) => {
    const schema = await freshSchema(database)
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    if (name === "replaced type parsers") for (const oid of OIDS) pg.types.setTypeParser(oid, () => "replaced")
    const store = await createPostgresStore(fromPool(database.pool({ max: 2, ...config })), { schema })
    await comesBackEqual(store)
  })

  it.each([
    ["knows no callbacks", (query, config) => query(config)],
    ["is asynchronous", async (query, config, callback) => query(config, callback)],
    ["copies what it is asked", (query, config, callback) => query({ ...config }, callback)],
    ["calls back with bytes", (query, config, callback) => query(ofBytes(config), callback)],
    ["hides its connection", (query, config, callback) => query(config, callback)],
  ] as [string, Wrapper][])(
    "RECORD-1 RECORD-2 LIST-2 a wrapped client that %s: records and ids come back equal",
    async (name, wrapper) => {
      const schema = await freshSchema(database)
      const client = await database.client()
      const query = client.query.bind(client) as Query
      const wrapped = new Proxy(client, {
        get: (target, key) => {
          if (key === "connection" && name === "hides its connection") return undefined
          const value = Reflect.get(target, key)
          if (key === "query") return (config: PgQuery, callback: unknown) => wrapper(query, config, callback)
          return typeof value === "function" ? value.bind(target) : value
        },
      })
      const store = await createPostgresStore(fromClient(wrapped), { schema, createTables: true })
      await comesBackEqual(store)
      await database.admin.query(`DROP TABLE ${schema}.holdfast_records`)
      await rejects(store.append("B", entry("x")), "STORE_FORMAT_UNSUPPORTED")
    },
  )
})

it.each([
  ["passes on", (config: PgQuery) => config],
  ["copies", (config: PgQuery) => ({ ...config })],
])(
  "RECORD-1 RECORD-2 LIST-2 an application whose instrumentation of pg %s every query: records and ids come back equal",
  async (_, pass) => {
    const { prototype } = pg.Client as unknown as { prototype: { query: (...args: unknown[]) => unknown } }
    const { query } = prototype
    let queries = 0
    prototype.query = function (config: unknown, ...rest: unknown[]) {
      queries++
      return query.call(this, typeof config === "object" ? pass(config as PgQuery) : config, ...rest)
    }
    try {
      const schema = await freshSchema(database)
      const store = await createPostgresStore(fromPool(database.pool({ max: 2 })), { schema, createTables: true })
      await comesBackEqual(store)
    } finally {
      prototype.query = query
    }
    expect(queries).toBeGreaterThan(20)
  },
)

/** As a driver might that decodes nothing itself. */
function ofBytes(query: PgQuery): PgQuery {
  const parse = query.types?.getTypeParser()
  if (parse === undefined) return query
  return { ...query, types: { getTypeParser: () => (value: unknown) => parse(Buffer.from(value as string)) } }
}

async function comesBackEqual(store: Store): Promise<void> {
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => i)
  const records = [
    metaRecord(),
    binaryEntry(bytes),
    entry("\\x00 'quoted' \\'"),
    binaryEntry(new Uint8Array(5000).fill(255)),
  ]
  const ids = ["a", "B", "Z", "é", "\ufeff", "\\", "'"]
  for (const id of ids) await store.replace(id, records)
  await store.append("a", entry("last"))
  const loaded = await collect(store.loadAll("a"))
  expect(loaded).toEqual([...records, entry("last")])
  for (const record of loaded) {
    if (record.kind !== "entry" || typeof record.payload.data === "string") continue
    const { data } = record.payload
    expect(data.constructor).toBe(Uint8Array)
    expect(data.buffer.byteLength).toBe(data.byteLength)
  }
  expect(await collect(store.listDocIds())).toEqual(["'", "B", "Z", "\\", "a", "é", "\ufeff"])
  expect(await store.currentMeta("B")).toEqual((records[0] as { meta: unknown }).meta)
  await store.delete("a")
  expect(await collect(store.loadAll("a"))).toEqual([])
}
