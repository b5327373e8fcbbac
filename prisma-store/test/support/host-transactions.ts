import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { expect, it } from "vitest"
import { createPrismaStore } from "../../src/index.js"
import type { Host } from "./host.js"

/** What holds inside `$transaction(async tx => …)`, on every provider. */
export function hostTransactionTests(open: () => Promise<Host>): void {
  it("WRITE-2 rows of the application and records are stored together", async () => {
    const host = await open()
    await host.transact(async (tx, note) => {
      const inside = await createPrismaStore({ client: tx })
      await note("first")
      await inside.append("a", metaRecord())
      await inside.append("a", entry("1"))
      expect((await collect(inside.loadAll("a"))).length).toBe(2)
      await inside.close()
    })
    const store = await createPrismaStore({ client: host.client })
    expect(await host.notes()).toEqual(["first"])
    expect((await collect(store.loadAll("a"))).length).toBe(2)
  })

  it("WRITE-2 nothing is left when the application's transaction fails", async () => {
    const host = await open()
    const store = await createPrismaStore({ client: host.client })
    await store.append("old", metaRecord())
    const failure = new Error("the application changed its mind")
    const transaction = host.transact(async (tx, note) => {
      const inside = await createPrismaStore({ client: tx })
      await note("never")
      await inside.append("new", metaRecord())
      await inside.append("old", entry("1"))
      await inside.replace("old", [metaRecord(), entry("2")])
      throw failure
    })
    await expect(transaction).rejects.toBe(failure)
    expect(await host.notes()).toEqual([])
    expect(await collect(store.listDocIds())).toEqual(["old"])
    expect((await collect(store.loadAll("old"))).length).toBe(1)
    // What was cached before the transaction is still right.
    await store.append("old", entry("3"))
    expect((await collect(store.loadAll("old"))).length).toBe(2)
  })

  it("WRITE-4 a refused or failed write leaves the application's transaction usable", async () => {
    const host = await open()
    await host.transact(async (tx, note) => {
      const inside = await createPrismaStore({ client: tx })
      await note("before")
      await rejects(inside.append("none", entry("1")), "STORE_META_MISSING")
      await inside.append("a", metaRecord())
      const other = metaRecord({ replicaType: ["other", 1, 0] })
      await rejects(inside.append("a", other), "STORE_META_MISMATCH")
      await note("after")
    })
    expect(await host.notes()).toEqual(["before", "after"])
  })

  it("APPEND-1 a load, a replace, a delete and a large record work inside", async () => {
    const host = await open()
    const store = await createPrismaStore({ client: host.client })
    await store.append("gone", metaRecord())
    await host.transact(async tx => {
      const inside = await createPrismaStore({ client: tx })
      await inside.delete("gone")
      await inside.replace("a", [metaRecord(), ...Array.from({ length: 500 }, (_, i) => entry(String(i)))])
      await inside.append("a", binaryEntry(new Uint8Array(3_000_000).fill(7)))
      expect((await collect(inside.loadAll("a"))).length).toBe(502)
    })
    expect(await collect(store.listDocIds())).toEqual(["a"])
    expect((await collect(store.loadAll("a"))).length).toBe(502)
  })

  it("CLOSE-2 a store whose transaction is over says so", async () => {
    const host = await open()
    let inside: Awaited<ReturnType<typeof createPrismaStore>> | undefined
    await host.transact(async tx => {
      inside = await createPrismaStore({ client: tx })
      await inside.append("a", metaRecord())
    })
    await rejects(inside?.append("a", entry("late")) ?? Promise.resolve(), "STORE_IN_TRANSACTION")
    const store = await createPrismaStore({ client: host.client })
    expect((await collect(store.loadAll("a"))).length).toBe(1)
  })

  it("SHARE-1 calls of two stores on one transaction take turns", async () => {
    const host = await open()
    await host.transact(async tx => {
      const [first, second] = [await createPrismaStore({ client: tx }), await createPrismaStore({ client: tx })]
      await first.append("a", metaRecord())
      const settled = await Promise.allSettled([
        first.append("a", entry("1")),
        second.append("missing", entry("x")),
        first.append("b", metaRecord()),
        second.append("a", entry("2")),
      ])
      expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"])
    })
    const store = await createPrismaStore({ client: host.client })
    expect(await collect(store.listDocIds())).toEqual(["a", "b"])
    expect((await collect(store.loadAll("a"))).length).toBe(3)
  })
}
