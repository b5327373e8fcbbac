import type { Store } from "@holdfast/store-core"
import { entry, metaRecord, rejects } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import {
  createPostgresStore,
  createTablesSql,
  fromClient,
  fromPool,
  type PgAdapter,
  type PgConnection,
  type PgParameter,
  type PgPool,
  type PgSession,
  verifyPostgresStore,
} from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { codeOf, create, freshSchema, pause, texts } from "./support/fixtures.js"

const database = await createDatabase()

async function place(busyTimeout = 5_000) {
  const schema = await freshSchema(database)
  const store = await createPostgresStore(fromPool(database.pool()), { schema, createTables: true, busyTimeout })
  const client = await database.client()
  return { schema, store, client }
}

describe("documents locked from outside", () => {
  it("ORDER-3 a locked document is tried apart, and its neighbours go through", async () => {
    const { schema, store, client } = await place()
    for (const id of ["locked", "free"]) await create(store, id, "a")
    await client.query("BEGIN")
    await client.query(`SELECT FROM ${schema}.holdfast_meta WHERE doc_id = 'locked' FOR UPDATE`)
    const waiting = [store.append("locked", entry("b")), store.append("locked", entry("c"))]
    await Promise.all([store.append("free", entry("b")), store.replace("free", [metaRecord(), entry("c")])])
    await Promise.all([store.append("free", metaRecord({ schemaHash: "two" })), store.append("free", entry("d"))])
    await create(store, "gone", "x")
    await store.delete("gone")
    expect(await texts(store, "free")).toEqual(["c", "d"])
    await client.query("COMMIT")
    await Promise.all(waiting)
    expect(await texts(store, "locked")).toEqual(["a", "b", "c"])
  })

  it.each(["append", "meta", "replace", "delete"] as const)(
    "SHARE-2 %s: beyond the budget a locked document rejects with STORE_BUSY",
    async kind => {
      const { schema, store, client } = await place(50)
      await create(store, "locked", "a")
      await create(store, "free", "a")
      await client.query("BEGIN")
      await client.query(`SELECT FROM ${schema}.holdfast_meta WHERE doc_id = 'locked' FOR UPDATE`)
      const call = (id: string) =>
        ({
          append: () => store.append(id, entry("b")),
          meta: () => store.append(id, metaRecord({ schemaHash: "two" })),
          replace: () => store.replace(id, [metaRecord(), entry("b")]),
          delete: () => store.delete(id),
        })[kind]()
      const codes = await Promise.all([codeOf(call("locked")), codeOf(call("free"))])
      expect(codes).toEqual(["STORE_BUSY", "ok"])
      await client.query("ROLLBACK")
      expect(await texts(store, "locked")).toEqual(["a"])
      await call("locked")
    },
  )

  it("ORDER-3 a document that another transaction is creating holds up no other", async () => {
    const { schema, store, client } = await place(10_000)
    await client.query("BEGIN")
    await client.query(`INSERT INTO ${schema}.holdfast_meta (doc_id, data) VALUES ('taken', '{}')`)
    const waiting = create(store, "taken", "a")
    await pause(20)
    await Promise.all(["one", "two", "three"].map(id => create(store, id, "a")))
    expect(await texts(store, "two")).toEqual(["a"])
    await client.query("ROLLBACK")
    await waiting
    expect(await texts(store, "taken")).toEqual(["a"])
  })
})

