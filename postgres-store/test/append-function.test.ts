import { entry } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createPostgresStore, createTablesSql, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { create, freshSchema, texts } from "./support/fixtures.js"
import { Watch } from "./support/watch.js"

const database = await createDatabase()
const FUNCTION =
  "holdfast_records_append(bigint, bigint, smallint, text, text, text, bytea, xid, tid, oid, integer, regclass)"

/** A store with one document whose end it knows, and what it sends to append one more entry. */
async function opened(schema: string, pool = database.pool({ max: 1 }), preparedStatements = false) {
  const watch = new Watch()
  const store = await createPostgresStore(watch.adapter(fromPool(pool, { preparedStatements })), { schema })
  await create(store, "doc")
  await store.append("doc", entry("a"))
  const append = async (text: string) => {
    watch.clear()
    await store.append("doc", entry(text))
    return watch.statements.map(sent => sent.slice(0, 12))
  }
  return { store, append, pool }
}

async function withTables(change = ""): Promise<string> {
  const schema = await freshSchema(database)
  await database.admin.query(`${createTablesSql({ schema })} ${change.replaceAll("@", schema)}`)
  return schema
}

describe("the function that appends", () => {
  it("WRITE-1 one row behind a known end is written by it", async () => {
    const { store, append } = await opened(await withTables())
    expect(await append("b")).toEqual(["SELECT WHERE"])
    expect(await texts(store, "doc")).toEqual(["a", "b"])
  })

  it("SHARE-1 it writes nothing where another store has appended or replaced, and the row comes behind", async () => {
    const schema = await withTables()
    const { store, append } = await opened(schema)
    const { store: other } = await opened(schema)
    expect(await append("b")).toEqual(["SELECT WHERE", "INSERT INTO "])
    await other.replace("doc", [...(await toRecords(other))])
    expect(await append("c")).toEqual(["SELECT WHERE", "INSERT INTO "])
    expect(await texts(store, "doc")).toEqual(["a", "a", "b", "c"])
  })

  it("WRITE-1 it is not called where the statement is planned once anyway", async () => {
    const { store, append } = await opened(await withTables(), undefined, true)
    expect(await append("b")).toEqual(["INSERT INTO "])
    expect(await texts(store, "doc")).toEqual(["a", "b"])
  })

  it.each([
    ["dropped", `DROP FUNCTION @.${FUNCTION}`],
    [
      "another",
      `CREATE OR REPLACE FUNCTION @.${FUNCTION} RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'`,
    ],
    ["without its setting", `ALTER FUNCTION @.${FUNCTION} RESET ALL`],
    ["one of its owner's rights", `ALTER FUNCTION @.${FUNCTION} SECURITY DEFINER`],
  ])("OPEN-1 one that is %s is not called", async (_, change) => {
    const { store, append } = await opened(await withTables(change))
    expect(await append("b")).toEqual(["INSERT INTO "])
    expect(await texts(store, "doc")).toEqual(["a", "b"])
  })

  it("OPEN-1 a role that may not call it appends without", async () => {
    const role = `${database.name}_uncalled`
    const schema = await withTables(
      `REVOKE EXECUTE ON FUNCTION @.${FUNCTION} FROM PUBLIC; CREATE ROLE ${role}; GRANT ALL ON SCHEMA @ TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA @ TO ${role}`,
    )
    try {
      const { store, append } = await opened(schema, database.pool({ max: 1, options: `-c role=${role}` }))
      expect(await append("b")).toEqual(["INSERT INTO "])
      expect(await texts(store, "doc")).toEqual(["a", "b"])
    } finally {
      await database.admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it("WRITE-1 appends go on where it is dropped under an open store", async () => {
    const schema = await withTables()
    const { store, append } = await opened(schema)
    await database.admin.query(`DROP FUNCTION ${schema}.${FUNCTION}`)
    expect(await append("b")).toEqual(["SELECT WHERE", "INSERT INTO "])
    expect(await append("c")).toEqual(["SELECT WHERE", "INSERT INTO "])
    expect(await texts(store, "doc")).toEqual(["a", "b", "c"])
  })

  it("OPEN-1 it is made once, in the schema of the search path, and writes there under another one", async () => {
    const [first, second] = [await freshSchema(database), await freshSchema(database)]
    for (const schema of [first, second]) {
      const client = database.pool({ max: 1, options: `-c search_path=${schema}` })
      await client.query(createTablesSql())
      await client.query(createTablesSql())
    }
    const { append, pool } = await opened(second)
    await pool.query(`SET search_path = ${first}`)
    expect(await append("b")).toEqual(["SELECT WHERE"])
    expect((await database.admin.query(`SELECT FROM ${second}.holdfast_records`)).rowCount).toBe(3)
    expect((await database.admin.query(`SELECT FROM ${first}.holdfast_records`)).rowCount).toBe(0)
  })

  it("OPEN-1 one of somebody who does not own the tables is not called", async () => {
    const role = `${database.name}_other`
    await database.admin.query(`CREATE ROLE ${role}`)
    try {
      const { append } = await opened(await withTables(`ALTER FUNCTION @.${FUNCTION} OWNER TO ${role}`))
      expect(await append("b")).toEqual(["INSERT INTO "])
    } finally {
      await database.admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it("OPEN-1 one from a file whose lines end with two characters, or made under other settings, is called", async () => {
    for (const change of ["\r\n", "\n"]) {
      const schema = await freshSchema(database)
      const client = await database.client({ options: "-c quote_all_identifiers=on" })
      await client.query(createTablesSql({ schema }).replaceAll("\n", change))
      expect(await (await opened(schema)).append("b")).toEqual(["SELECT WHERE"])
    }
  })

  it("OPEN-1 a role that may not use its language gets tables without it", async () => {
    const role = `${database.name}_untrusted`
    const schema = await freshSchema(database)
    await database.admin.query(
      `CREATE ROLE ${role}; GRANT ALL ON SCHEMA ${schema} TO ${role}; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC`,
    )
    try {
      const store = await createPostgresStore(fromPool(database.pool({ max: 1, options: `-c role=${role}` })), {
        schema,
        createTables: true,
      })
      await create(store, "doc", "a")
      expect(await texts(store, "doc")).toEqual(["a"])
    } finally {
      await database.admin.query(`GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it("SHARE-1 where schemas are swapped under an open store, it writes to the tables that now have the name", async () => {
    const [first, second] = [await withTables(), await withTables()]
    const { store, append } = await opened(first)
    await opened(second)
    await database.admin.query(
      `ALTER SCHEMA ${first} RENAME TO swapped; ALTER SCHEMA ${second} RENAME TO ${first}; ALTER SCHEMA swapped RENAME TO ${second}`,
    )
    expect(await append("b")).toEqual(["SELECT WHERE", "INSERT INTO "])
    expect(await texts(store, "doc")).toEqual(["a", "b"])
    expect((await database.admin.query(`SELECT FROM ${first}.holdfast_records`)).rowCount).toBe(3)
  })

  it("SHARE-1 where another schema takes the name of the store's, appends go to the tables there", async () => {
    const [first, second] = [await withTables(), await withTables()]
    const { store, append } = await opened(first)
    await opened(second)
    await database.admin.query(
      `ALTER SCHEMA ${first} RENAME TO ${first}_old; ALTER SCHEMA ${second} RENAME TO ${first}`,
    )
    for (const text of ["b", "c"]) expect((await append(text)).at(-1)).toBe("INSERT INTO ")
    expect(await texts(store, "doc")).toEqual(["a", "b", "c"])
  })

  it("OPEN-1 several that make it at once beside tables that are there all succeed", async () => {
    for (let round = 0; round < 5; round++) {
      const schema = await withTables(`DROP FUNCTION @.${FUNCTION}`)
      const pools = [1, 2, 3, 4].map(() => database.pool({ max: 1 }))
      await Promise.all(pools.map(one => one.query(createTablesSql({ schema }))))
      expect(await (await opened(schema)).append("b")).toEqual(["SELECT WHERE"])
      await Promise.all(pools.map(one => one.end()))
    }
  })

  it("OPEN-1 it is made in a schema of any name", async () => {
    const schema = `it's "a" $do$ $append$ $body$ schema %s`
    const name = `"${schema.replaceAll('"', '""')}"`
    await database.admin.query(`CREATE SCHEMA ${name}`)
    const pool = database.pool({ max: 1 })
    await pool.query(`SELECT set_config('search_path', $1, false)`, [name])
    const watch = new Watch()
    const store = await createPostgresStore(watch.adapter(fromPool(pool)), { createTables: true })
    await create(store, "doc")
    await store.append("doc", entry("a"))
    watch.clear()
    await store.append("doc", entry("b"))
    expect(watch.statements[0]).toMatch(/^SELECT WHERE /)
    expect(await texts(store, "doc")).toEqual(["a", "b"])
  })

  it("WRITE-1 its plan never reads the whole table of metadata, also when it was made while that was small", async () => {
    const schema = await withTables()
    const { append, pool } = await opened(schema)
    await database.admin.query(`VACUUM ANALYZE ${schema}.holdfast_meta`)
    const scans = async () => {
      await pool.query("SELECT pg_stat_force_next_flush()")
      const sql = `SELECT seq_scan FROM pg_stat_user_tables WHERE schemaname = '${schema}' AND relname = 'holdfast_meta'`
      return Number((await database.admin.query(sql)).rows[0].seq_scan)
    }
    const before = await scans()
    for (let i = 0; i < 20; i++) expect(await append("b")).toEqual(["SELECT WHERE"])
    expect(await scans()).toBe(before)
  })
})

async function toRecords(store: Awaited<ReturnType<typeof createPostgresStore>>) {
  const records = []
  for await (const record of store.loadAll("doc")) records.push(record)
  return records
}
