import type { Store } from "@holdfast/store-core"
import { binaryEntry, collect, contentHash, entries, metaRecord } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"
import type { Watch } from "./support/watch.js"

const database = await createDatabase()
const sqlite = new SqlitePlace()
const postgres = new PostgresPlace(database)
afterAll(async () => {
  await sqlite.dispose()
  await postgres.dispose()
})

let files = 0

/** Every client here has Prisma's default limits: 5 seconds for a transaction, 2 seconds to begin one. */
const PROVIDERS: Readonly<Record<string, { watch: Watch; most: number; open(): Promise<Store> }>> = {
  SQLite: {
    watch: sqlite.watch,
    most: 999,
    open: async () => {
      const name = `${++files}.db`
      await sqlite.create(name)
      return createPrismaStore({ client: sqlite.client(name) })
    },
  },
  PostgreSQL: {
    watch: postgres.watch,
    most: 32_766,
    open: async () => createPrismaStore({ client: postgres.client(await postgres.create()) }),
  },
}

describe.each(Object.entries(PROVIDERS))("with default limits on %s", (_, { watch, most, open }) => {
  it("RECORD-5 REPLACE-1 ORDER-6 large work is done within them and within every limit of parameters", async () => {
    const store = await open()
    watch.clear()
    await store.replace("replaced", [metaRecord(), ...entries(10_000)])
    expect((await collect(store.loadAll("replaced"))).length).toBe(10_001)

    const bytes = new Uint8Array(64 * 1024 * 1024).fill(5)
    bytes[bytes.length - 1] = 6
    await store.append("large", metaRecord())
    await store.append("large", binaryEntry(bytes))
    const record = (await collect(store.loadAll("large")))[1]
    const data = record?.kind === "entry" ? record.payload.data : ""
    expect(contentHash(data)).toBe(contentHash(bytes))

    const before = watch.commits
    const ids = Array.from({ length: 1000 }, (_, i) => `many/${i}`)
    await Promise.all(ids.map(id => store.append(id, metaRecord())))
    await Promise.all(ids.map(id => store.append(id, binaryEntry(new Uint8Array(10)))))
    expect(watch.commits - before).toBe(2)
    expect(Math.max(...watch.statements.map(({ parameters }) => parameters))).toBeLessThanOrEqual(most)
    await store.close()
  })

  it("META-5 currentMeta is one statement, and so is the append of an entry", async () => {
    const store = await open()
    await store.append("a", metaRecord())
    // The first append finds out which number the document got.
    await store.append("a", binaryEntry(new Uint8Array(1)))
    const count = async (work: () => Promise<unknown>) => {
      watch.clear()
      await work()
      return watch.statements.filter(({ sql }) => sql !== "SELECT 1" && sql !== "COMMIT").length
    }
    expect(await count(() => store.currentMeta("a"))).toBe(1)
    expect(await count(() => store.append("a", binaryEntry(new Uint8Array(1))))).toBe(1)
    await store.close()
  })
})