describe("SHARE-2 two replaces between what a writer read and what it writes, after which the numbers it read are free again", () => {
  it.each<[string, (store: Store) => Promise<void>, string[]]>([
    ["a replace", store => store.replace("doc", [metaRecord(), entry("z")]), ["z"]],
    ["other metadata", store => store.append("doc", metaRecord({ schemaHash: "two" })), ["y1", "y2"]],
    ["the same metadata", store => store.append("doc", metaRecord()), ["y1", "y2"]],
  ])("%s", async (_, write, expected) => {
    const { schema, store: other } = await place()
    const adapter = fromPool(database.pool())
    let meanwhile = async () => {}
    const query = (session: PgSession) => async (text: string, parameters: readonly PgParameter[]) => {
      const rows = await session.query(text, parameters)
      const run = meanwhile
      meanwhile = async () => {}
      await run()
      return rows
    }
    const run: PgAdapter["run"] = work => adapter.run(session => work({ ...session, query: query(session) }))
    const store = await createPostgresStore({ ...adapter, run }, { schema })
    await create(other, "doc", "a", "b")
    meanwhile = async () => {
      await other.replace("doc", [metaRecord(), entry("x")])
      await other.replace("doc", [metaRecord(), entry("y1"), entry("y2")])
    }
    await write(store)
    expect(await texts(other, "doc")).toEqual(expected)
    expect((await verifyPostgresStore(other)).findings).toEqual([])
  })
})

describe("writers that race", () => {
  it("SHARE-3 appends that race deletes leave no row behind, under any default isolation", async () => {
    const { schema, store } = await place()
    const isolations = ["read committed", "repeatable read", "serializable"]
    const others = await Promise.all(
      isolations.map(level =>
        createPostgresStore(
          fromPool(database.pool({ options: `-c default_transaction_isolation=${level.replace(" ", "\\ ")}` })),
          { schema },
        ),
      ),
    )
    for (let round = 0; round < 40; round++) {
      const id = `doc ${round}`
      await create(store, id, "a")
      const calls = others.flatMap((other, i) => [
        codeOf(other.append(id, entry(`x${i}`))),
        codeOf(round % 3 === i ? other.delete(id) : other.append(id, entry(`y${i}`))),
      ])
      for (const code of await Promise.all(calls)) {
        expect(["ok", "STORE_META_MISSING", "STORE_CONFLICT", "STORE_BUSY"]).toContain(code)
      }
      await store.delete(id)
    }
    const left = await database.admin.query(`SELECT count(*)::int AS rows FROM ${schema}.holdfast_records`)
    expect(left.rows).toEqual([{ rows: 0 }])
  })

  it("SHARE-2 a replace does not remove what another writer appended since it looked", async () => {
    const { schema, store, client } = await place()
    await create(store, "doc", "a")
    const other = await createPostgresStore(fromPool(database.pool()), { schema })
    for (let round = 0; round < 50; round++) {
      const before = await texts(store, "doc")
      const [replaced, appended] = await Promise.all([
        codeOf(store.replace("doc", [metaRecord(), entry(`r${round}`)])),
        codeOf(other.append("doc", entry(`a${round}`))),
      ])
      expect(replaced).toBe("ok")
      expect(appended).toBe("ok")
      const now = await texts(store, "doc")
      expect([[`r${round}`], [`r${round}`, `a${round}`]]).toContainEqual(now)
      expect(before).not.toEqual(now)
    }
    await client.query("SELECT 1")
  })

  it("SHARE-2 groups of creations in opposite order do not block each other for good", async () => {
    const { schema, store } = await place()
    const other = await createPostgresStore(fromPool(database.pool()), { schema })
    const ids = Array.from({ length: 200 }, (_, i) => `doc ${i}`)
    const codes = await Promise.all([
      ...ids.map(id => codeOf(store.append(id, metaRecord()))),
      ...ids.toReversed().map(id => codeOf(other.append(id, metaRecord()))),
    ])
    expect(new Set(codes)).toEqual(new Set(["ok"]))
    await rejects(store.append("doc 1", metaRecord({ replicaType: ["other", 1, 0] })), "STORE_META_MISMATCH")
  })
})

