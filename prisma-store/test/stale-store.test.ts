import type { Store } from "@holdfast/store-core"
import { collect, entry, metaRecord } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const sqlite = new SqlitePlace()
const postgres = new PostgresPlace(await createDatabase())
afterAll(async () => {
  await sqlite.dispose()
  await postgres.dispose()
})

const META = metaRecord()

describe.each(["SQLite", "PostgreSQL"])(
  "a store whose last numbers of a document another one has used up and freed, on %s",
  provider => {
    async function clientOf() {
      if (provider === "PostgreSQL") return postgres.client(await postgres.create())
      const name = `stale-${crypto.randomUUID()}.db`
      await sqlite.create(name)
      return sqlite.client(name)
    }

    it.each([
      ["an entry", [META, entry(3), entry(4)], (stale: Store) => stale.append("doc", entry(4))],
      [
        "several entries in one tick",
        [META, entry(3), entry(4), entry(5)],
        (stale: Store) => Promise.all([stale.append("doc", entry(4)), stale.append("doc", entry(5))]),
      ],
      ["metadata", [META, entry(3), META], (stale: Store) => stale.append("doc", META)],
      ["a replace by metadata alone", [META], (stale: Store) => stale.replace("doc", [META])],
      ["a replace", [META, entry(4)], (stale: Store) => stale.replace("doc", [META, entry(4)])],
    ])("SHARE-1 takes %s", async (_, expected, write) => {
      const client = await clientOf()
      const [stale, other] = [await createPrismaStore({ client }), await createPrismaStore({ client })]
      await stale.append("doc", META)
      await stale.append("doc", entry(1))
      for (const value of [2, 3]) await other.replace("doc", [META, entry(value)])
      await write(stale)
      expect(await collect(other.loadAll("doc"))).toEqual(expected)
    })
  },
)
