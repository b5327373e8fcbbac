import { collect, metaRecord, rejects } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const database = await createDatabase()
const sqlite = new SqlitePlace()
const postgres = new PostgresPlace(database)
afterAll(async () => {
  await sqlite.dispose()
  await postgres.dispose()
})

describe("CLOSE-5 closing a store", () => {
  it("leaves the client connected, on SQLite", async () => {
    await sqlite.create()
    const client = sqlite.client()
    let disconnected = 0
    const disconnect = client.$disconnect.bind(client)
    client.$disconnect = () => {
      disconnected++
      return disconnect()
    }
    const first = await createPrismaStore({ client })
    const second = await createPrismaStore({ client })
    await first.append("a", metaRecord())
    await first.close()
    expect(disconnected).toBe(0)
    expect(await collect(second.listDocIds())).toEqual(["a"])
    expect(await client.note.count()).toBe(0)
  })

  it("leaves the client connected, on PostgreSQL", async () => {
    const client = postgres.client(await postgres.create())
    const first = await createPrismaStore({ client })
    const second = await createPrismaStore({ client })
    await first.append("a", metaRecord())
    await first.close()
    expect(await collect(second.listDocIds())).toEqual(["a"])
    expect(await client.note.count()).toBe(0)
  })

  it("ERROR-1 a database that cannot be reached is reported as such", async () => {
    const client = postgres.client("public", { connectionString: "postgres://nobody@127.0.0.1:9/none" })
    await rejects(createPrismaStore({ client }), "STORE_UNAVAILABLE")
    await rejects(createPrismaStore({ client: sqlite.client("missing/store.db") }), "STORE_UNAVAILABLE")
  })
})