describe("SHARE-1 a lone append where another store wrote since this one's last", () => {
  it.each<[string, (other: Store) => Promise<void>, string[]]>([
    ["appended", other => other.append("doc", entry("c")), ["a", "b", "c", "d"]],
    ["replaced", other => other.replace("doc", [metaRecord(), entry("c")]), ["c", "d"]],
    [
      "appended and replaced, so that the number behind the known one is free again",
      async other => {
        await other.append("doc", entry("gone"))
        await other.replace("doc", [metaRecord(), entry("c")])
      },
      ["c", "d"],
    ],
    ["changed the metadata", other => other.append("doc", metaRecord({ schemaHash: "two" })), ["a", "b", "d"]],
    [
      "deleted and created again",
      async other => {
        await other.delete("doc")
        await create(other, "doc", "c")
      },
      ["c", "d"],
    ],
  ])("%s", async (_, write, expected) => {
    const { schema, store } = await place()
    const other = await createPostgresStore(fromPool(database.pool()), { schema })
    await create(store, "doc", "a")
    await store.append("doc", entry("b"))
    await write(other)
    await store.append("doc", entry("d"))
    expect(await texts(store, "doc")).toEqual(expected)
    expect(await texts(other, "doc")).toEqual(expected)
    expect((await verifyPostgresStore(store)).findings).toEqual([])
  })

  it.each<[string, (other: Store) => Promise<void>, string[]]>([
    ["appended", other => other.append("0", entry("x")), ["a", "b", "x", "c"]],
    [
      "appended and replaced",
      async other => {
        await other.append("0", entry("gone"))
        await other.replace("0", [metaRecord(), entry("x")])
      },
      ["x", "c"],
    ],
    [
      "deleted and created again",
      async other => {
        await other.delete("0")
        await create(other, "0", "x")
      },
      ["x", "c"],
    ],
    ["deleted", other => other.delete("0"), []],
  ])("%s, in a group with documents nobody else wrote to", async (_, write, expected) => {
    const { schema, store } = await place()
    const other = await createPostgresStore(fromPool(database.pool()), { schema })
    const ids = ["0", "1", "2", "3"]
    for (const id of ids) await create(store, id, "a")
    await Promise.all(ids.map(id => store.append(id, entry("b"))))
    await write(other)
    const codes = await Promise.all(ids.map(id => codeOf(store.append(id, entry("c")))))
    expect(codes).toEqual([expected.length === 0 ? "STORE_META_MISSING" : "ok", "ok", "ok", "ok"])
    await Promise.all(ids.slice(1).map(id => store.append(id, entry("d"))))
    expect(await texts(store, "0")).toEqual(expected)
    for (const id of ids.slice(1)) expect(await texts(store, id)).toEqual(["a", "b", "c", "d"])
    expect((await verifyPostgresStore(store)).findings).toEqual([])
  })

  it("moved the rows of documents to where others lay that were created with them", async () => {
    const { schema, store } = await place()
    const ids = ["0", "1", "2", "3"]
    await Promise.all(ids.map(id => store.append(id, metaRecord())))
    await Promise.all(ids.map(id => store.append(id, entry("a"))))
    await store.delete("0")
    await database.admin.query(`VACUUM FULL ${schema}.holdfast_meta`)
    for (const id of ids.slice(1)) await store.append(id, entry(`b${id}`))
    for (const id of ids.slice(1)) expect(await texts(store, id)).toEqual(["a", `b${id}`])
    expect((await verifyPostgresStore(store)).findings).toEqual([])
  })

  it.each([
    ["the function", false, true],
    ["the statement, prepared", true, true],
    ["the statement", false, false],
  ])(
    "swapped the tables for others that were filled in one transaction with them; by %s",
    async (_, preparedStatements, withFunction) => {
      const { schema, store } = await place()
      for (const id of ["0", "1"]) await create(store, id, "a")
      const [first, second] = [await freshSchema(database), await freshSchema(database)]
      const copy = (to: string) => `${createTablesSql({ schema: to })};
      INSERT INTO ${to}.holdfast_meta OVERRIDING SYSTEM VALUE SELECT * FROM ${schema}.holdfast_meta;
      INSERT INTO ${to}.holdfast_records SELECT * FROM ${schema}.holdfast_records;`
      await database.admin.query(`BEGIN; ${copy(first)} ${copy(second)} COMMIT`)
      if (!withFunction)
        for (const one of [first, second]) await database.admin.query(`DROP FUNCTION ${one}.holdfast_records_append`)
      const adapter = fromPool(database.pool({ max: 1 }), { preparedStatements })
      const swapped = await createPostgresStore(adapter, { schema: first })
      const rename = (from: string, to: string) => `ALTER SCHEMA ${from} RENAME TO ${to}`
      const swap = () =>
        database.admin.query([rename(first, "aside"), rename(second, first), rename("aside", second)].join(";"))
      for (const text of ["b", "c"]) await Promise.all(["0", "1"].map(id => swapped.append(id, entry(text))))
      await swap()
      await swapped.append("0", entry("lone"))
      await swap()
      for (const text of ["d", "e"]) await Promise.all(["0", "1"].map(id => swapped.append(id, entry(text))))
      await swap()
      await Promise.all(["0", "1"].map(id => swapped.append(id, entry("group"))))
      expect(await texts(swapped, "0")).toEqual(["a", "lone", "group"])
      expect(await texts(swapped, "1")).toEqual(["a", "group"])
      expect((await verifyPostgresStore(swapped)).findings).toEqual([])
    },
  )

  it("deleted: it rejects", async () => {
    const { schema, store } = await place()
    const other = await createPostgresStore(fromPool(database.pool()), { schema })
    await create(store, "doc", "a")
    await store.append("doc", entry("b"))
    await other.delete("doc")
    expect(await codeOf(store.append("doc", entry("c")))).toBe("STORE_META_MISSING")
  })

  it("rolled back, on the client this store is on", async () => {
    const { schema, client } = await place()
    const store = await createPostgresStore(fromClient(client), { schema })
    await create(store, "doc", "a")
    await store.append("doc", entry("b"))
    await client.query("BEGIN")
    for (const text of ["x", "y"]) await store.append("doc", entry(text))
    await client.query("ROLLBACK")
    for (const text of ["c", "d"]) await store.append("doc", entry(text))
    expect(await texts(store, "doc")).toEqual(["a", "b", "c", "d"])
  })

  it("by nobody: only on a connection of its own does the store go by what it remembers", async () => {
    const { schema } = await place()
    const pooler: PgConnection = { process: "1" }
    for (const [told, expected] of [
      [null, 2],
      [pooler, 0],
    ] as const) {
      const adapter = fromPool(database.pool({ max: 1 }))
      let known = 0
      const run: PgAdapter["run"] = work =>
        adapter.run(session => {
          const connection = told ?? session.connection
          const execute: PgSession["execute"] = (...statement) => {
            known++
            return session.execute(...statement)
          }
          return work({ ...session, connection, execute })
        })
      const store = await createPostgresStore({ ...adapter, run }, { schema })
      const doc = `expected ${expected}`
      await create(store, doc, "a")
      for (const text of ["b", "c", "d"]) await store.append(doc, entry(text))
      expect(known).toBe(expected)
    }
  })

  it.each([
    ["on a connection of its own", fromPool],
    [
      "behind a pooler that goes by the name of its first connection",
      (pool: PgPool): PgAdapter => {
        const adapter = fromPool(pool)
        let connection: PgConnection | undefined
        return {
          ...adapter,
          run: work =>
            adapter.run(session => {
              connection ??= session.connection
              return work({ ...session, connection })
            }),
        }
      },
    ],
  ])("WRITE-1 by a server that has lost its last commits, %s", async (_, connect) => {
    const { schema, client } = await place()
    const store = await createPostgresStore(connect(database.pool()), { schema })
    await create(store, "doc", "a")
    for (const text of ["b", "lost"]) await store.append("doc", entry(text))
    await client.query(
      `DELETE FROM ${schema}.holdfast_records WHERE seq = (SELECT max(seq) FROM ${schema}.holdfast_records)`,
    )
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()",
    )
    await pause(300)
    await store.append("doc", entry("c"))
    expect(await texts(store, "doc")).toEqual(["a", "b", "c"])
  })
})
