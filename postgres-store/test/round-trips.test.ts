import { binaryEntry, collect, entry, metaRecord } from "@holdfast/testing"
import type pg from "pg"
import { describe, expect, it } from "vitest"
import { createPostgresStore, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { create, freshSchema, texts } from "./support/fixtures.js"

const database = await createDatabase()

/** A store, and how many queries its pool's clients sent since the last look: each is one round trip. */
async function counted(options: object = {}) {
  const schema = await freshSchema(database)
  let queries = 0
  const pool = database.pool()
  const seen = new WeakSet<pg.PoolClient>()
  pool.on("connect", client => {
    if (seen.has(client)) return
    seen.add(client)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    Object.assign(client, {
      query: (...args: unknown[]) => {
        queries++
        return query(...args)
      },
    })
  })
  const store = await createPostgresStore(fromPool(pool), { schema, createTables: true, ...options })
  const take = () => {
    const taken = queries
    queries = 0
    return taken
  }
  take()
  return { store, take }
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `doc ${i}`)

describe("round trips", () => {
  it("ORDER-6 a group of appended entries is one, for one document and for many, small and large", async () => {
    const { store, take } = await counted()
    await Promise.all(ids(100).map(id => store.append(id, metaRecord())))
    take()
    await store.append("doc 1", entry("a"))
    expect(take()).toBe(1)
    await Promise.all(ids(100).flatMap(id => [store.append(id, entry("b")), store.append(id, entry("c"))]))
    expect(take()).toBe(1)
    await store.append("doc 1", binaryEntry(new Uint8Array(5_000_000)))
    expect(take()).toBe(1)
    expect(await texts(store, "doc 2")).toEqual(["b", "c"])
  })

  it("OBSERVE-3 the numbers of rows take no further one", async () => {
    const { store, take } = await counted({ observe: () => {} })
    await Promise.all(ids(100).map(id => store.append(id, metaRecord())))
    expect(take()).toBe(2)
    await store.append("doc 1", entry("a"))
    expect(take()).toBe(1)
    await Promise.all(ids(100).map(id => store.append(id, entry("b"))))
    expect(take()).toBe(1)
  })

  it("ORDER-6 creating and replacing read first: two for a group, and so has a delete", async () => {
    const { store, take } = await counted()
    await Promise.all(ids(100).flatMap(id => [store.append(id, metaRecord()), store.append(id, entry("a"))]))
    expect(take()).toBe(2)
    await Promise.all(ids(50).map(id => store.replace(id, [metaRecord(), entry("b")])))
    expect(take()).toBe(2)
    await Promise.all(ids(50).map(id => store.delete(id)))
    expect(take()).toBe(2)
    expect(await texts(store, "doc 1")).toEqual([])
    expect(await texts(store, "doc 99")).toEqual(["a"])
  })

  it("LOAD-7 a page is one", async () => {
    const { store, take } = await counted()
    await create(store, "doc", ...ids(4_500))
    take()
    expect(await texts(store, "doc")).toHaveLength(4_500)
    expect(take()).toBe(3)
  })

  it("ORDER-2 currentMeta of a thousand documents called at once are a few", async () => {
    const { store, take } = await counted()
    await Promise.all(ids(1_000).map(id => store.append(id, metaRecord())))
    take()
    await store.currentMeta("doc 1")
    expect(take()).toBe(1)
    // A busy machine may give the calls of one tick more than one turn of the event loop.
    const counts: number[] = []
    for (let attempt = 0; attempt < 5; attempt++) {
      await Promise.all(ids(100).map(id => store.currentMeta(id)))
      counts.push(take())
    }
    expect(Math.min(...counts)).toBe(1)
    const metas = await Promise.all(ids(1_000).map(id => store.currentMeta(id)))
    expect(metas.every(meta => meta !== null)).toBe(true)
    expect(take()).toBeLessThan(20)
  })

  it("LOAD-1 loading a thousand small documents at once takes tens", async () => {
    const { store, take } = await counted()
    const ten = ids(10)
    await Promise.all(ids(1_000).map(id => create(store, id, ...ten)))
    take()
    const loads = await Promise.all(ids(1_000).map(id => texts(store, id)))
    expect(take()).toBeLessThan(50)
    for (const load of loads) expect(load).toEqual(ten)
  })

  it("LIST-3 a page of a listing is one", async () => {
    const { store, take } = await counted()
    await Promise.all(ids(1_500).map(id => store.append(id, metaRecord())))
    take()
    expect(await collect(store.listDocIds())).toHaveLength(1_500)
    expect(take()).toBe(2)
  })
})
