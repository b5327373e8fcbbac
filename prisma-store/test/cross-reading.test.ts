import { createPostgresStore, fromPool } from "@holdfast/postgres-store"
import { createSqliteStore, fromBetterSqlite3 } from "@holdfast/sqlite-store"
import type { Store, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, deepEqual, entry, metaRecord, nastyIds } from "@holdfast/testing"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const database = await createDatabase()

/** Everything a record can be. */
function samples(): StoreRecord[] {
  const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 31) & 0xff)
  return [
    metaRecord(),
    entry(""),
    entry("\ufeff\u{10ffff} \u2028 ' \" \\", { version: "" }),
    entry("1", { version: "9007199254740993", lineage: "" }),
    binaryEntry(new Uint8Array(0)),
    binaryEntry(bytes, { lineage: "l" }),
    entry("é😀".repeat(400_000), { kind: "entirety" }),
    metaRecord({ schemaHash: "other" }),
  ]
}

async function fill(store: Store): Promise<void> {
  for (const record of samples()) await store.append("all", record)
  await store.append("replaced", metaRecord())
  await store.append("replaced", entry("old"))
  await store.replace("replaced", [metaRecord(), entry("new")])
  await store.append("gone", metaRecord())
  await store.delete("gone")
  await Promise.all(nastyIds.map(id => store.append(id, metaRecord())))
}

async function check(store: Store): Promise<void> {
  deepEqual(await collect(store.loadAll("all")), samples(), "all")
  deepEqual(await collect(store.loadAll("replaced")), [metaRecord(), entry("new")], "replaced")
  const ids = await collect(store.listDocIds())
  const expected = ["all", "replaced", ...nastyIds].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  deepEqual(ids, [...new Set(expected)], "ids")
  await store.append("all", entry("behind"))
  expect((await collect(store.loadAll("all"))).length).toBe(samples().length + 1)
}

describe("RECORD-1 a database", () => {
  it("written through Prisma on SQLite reads the same in sqlite-store, and the other way round", async () => {
    const place = new SqlitePlace()
    await place.create("mine.db")
    await fill(await createPrismaStore({ client: place.client("mine.db") }))
    const native = createSqliteStore(fromBetterSqlite3(new Database(place.path("mine.db"))))
    await check(native)
    await native.close()

    await place.create("theirs.db")
    const other = createSqliteStore(fromBetterSqlite3(new Database(place.path("theirs.db"))))
    await fill(other)
    await other.close()
    await check(await createPrismaStore({ client: place.client("theirs.db") }))
    await place.dispose()
  })

  it("written through Prisma on PostgreSQL reads the same in postgres-store, and the other way round", async () => {
    const place = new PostgresPlace(database)
    const mine = await place.create()
    await fill(await createPrismaStore({ client: place.client(mine) }))
    const native = await createPostgresStore(fromPool(database.admin), { schema: mine })
    await check(native)
    await native.close()

    const theirs = await place.create()
    const other = await createPostgresStore(fromPool(database.admin), { schema: theirs, createTables: true })
    await fill(other)
    await other.close()
    await check(await createPrismaStore({ client: place.client(theirs) }))
    await place.dispose()
  })
})
