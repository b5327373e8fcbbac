import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, describe, expect, it } from "vitest"
import { createPrismaStore } from "../src/index.js"
import { type Host, sqliteHost } from "./support/host.js"
import { hostTransactionTests } from "./support/host-transactions.js"
import { SqlitePlace } from "./support/sqlite.js"

const places: SqlitePlace[] = []
afterEach(async () => {
  for (const place of places.splice(0)) await place.dispose()
})

async function open(): Promise<Host> {
  const place = new SqlitePlace()
  places.push(place)
  await place.create()
  return sqliteHost(place.client())
}

describe("inside a transaction on SQLite", () => hostTransactionTests(open))

describe("beside a transaction on SQLite, on the one connection there is", () => {
  it("WRITE-1 a write waits for the transaction, and is not rolled back with it", async () => {
    const host = await open()
    const store = await createPrismaStore({ client: host.client })
    await store.append("a", metaRecord())
    let written: Promise<void> | undefined
    const transaction = host.transact(async (_, note) => {
      await note("never")
      written = store.append("a", entry("1"))
      await new Promise(resolve => setTimeout(resolve, 50))
      throw new Error("rolled back")
    })
    await expect(transaction).rejects.toThrow("rolled back")
    await written
    expect((await collect(store.loadAll("a"))).length).toBe(2)
    expect(await host.notes()).toEqual([])
  })

  it("LOAD-1 a read waits for the transaction, and sees nothing that is rolled back", async () => {
    const host = await open()
    const store = await createPrismaStore({ client: host.client })
    await store.append("a", metaRecord())
    let read: Promise<unknown[]> | undefined
    const transaction = host.transact(async tx => {
      const inside = await createPrismaStore({ client: tx })
      await inside.append("a", entry("never"))
      read = collect(store.loadAll("a"))
      await new Promise(resolve => setTimeout(resolve, 50))
      throw new Error("rolled back")
    })
    await expect(transaction).rejects.toThrow("rolled back")
    expect((await read)?.length).toBe(1)
  })

  it("ERROR-1 a write awaited inside it, where it cannot get a turn, is refused as busy", async () => {
    const host = await open()
    const store = await createPrismaStore({ client: host.client, busyTimeout: 0 })
    await store.append("a", metaRecord())
    await host.transact(async () => {
      await rejects(store.append("a", entry("1")), "STORE_BUSY")
    })
    await store.append("a", entry("2"))
    expect((await collect(store.loadAll("a"))).length).toBe(2)
  })
})
