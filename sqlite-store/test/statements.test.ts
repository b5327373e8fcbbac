import { DatabaseSync } from "node:sqlite"
import { binaryEntry, collect, entries, entry, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createSqliteStore, fromNodeSqlite, type SqliteStore } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { Watch, watchNodeSqlite } from "./support/watch.js"

const names = (count: number) => Array.from({ length: count }, (_, i) => `doc-${i}`)

describe.each(BINDINGS)("statements over %s", binding => {
  let connection: Connection
  let store: SqliteStore

  beforeEach(() => {
    connection = connect(binding, ":memory:")
    store = createSqliteStore(connection.adapter())
  })

  afterEach(() => store.close())

  async function statementsOf(run: () => Promise<unknown>): Promise<string[]> {
    connection.watch.clear()
    await run()
    return connection.watch.statements.map(statement => statement.sql)
  }

  it("currentMeta is one lookup by an index", async () => {
    await store.append("doc", metaRecord())
    const statements = await statementsOf(() => store.currentMeta("doc"))
    expect(statements).toHaveLength(1)
    const [plan] = connection.all(`EXPLAIN QUERY PLAN ${statements[0]}`, "doc")
    expect(plan?.detail).toMatch(/^SEARCH \S+ USING INDEX/)
  })

  it("a load takes the same few however large the store is", async () => {
    const create = (docId: string) => [store.append(docId, metaRecord()), store.append(docId, entry(1))]
    await Promise.all(create("doc-0"))
    const alone = await statementsOf(() => collect(store.loadAll("doc-0")))
    await Promise.all(names(2000).flatMap(create))
    const among = await statementsOf(() => collect(store.loadAll("doc-777")))
    expect(among).toEqual(alone)
    expect(alone.length).toBeLessThanOrEqual(3)
  })

  it("no statement of a load or listing scans a table", async () => {
    await Promise.all(names(10).map(docId => store.append(docId, metaRecord())))
    const statements = await statementsOf(async () => {
      await collect(store.loadAll("doc-1"))
      await collect(store.listDocIds("doc-"))
      await collect(store.listDocIds())
    })
    for (const sql of statements) {
      const parameters = Array(sql.split("?").length - 1).fill(1)
      const details = connection.all(`EXPLAIN QUERY PLAN ${sql}`, ...parameters).map(row => String(row.detail))
      expect(details.join("; "), sql).not.toMatch(/SCAN (r|m|holdfast_\w+)\b(?! USING)/)
    }
  })

  it("1,000 appends called at once to 100 documents are at most 10 commits (ORDER-6)", async () => {
    const docs = names(100)
    await Promise.all(docs.map(docId => store.append(docId, metaRecord())))
    const before = connection.watch.commits
    await Promise.all(Array.from({ length: 1000 }, (_, i) => store.append(`doc-${i % 100}`, entry(i))))
    expect(connection.watch.commits - before).toBeLessThanOrEqual(10)
    expect((await collect(store.loadAll("doc-7"))).length).toBe(11)
  })

  it("a group begins as a writer, so that no other connection writes between its reads and its writes", async () => {
    const group = () => Promise.all(names(3).map(docId => store.append(docId, metaRecord())))
    const statements = await statementsOf(group)
    expect(statements[0]).toBe("BEGIN IMMEDIATE")
    expect(statements.at(-1)).toBe("COMMIT")
  })

  it("an append alone is one statement, or one in a transaction where others may use the connection", async () => {
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    const statements = await statementsOf(() => store.append("doc", entry(2)))
    const [begin, commit] = ["BEGIN IMMEDIATE", "COMMIT"]
    const insert = expect.stringMatching(/^INSERT/)
    expect(statements).toEqual(binding === "better-sqlite3" ? [insert] : [begin, insert, commit])
  })

  it("an append alone is one statement on a connection that nobody else uses", async () => {
    const own = new DatabaseSync(":memory:")
    const watch = new Watch()
    const alone = createSqliteStore(fromNodeSqlite(watchNodeSqlite(own, watch), { exclusive: true }))
    await alone.append("doc", metaRecord())
    watch.clear()
    await alone.append("doc", entry(1))
    expect(watch.statements.map(statement => statement.sql)).toEqual([expect.stringMatching(/^INSERT/)])
    await alone.close()
  })

  it("never has more than 100 parameters or 100 KB of SQL, and comes from a small set of texts", async () => {
    connection.watch.clear()
    const id = (i: number) => `doc-${i}${"x".repeat(1000)}`
    for (let i = 0; i < 5; i++) {
      await Promise.all([
        store.append(id(i), metaRecord()),
        ...entries(200).map(record => store.append(id(i), record)),
        store.append(
          id(i),
          entry("x".repeat(3_000_000), { version: "v".repeat(200_000), lineage: "l".repeat(60_000) }),
        ),
        store.replace(id(i), [metaRecord(), ...entries(5003)]),
      ])
      await collect(store.loadAll(id(i)))
      await store.currentMeta(id(i))
      await collect(store.listDocIds())
      await collect(store.listDocIds(`doc-${i}`))
      if (i % 2 === 0) await store.delete(id(i))
    }
    const seen = connection.watch.statements
    expect(Math.max(...seen.map(statement => statement.params))).toBeLessThanOrEqual(100)
    expect(Math.max(...seen.map(statement => statement.sql.length))).toBeLessThanOrEqual(100_000)
    expect(new Set(seen.map(statement => statement.sql)).size).toBeLessThan(40)
  })
})

describe("what better-sqlite3 compiles anew", () => {
  const connection = connect("better-sqlite3", ":memory:")
  const store = createSqliteStore(connection.adapter())

  afterEach(() => {
    vi.unstubAllGlobals()
    return store.close()
  })

  /** It makes a function for the rows of a statement when SQLite has compiled it since the last row. */
  async function compilationsOf(run: () => Promise<unknown>): Promise<number> {
    let count = 0
    const counted = (target: typeof Function, self: unknown, args: string[]) => {
      count++
      return Reflect.apply(target, self, args)
    }
    vi.stubGlobal("Function", new Proxy(Function, { apply: counted }))
    await run()
    vi.unstubAllGlobals()
    return count
  }

  async function read(docId: string): Promise<void> {
    await collect(store.loadAll(docId))
    await store.currentMeta(docId)
    await collect(store.listDocIds())
    await collect(store.listDocIds(docId.slice(0, -1)))
  }

  it("is no statement of a load or listing, whatever values it is run with", async () => {
    const large = Array.from({ length: 9 }, (_, i) => binaryEntry(new Uint8Array(70_000 + i)))
    for (const docId of names(3)) {
      await store.replace(docId, [metaRecord(), ...entries(150), ...large, ...entries(80)])
    }
    await read("doc-2")
    expect(await compilationsOf(() => Promise.all(names(3).map(read)))).toBe(0)
    connection.exec("CREATE TABLE other (column)")
    expect(await compilationsOf(() => read("doc-1"))).toBeGreaterThan(0)
  })
})
