import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteAdapter, transact } from "../src/index.js"
import { BINDINGS, connect } from "./support/connection.js"

describe.each(BINDINGS)("a store left open while its tables were made anew, over %s (DELETE-3)", binding => {
  it("does not write into the document that got the number of its own", async () => {
    const connection = connect(binding, ":memory:")
    try {
      const stale = createSqliteStore(connection.adapter({ lent: true }))
      await stale.append("mine", metaRecord())
      connection.exec("DROP TABLE holdfast_records; DROP TABLE holdfast_meta")
      const fresh = createSqliteStore(connection.adapter({ lent: true }))
      await fresh.append("stranger", metaRecord())
      const numbers = connection.all("SELECT doc FROM holdfast_meta WHERE doc_id = 'stranger'")
      expect(numbers, "the numbers begin again, or there is nothing to mix up").toEqual([{ doc: 2 }])

      await rejects(stale.append("mine", entry(1)), "STORE_META_MISSING")
      expect(await collect(fresh.loadAll("stranger"))).toEqual([metaRecord()])
      expect(await collect(fresh.listDocIds())).toEqual(["stranger"])
    } finally {
      connection.close()
    }
  })
})

describe("a store whose transactions nest in the host's without a word, as in a Durable Object (LOAD-3)", () => {
  it("counts on from what is stored when the host has rolled back", async () => {
    const connection = connect("node:sqlite", ":memory:")
    try {
      const store = createSqliteStore(nesting(connection.adapter()))
      await store.append("doc", metaRecord())
      await store.append("doc", entry(1))

      const queued = store.append("doc", entry(2))
      connection.exec("BEGIN")
      expect(() =>
        transact(store, () => {
          throw new Error("no")
        }),
      ).toThrow("no")
      connection.exec("ROLLBACK")
      await queued

      await store.append("doc", entry(3))
      expect(await collect(store.loadAll("doc"))).toEqual([metaRecord(), entry(1), entry(3)])
    } finally {
      connection.close()
    }
  })
})

function nesting(adapter: SqliteAdapter): SqliteAdapter {
  return {
    exec: (sql, ...params) => adapter.exec(sql, ...params),
    iterate: (sql, ...params) => adapter.iterate(sql, ...params),
    transaction: fn => {
      adapter.exec("SAVEPOINT nested")
      try {
        const result = fn()
        adapter.exec("RELEASE nested")
        return result
      } catch (error) {
        adapter.exec("ROLLBACK TO nested")
        adapter.exec("RELEASE nested")
        throw error
      }
    },
    close: () => adapter.close(),
  }
}

describe.each(BINDINGS)(
  "a store whose last numbers of a document another one has used up and freed, over %s (SHARE-1)",
  binding => {
    it.each([
      ["one entry", [entry(4)]],
      ["several entries in one tick", [entry(4), entry(5)]],
    ])("appends %s behind what is there", async (_, entries) => {
      const connection = connect(binding, ":memory:")
      try {
        const stale = createSqliteStore(connection.adapter({ lent: true }))
        const other = createSqliteStore(connection.adapter({ lent: true }))
        await stale.append("doc", metaRecord())
        await stale.append("doc", entry(1))
        for (const value of [2, 3]) await other.replace("doc", [metaRecord(), entry(value)])
        await Promise.all(entries.map(record => stale.append("doc", record)))
        expect(await collect(other.loadAll("doc"))).toEqual([metaRecord(), entry(3), ...entries])
      } finally {
        connection.close()
      }
    })
  },
)
