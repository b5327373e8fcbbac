import { entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, SqliteStore } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"

describe.each(BINDINGS)("the connection given to a store over %s (CLOSE-5)", binding => {
  let connection: Connection

  beforeEach(() => {
    connection = connect(binding, ":memory:")
  })

  afterEach(() => connection.close())

  it("is closed with the store", async () => {
    const store = createSqliteStore(connection.adapter())
    await store.append("doc", metaRecord())
    await store.close()
    expect(connection.isOpen()).toBe(false)
  })

  it("stays open when it was lent, with no transaction left on it", async () => {
    const store = createSqliteStore(connection.adapter({ lent: true }))
    await store.append("doc", metaRecord())
    await store.close()
    expect(connection.all("SELECT doc_id FROM holdfast_meta WHERE doc_id <> ''")).toEqual([{ doc_id: "doc" }])
    connection.exec("BEGIN; ROLLBACK")
  })

  it("serves the next store when it was lent", async () => {
    await createSqliteStore(connection.adapter({ lent: true })).close()
    const store = createSqliteStore(connection.adapter({ lent: true }))
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    await store.close()
  })

  it("is not taken for one that may be closed because of a misspelt option (OPEN-3)", () => {
    const adapter = connection.adapter as (options: unknown) => unknown
    expect(() => adapter({ lend: true })).toThrow(/unknown option "lend".*"lent"/)
    expect(() => adapter({ lent: "true" })).toThrow(/"lent" must be true or false/)
    expect(() => adapter(null)).toThrow(TypeError)
    expect(connection.isOpen()).toBe(true)
  })

  it("is closed by `await using` and only once by close called twice (CLOSE-3)", async () => {
    {
      await using store = createSqliteStore(connection.adapter())
      await store.append("doc", metaRecord())
      await Promise.all([store.close(), store.close()])
    }
    expect(connection.isOpen()).toBe(false)
  })

  it("may have been closed by the host: the store closes all the same", async () => {
    const store = createSqliteStore(connection.adapter())
    connection.close()
    await store.close()
    await rejects(store.currentMeta("doc"), "STORE_CLOSED")
  })
})

describe("createSqliteStore with wrong arguments (OPEN-3)", () => {
  const wrong: [string, unknown, unknown, RegExp][] = [
    ["no adapter", undefined, {}, /no method "exec".*fromBetterSqlite3/],
    ["a database instead of an adapter", { prepare() {}, exec() {} }, {}, /no method "iterate"/],
    [
      "a misspelt option",
      connect("node:sqlite", ":memory:").adapter(),
      { table: {} },
      /unknown option "table".*"tables"/,
    ],
    [
      "a table name that is no name",
      connect("node:sqlite", ":memory:").adapter(),
      { tables: { meta: "a b" } },
      /tables.meta/,
    ],
  ]
  it.each(wrong)("refuses %s with a TypeError", (_, adapter, options, message) => {
    const make = () => new SqliteStore(adapter as never, options as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})
