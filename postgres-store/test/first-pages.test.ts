import type { StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { MANY_DOCUMENTS, SMALL_ROWS } from "../src/first-pages.js"
import { createPostgresStore, fromPool } from "../src/index.js"
import { unpackedDocument } from "../src/packed-rows.js"
import type { PgAdapter, PgRow } from "../src/pg-adapter.js"
import { createStatements } from "../src/statements.js"
import { createDatabase } from "./support/database.js"
import { freshSchema } from "./support/fixtures.js"

const database = await createDatabase()

const bytes = (length: number, from: number) => binaryEntry(Uint8Array.from({ length }, (_, i) => i + from))

/** Documents of every kind of row, and of sizes on both sides of what is read of each at once. */
function documents(): Map<string, StoreRecord[]> {
  const all = new Map<string, StoreRecord[]>()
  for (let i = 0; i < 2 * MANY_DOCUMENTS; i++) all.set(`small ${i}`, [metaRecord(), entry(i), bytes(i, i)])
  all.set("metadata only", [metaRecord()])
  all.set("text", [
    metaRecord(),
    entry("ü\u{1f600}", { version: "ü" }),
    ...["a", "abcd", "abcde", "abcü", "abcdü", "ünd mehr", "\u{1f600}"].map(version => entry(1, { version })),
    entry("", { lineage: "one" }),
    bytes(5, 0),
    entry("x".repeat(3000)),
  ])
  all.set("metadata again", [metaRecord(), entry(1), metaRecord({ schemaHash: "two" }), entry(2)])
  for (const length of [32_767, 32_768, 65_535, 65_536, 100_000]) {
    const version = "v".repeat(length)
    all.set(`a version of ${length}`, [metaRecord(), binaryEntry(Uint8Array.of(1, 2, 3), { version })])
  }
  for (const rows of [SMALL_ROWS - 1, SMALL_ROWS, SMALL_ROWS + 1, 100]) {
    all.set(`${rows} rows`, [metaRecord(), ...Array.from({ length: rows - 1 }, (_, i) => entry(i))])
  }
  all.set("together too large", [metaRecord(), ...Array.from({ length: 6 }, (_, i) => bytes(9000, i))])
  all.set("a large row between", [metaRecord(), entry(1), bytes(200_000, 1), entry(2)])
  all.set("pieces", [metaRecord(), bytes(3_000_000, 5), entry(1)])
  return all
}

interface PlanNode {
  readonly "Relation Name"?: string
  readonly "Actual Rows": number
  readonly Plans?: readonly PlanNode[]
}

function nodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

/** What the server packed before the rows: the place, and in a page two numbers. */
function withoutRows(page: string, isPage: boolean): string {
  return Buffer.from(page, "base64")
    .subarray(0, isPage ? 20 : 4)
    .toString("base64")
}

describe("many documents loaded at once", () => {
  it.each([
    ["along the index", ""],
    ["in another order, as they lie in the table", "-c enable_indexscan=off -c enable_bitmapscan=off"],
  ])("are read as they are, rows %s (LOAD-1)", async (_, options) => {
    const schema = await freshSchema(database)
    const writer = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const expected = documents()
    await Promise.all([...expected].map(([id, records]) => writer.replace(id, records)))
    // Numbered from behind its first rows.
    await writer.replace("small 3", [metaRecord(), entry(7)])
    expected.set("small 3", [metaRecord(), entry(7)])
    // Rows that are written anew lie behind the others.
    await database.admin.query(`UPDATE ${schema}.holdfast_records SET kind = kind WHERE seq % 3 = 1`)

    const pool = database.pool({ options })
    const store = await createPostgresStore(fromPool(pool), { schema })
    const ids = [...expected.keys(), "not there"]
    const loaded = await Promise.all(ids.map(id => collect(store.loadAll(id))))
    for (const [i, id] of ids.entries()) expect(loaded[i], id).toEqual(expected.get(id) ?? [])
  })

  it("are packed by one statement only up to its bytes of each (LOAD-1)", async () => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = ["small", "alone too large", "together too large"]
    await store.replace("small", [metaRecord(), entry(1)])
    await store.replace("alone too large", [metaRecord(), bytes(2000, 1)])
    await store.replace("together too large", [metaRecord(), ...Array.from({ length: 6 }, (_, i) => bytes(400, i))])

    const names = { meta: `${schema}.holdfast_meta`, records: `${schema}.holdfast_records`, append: "" }
    const { readSmallDocuments } = createStatements(names, false, false)
    const { rows } = await database.admin.query(readSmallDocuments, [ids, SMALL_ROWS, 1500])
    const found = rows.map(row => unpackedDocument((Object.values(row) as string[])[0] as string))
    expect(found.map(({ at, rows }) => [at, rows.length])).toEqual([
      [0, 2],
      [1, 0],
      [2, 0],
    ])
  })

  it("of a large one no more is read than of the others, whatever the planner expects (LOAD-7)", async () => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: 500 }, (_, i) => `doc ${i}`)
    await Promise.all(ids.map(id => store.append(id, metaRecord())))
    const names = { meta: `${schema}.holdfast_meta`, records: `${schema}.holdfast_records`, append: "" }
    const fill = (where: string, from: number, to: number) =>
      `INSERT INTO ${names.records} (doc, seq, kind, version, blob) SELECT doc, n, 4, 'v', '\\x07' FROM generate_series(${from}, ${to}) AS n, ${names.meta} WHERE ${where} ORDER BY n, doc`
    await database.admin.query(fill("doc_id LIKE 'doc %'", 2, 10))
    await database.admin.query(`ANALYZE ${names.records}`)
    // So few rows of each, and so far apart, that with a number it knows it would read all of a document and sort them.
    await database.admin.query(fill("doc_id = 'doc 7'", 11, 3000))

    const { readSmallDocuments } = createStatements(names, false, false)
    const { rows } = await database.admin.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${readSmallDocuments}`, [
      ids.slice(0, 128),
      SMALL_ROWS,
      30_000,
    ])
    const scans = nodes(rows[0]["QUERY PLAN"][0].Plan).filter(node => node["Relation Name"] === "holdfast_records")
    // Of so few rows it expects one: with more, long documents would make it compile the statement.
    expect(scans).toMatchObject([{ "Node Type": "Index Scan", "Plan Rows": 1, "Actual Loops": 128 }])
    expect(scans[0]?.["Actual Rows"]).toBeLessThan(12)
  })

  it.each([..."dfmprwx"].flatMap(name => [{ meta: name }, { records: name }]))(
    "are read from tables of any name, %o (LOAD-1)",
    async tables => {
      const schema = await freshSchema(database)
      const store = await createPostgresStore(fromPool(database.admin), { schema, tables, createTables: true })
      const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
      // So few rows that all together would pass for one small document.
      const expected = ids.map((_, i) => (i < 9 ? [metaRecord(), bytes(i, i)] : []))
      await Promise.all(ids.slice(0, 9).map((id, i) => store.replace(id, expected[i] as StoreRecord[])))
      expect(await Promise.all(ids.map(id => collect(store.loadAll(id))))).toEqual(expected)
    },
  )

  it("need no right to columns that the host has added (LOAD-1)", async () => {
    const schema = await freshSchema(database)
    const owner = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    await Promise.all(ids.map(id => owner.replace(id, [metaRecord(), entry(1)])))
    const role = `${schema}_reader`
    await database.admin.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${schema} TO ${role};
GRANT SELECT ON ${schema}.holdfast_meta TO ${role};
GRANT SELECT (doc, seq, kind, version, lineage, payload, blob) ON ${schema}.holdfast_records TO ${role};
ALTER TABLE ${schema}.holdfast_records ADD tenant text`)
    try {
      const store = await createPostgresStore(fromPool(database.pool({ options: `-c role=${role}` })), { schema })
      const loaded = await Promise.all(ids.map(id => collect(store.loadAll(id))))
      expect(loaded).toEqual(ids.map(() => [metaRecord(), entry(1)]))
    } finally {
      await database.admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it("are damaged where a row has lost its kind, not without that row (LOAD-3)", async () => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    await Promise.all(ids.map(id => store.replace(id, [metaRecord(), bytes(3, 1)])))
    await database.admin.query(`ALTER TABLE ${schema}.holdfast_records ALTER kind DROP NOT NULL;
UPDATE ${schema}.holdfast_records SET kind = NULL WHERE seq = 2`)
    await Promise.all(ids.map(id => rejects(collect(store.loadAll(id)), "STORE_CORRUPT")))
  })

  it.each([
    ["without its first row", ["DELETE FROM records WHERE seq = 1"]],
    ["without a row", ["DELETE FROM records WHERE seq = 32"]],
    ["without many", ["DELETE FROM records WHERE seq BETWEEN 11 AND 35"]],
    [
      "with another row before its first",
      ["INSERT INTO records (doc, seq, kind) SELECT doc, 0, 4 FROM records WHERE seq = 1"],
    ],
    ["with a kind below all", ["UPDATE records SET kind = -1 WHERE seq = 20"]],
    [
      "with a number as great as there are",
      ["DELETE FROM records WHERE seq > 1", "UPDATE records SET seq = 9223372036854775807 WHERE true"],
    ],
    [
      "with a number as small as there are",
      ["DELETE FROM records WHERE seq > 1", "UPDATE records SET seq = -9223372036854775808 WHERE true"],
    ],
  ])("%s are damaged, and only those (LOAD-3, ORDER-4)", async (_, damage) => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: 128 }, (_, i) => `doc ${i}`)
    const records = [metaRecord(), ...Array.from({ length: 39 }, (_, i) => (i % 2 === 0 ? bytes(i, i) : entry(i)))]
    await Promise.all(ids.map(id => store.replace(id, records)))
    const which = `doc = (SELECT doc FROM ${schema}.holdfast_meta WHERE doc_id = 'doc 7')`
    for (const statement of damage) {
      await database.admin.query(`${statement.replaceAll("records", `${schema}.holdfast_records`)} AND ${which}`)
    }
    for (const together of [ids.slice(0, MANY_DOCUMENTS - 1), ids]) {
      const loaded = await Promise.allSettled(together.map(id => collect(store.loadAll(id))))
      for (const [i, load] of loaded.entries()) {
        if (i === 7) expect(load).toMatchObject({ reason: { code: "STORE_CORRUPT" } })
        else expect(load).toEqual({ status: "fulfilled", value: records })
      }
    }
  })

  it("are not taken for whole where a row in the middle has become one that begins a document (LOAD-3)", async () => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    const behind = Array.from({ length: SMALL_ROWS - 1 }, (_, i) => entry(i))
    await store.replace("doc 0", [metaRecord(), entry("lost"), metaRecord({ schemaHash: "two" }), ...behind])
    await database.admin.query(`UPDATE ${schema}.holdfast_records SET kind = 1 WHERE kind = 2`)
    const [damaged] = await Promise.allSettled(ids.map(id => collect(store.loadAll(id))))
    expect(damaged).toMatchObject({ reason: { code: "STORE_CORRUPT" } })
  })

  it.each([
    [
      "a later metadata row begins a document, and the rows before it are lost",
      ["UPDATE records SET kind = 1 WHERE kind = 2", "DELETE FROM records WHERE seq BETWEEN 30 AND 100"],
    ],
    [
      "rows from before a replace are back",
      ["INSERT INTO records (doc, seq, kind) SELECT doc, 5, 4 FROM records WHERE seq = 101"],
    ],
  ])("are not taken for whole where %s (LOAD-3)", async (_, damage) => {
    const schema = await freshSchema(database)
    const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    const before = Array.from({ length: 99 }, (_, i) => entry(i))
    await store.replace("doc 0", [metaRecord(), ...before])
    const now = [metaRecord({ schemaHash: "two" }), entry("now")]
    if (damage.length > 1) for (const record of now) await store.append("doc 0", record)
    else await store.replace("doc 0", now)
    await Promise.all(ids.slice(1).map(id => store.replace(id, now)))
    const whole = await Promise.all(ids.map(id => collect(store.loadAll(id))))
    expect(whole[0]).toEqual(damage.length > 1 ? [metaRecord(), ...before, ...now] : now)
    for (const statement of damage)
      await database.admin.query(statement.replaceAll("records", `${schema}.holdfast_records`))
    const [damaged, ...others] = await Promise.allSettled(ids.map(id => collect(store.loadAll(id))))
    expect(damaged).toMatchObject({ reason: { code: "STORE_CORRUPT" } })
    for (const other of others) expect(other).toEqual({ status: "fulfilled", value: now })
  })

  it("whose rows do not come although there are some are damaged, not empty (LOAD-3)", async () => {
    let rowsCome = true
    const store = await answered((rows, text) =>
      rowsCome ? rows : rows.map(([page]) => [withoutRows(page as string, text.includes("WITH found"))]),
    )
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    await Promise.all(ids.map(id => store.replace(id, [metaRecord(), entry(1)])))
    rowsCome = false
    await rejects(collect(store.loadAll("doc 0")), "STORE_CORRUPT")
    await Promise.all(ids.map(id => rejects(collect(store.loadAll(id)), "STORE_CORRUPT")))
  })

  it("nothing of them is under way when a page cannot be taken apart (ERROR-1)", async () => {
    const sent: string[] = []
    const store = await answered((rows, text) => {
      sent.push(text)
      return rows.length < MANY_DOCUMENTS ? rows : [...rows.slice(0, -1), [null]]
    })
    const ids = Array.from({ length: MANY_DOCUMENTS }, (_, i) => `doc ${i}`)
    const large = [metaRecord(), ...Array.from({ length: SMALL_ROWS }, (_, i) => entry(i))]
    await Promise.all(ids.map(id => store.replace(id, large)))
    sent.length = 0
    await Promise.all(ids.map(id => rejects(collect(store.loadAll(id)), "STORE_BACKEND")))
    expect(await collect(store.loadAll("doc 0"))).toEqual(large)
    expect(sent.map(text => text.includes("LIMIT (SELECT"))).toEqual([true, false])
  })
})

/** A store that gets what `change` makes of the rows of every statement. */
async function answered(change: (rows: readonly PgRow[], text: string) => readonly PgRow[]) {
  const adapter = fromPool(database.admin)
  const run: PgAdapter["run"] = work =>
    adapter.run(session =>
      work({ ...session, query: async (text, params) => change(await session.query(text, params), text) }),
    )
  return createPostgresStore({ ...adapter, run }, { schema: await freshSchema(database), createTables: true })
}
