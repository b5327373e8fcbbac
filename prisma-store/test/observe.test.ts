import type { StoreEvent, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore, type PrismaClientLike } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const database = await createDatabase()
const sqlite = new SqlitePlace()
const postgres = new PostgresPlace(database)
afterAll(async () => {
  await sqlite.dispose()
  await postgres.dispose()
})

/** An event in one line: operation, documents, outcome. */
function show({ operation, documents, outcome }: StoreEvent): string {
  return `${operation} ${documents.map(({ docId, first, last }) => `${docId} ${first}-${last}`).join(", ")} ${outcome}`
}

const batch = (...versions: number[]): StoreRecord[] => [metaRecord(), ...versions.map(version => entry(version))]

async function opened(provider: "sqlite" | "postgresql") {
  const events: StoreEvent[] = []
  let client: PrismaClientLike
  if (provider === "sqlite") {
    const name = `observe-${crypto.randomUUID()}.db`
    await sqlite.create(name)
    client = sqlite.client(name)
  } else client = postgres.client(await postgres.create())
  const store = await createPrismaStore({ client, observe: event => events.push(event) })
  const other = await createPrismaStore({ client })
  /** The numbers of a document's rows as they are in the table. */
  const stored = async (docId: string) => {
    const id = provider === "sqlite" ? "?" : "$1"
    const rows = await client.$queryRawUnsafe(
      `SELECT seq FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = ${id}) ORDER BY seq`,
      docId,
    )
    return (rows as { seq: unknown }[]).map(({ seq }) => Number(seq))
  }
  return { store, other, stored, take: () => events.splice(0).map(show) }
}

describe.each(["sqlite", "postgresql"] as const)("OBSERVE-3 the numbers of stored rows, on %s", provider => {
  it("continue across commits, a replace, and begin again after a delete", async () => {
    const { store, stored, take } = await opened(provider)
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

  it("are right when another store wrote in between", async () => {
    const { store, other, stored, take } = await opened(provider)
    await store.append("a", metaRecord())
    await store.append("a", entry(1))
    await other.append("a", entry("other"))
    take()
    await store.append("a", entry(2))
    await other.replace("a", batch(3))
    await Promise.all([store.append("a", entry(4)), store.append("a", entry(5))])
    expect(await stored("a")).toEqual([5, 6, 7, 8])
    expect(take()).toEqual(["append a 4-4 ok", "append a 7-7 ok", "append a 8-8 ok"])
    await store.close()
  })

  it("OBSERVE-1 every call is told of, with what it rejected with", async () => {
    const { store, take } = await opened(provider)
    await store.append("a", metaRecord())
    await rejects(store.append("none", entry(1)), "STORE_META_MISSING")
    expect(await collect(store.loadAll("a"))).toEqual([metaRecord()])
    await store.close()
    expect(take()).toEqual([
      "append a 1-1 ok",
      "append none null-null STORE_META_MISSING",
      "loadAll a null-null ok",
      "close  ok",
    ])
  })
})

it("OPEN-3 createPrismaStore refuses an observer that is no function", async () => {
  await sqlite.create("refused.db")
  const observe = "log" as unknown as () => void
  await expect(createPrismaStore({ client: sqlite.client("refused.db"), observe })).rejects.toThrow(
    new TypeError('createPrismaStore: the option "observe" must be a function.'),
  )
})
