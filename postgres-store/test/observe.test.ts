import { PGlite } from "@electric-sql/pglite"
import type { StoreEvent, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createPostgresStore, fromPglite, fromPool, type PgAdapter } from "../src/index.js"
import { openPostgresStore } from "../src/open.js"
import { createDatabase } from "./support/database.js"
import { freshSchema } from "./support/fixtures.js"

const database = await createDatabase()
const pglite = await PGlite.create()
afterAll(() => pglite.close())

/** An event in one line: operation, documents, outcome. */
function show({ operation, documents, outcome }: StoreEvent): string {
  return `${operation} ${documents.map(({ docId, first, last }) => `${docId} ${first}-${last}`).join(", ")} ${outcome}`
}

const batch = (...versions: number[]): StoreRecord[] => [metaRecord(), ...versions.map(version => entry(version))]

interface Place {
  readonly adapter: PgAdapter
  readonly schema: string
  sql(text: string): Promise<{ rows: unknown[] }>
}

const places: Record<string, () => Promise<Place>> = {
  "a pool": async () => ({
    adapter: fromPool(database.pool()),
    schema: await freshSchema(database),
    sql: text => database.admin.query(text),
  }),
  PGlite: async () => {
    const schema = `observe_${crypto.randomUUID().replaceAll("-", "")}`
    await pglite.exec(`CREATE SCHEMA ${schema}`)
    return { adapter: fromPglite(pglite), schema, sql: text => pglite.query(text) }
  },
}

async function opened(name: string) {
  const { adapter, schema, sql } = await (places[name] as () => Promise<Place>)()
  const events: StoreEvent[] = []
  const options = { schema, createTables: true, busyTimeout: 100 }
  const store = await createPostgresStore(adapter, { ...options, observe: event => events.push(event) })
  const other = await createPostgresStore(adapter, options)
  /** The numbers of a document's rows as they are in the table. */
  const stored = async (docId: string) => {
    const { rows } = await sql(
      `SELECT seq FROM ${schema}.holdfast_records WHERE doc = (SELECT doc FROM ${schema}.holdfast_meta WHERE doc_id = '${docId}') ORDER BY seq`,
    )
    return (rows as { seq: unknown }[]).map(({ seq }) => Number(seq))
  }
  return { store, other, stored, schema, take: () => events.splice(0).map(show) }
}

describe.each(Object.keys(places))("OBSERVE-3 the numbers of stored rows, on %s", name => {
  it("continue across commits, a replace, and begin again after a delete", async () => {
    const { store, stored, take } = await opened(name)
    await store.append("a", metaRecord())
    await store.append("a", entry(1))
    await Promise.all([store.append("a", entry(2)), store.append("b", metaRecord()), store.append("a", entry(3))])
    expect(await stored("a")).toEqual([1, 2, 3, 4])
    const order = ["append a 1-1 ok", "append a 2-2 ok", "append a 3-3 ok", "append b 1-1 ok", "append a 4-4 ok"]
    expect(take()).toEqual(order)
    await store.replace("a", batch(4, 5))
    await store.append("a", binaryEntry(new Uint8Array(1_500_000)))
    expect(await stored("a")).toEqual([5, 6, 7, 8, 9])
    await store.delete("a")
    await store.replace("a", batch(7))
    expect(await stored("a")).toEqual([1, 2])
    expect(take()).toEqual(["replace a 5-7 ok", "append a 8-9 ok", "delete a null-null ok", "replace a 1-2 ok"])
    await store.close()
  })

  it("of entries for several documents in one statement, some of which are not there", async () => {
    const { store, other, stored, take } = await opened(name)
    await Promise.all([store.append("a", metaRecord()), store.replace("b", batch(1, 2))])
    await other.append("a", entry("other"))
    take()
    const calls = ["a", "none", "b", "a", "b"].map(id => store.append(id, entry(id)))
    await Promise.allSettled([...calls, store.append("a", binaryEntry(new Uint8Array(2_500_000)))])
    expect(take()).toEqual([
      "append a 3-3 ok",
      "append none null-null STORE_META_MISSING",
      "append b 4-4 ok",
      "append a 4-4 ok",
      "append b 5-5 ok",
      "append a 5-7 ok",
    ])
    expect([await stored("a"), await stored("b")]).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      [1, 2, 3, 4, 5],
    ])
    await store.close()
  })

  it("where a replace in the same commit takes rows away that are then never written", async () => {
    const { store, stored, take } = await opened(name)
    await store.replace("a", batch(1))
    take()
    await Promise.all([store.append("a", entry(2)), store.replace("a", batch(3, 4)), store.append("a", entry(5))])
    expect(await stored("a")).toEqual([3, 4, 5, 6])
    expect(take()).toEqual(["append a null-null ok", "replace a 3-5 ok", "append a 6-6 ok"])
    await Promise.all([store.delete("a"), store.replace("a", batch(6)), store.append("a", entry(7))])
    expect(await stored("a")).toEqual([1, 2, 3])
    expect(take().sort()).toEqual(["append a 3-3 ok", "delete a null-null ok", "replace a 1-2 ok"])
    await store.close()
  })

  it("of what was tried again because somebody else wrote the document", async () => {
    const { store, other, stored, take } = await opened(name)
    await store.append("a", metaRecord())
    take()
    const writes = [1, 2, 3].flatMap(version => [
      store.append("a", metaRecord({ schemaHash: `own ${version}` })),
      other.append("a", metaRecord({ schemaHash: `other ${version}` })),
    ])
    await Promise.all(writes)
    const numbers = take().map(line => Number(/^append a (\d+)-\1 ok$/.exec(line)?.[1]))
    const all = await stored("a")
    expect(all).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(numbers).toHaveLength(3)
    for (const number of numbers) expect(all).toContain(number)
    expect([...new Set(numbers)].sort()).toEqual(numbers)
    await store.close()
  })
})

describe("OBSERVE-1 a pool", () => {
  it("tells of a document that stays locked, and not of the neighbours in its commit", async () => {
    const { store, schema, take } = await opened("a pool")
    await Promise.all([store.append("locked", metaRecord()), store.append("free", metaRecord())])
    take()
    const client = await database.client()
    await client.query("BEGIN")
    await client.query(`SELECT FROM ${schema}.holdfast_meta WHERE doc_id = 'locked' FOR UPDATE`)
    await Promise.allSettled([store.append("locked", entry(1)), store.append("free", entry(1))])
    await client.query("ROLLBACK")
    expect(take()).toEqual(["append free 2-2 ok", "append locked null-null STORE_BUSY"])
    await store.close()
  })

  it("openPostgresStore takes the option, and refuses what is no function (OPEN-3)", async () => {
    const schema = await freshSchema(database)
    const events: StoreEvent[] = []
    const options = { schema, createTables: true, observe: (event: StoreEvent) => events.push(event) }
    const store = await openPostgresStore(database.url, options)
    await store.append("a", metaRecord())
    await rejects(store.append("none", entry(1)), "STORE_META_MISSING")
    expect(await collect(store.loadAll("a"))).toEqual([metaRecord()])
    await store.close()
    expect(events.map(show)).toEqual([
      "append a 1-1 ok",
      "append none null-null STORE_META_MISSING",
      "loadAll a null-null ok",
      "close  ok",
    ])
    const observe = "log" as unknown as () => void
    await expect(openPostgresStore(database.url, { observe })).rejects.toThrow(
      new TypeError('openPostgresStore: the option "observe" must be a function.'),
    )
  })
})
