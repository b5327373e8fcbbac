import { createMemoryStore, type DocId, type EngineStore, type StoreRecord, verifyStore } from "@holdfast/store-core"
import { binaryEntry, collect, entries, entry, metaRecord, nastyIds, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore, verifySqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"
import { plainAdapter } from "./support/watch.js"

/** Records of every shape a row can have. */
const ALL_SHAPES: StoreRecord[] = [
  metaRecord(),
  entry(1),
  entry("", { version: "", lineage: "", kind: "entirety" }),
  metaRecord({ schemaHash: "two", replicaType: ["text", 1, 7] }),
  binaryEntry(new Uint8Array(0)),
  binaryEntry(new Uint8Array(2_000_001), { kind: "entirety", lineage: "line" }),
  entry("€".repeat(700_000)),
]

describe.each(BINDINGS)("verifySqliteStore over %s", binding => {
  let connection: Connection
  let store: SqliteStore

  beforeEach(() => {
    connection = connect(binding, ":memory:")
    store = createSqliteStore(connection.adapter({ lent: true }))
  })

  afterEach(async () => {
    await store.close()
    connection.close()
  })

  it("finds nothing in an empty store", async () => {
    expect(await verifySqliteStore(store)).toEqual({ documents: 0, records: 0, findings: [] })
  })

  it("counts and finds nothing wrong in records of all shapes, under all ids, replaced, deleted and created again", async () => {
    await Promise.all(ALL_SHAPES.map(record => store.append("shapes", record)))
    await Promise.all(nastyIds.map(docId => store.append(docId, metaRecord())))
    await store.replace("shapes", [...ALL_SHAPES, ...ALL_SHAPES])
    for (let i = 0; i < 3; i++) {
      await store.append("again", metaRecord({ schemaHash: `${i}` }))
      await store.append("again", entry(i))
      if (i < 2) await store.delete("again")
    }
    const documents = nastyIds.length + 2
    const records = nastyIds.length + 2 * ALL_SHAPES.length + 2
    expect(await verifySqliteStore(store)).toEqual({ documents, records, findings: [] })
  })

  it("looks at documents of more rows than it reads at once, and at more documents", async () => {
    await store.replace("long", [metaRecord(), ...entries(1203)])
    await Promise.all(Array.from({ length: 1100 }, (_, i) => store.append(`doc-${i}`, metaRecord())))
    const counts = { documents: 1101, records: 1204 + 1100 }
    expect(await verifySqliteStore(store)).toEqual({ ...counts, findings: [] })
    connection.exec("UPDATE holdfast_records SET kind = 9 WHERE doc = 2 AND seq = 1100")
    connection.exec("UPDATE holdfast_records SET kind = 9 WHERE doc = 1000")
    const { findings } = await verifySqliteStore(store)
    expect(findings.filter(finding => finding.kind === "row-kind").map(finding => finding.docId)).toEqual([
      "long",
      "doc-997",
    ])
  })

  it("looks at the store's own tables only", async () => {
    connection.exec("CREATE TABLE mine (doc, seq); INSERT INTO mine VALUES (1, 2)")
    const names = { meta: "Order", records: "select" }
    const other = createSqliteStore(connection.adapter({ lent: true }), { tables: names })
    await other.append("doc", metaRecord())
    connection.exec('UPDATE "select" SET seq = 0')
    expect((await verifySqliteStore(store)).findings).toEqual([])
    expect((await verifySqliteStore(other)).findings.map(finding => finding.kind)).toContain("gap")
    await other.close()
  })

  it("writes nothing and holds no cursor: the same connection can write at every turn (LOAD-6)", async () => {
    await store.replace("doc", [metaRecord(), ...entries(2000)])
    let ended = false
    const verified = verifySqliteStore(store).finally(() => {
      ended = true
    })
    let written = 0
    for (; !ended; written++) {
      connection.exec(`CREATE TABLE t${written} (x); INSERT INTO t${written} VALUES (1); DROP TABLE t${written}`)
      await store.append("other", written === 0 ? metaRecord() : entry(written))
      await new Promise(resolve => setTimeout(resolve))
    }
    expect(written).toBeGreaterThan(1)
    expect((await verified).findings).toEqual([])
  })

  it("works over an adapter that reads rows one by one", async () => {
    await store.append("doc", metaRecord())
    const plain = createSqliteStore(plainAdapter(connection.adapter({ lent: true }), { pass() {} }))
    expect(await verifySqliteStore(plain)).toEqual({ documents: 1, records: 1, findings: [] })
    await plain.close()
  })

  it("goes on behind a statement that fails, and says which", async () => {
    await store.append("doc", metaRecord())
    const calls = connection.watch
    calls.clear()
    await verifySqliteStore(store)
    const count = calls.statements.length
    for (let call = 1; call <= count; call++) {
      calls.fault.arm(call)
      const { findings } = await verifySqliteStore(store)
      expect(calls.fault.disarm()).toBe(true)
      expect(findings.length, `statement ${call} failed`).toBeGreaterThan(0)
      for (const finding of findings) {
        expect(finding.message).toContain(`fault at call ${call}`)
        expect(finding.cause).toMatchObject({ name: "StoreError", code: "STORE_BACKEND" })
      }
    }
    expect((await verifySqliteStore(store)).findings).toEqual([])
  })

  it("makes the quick check where the thorough one is refused, as in a Durable Object", async () => {
    const refused = (sql: string) => {
      if (sql === "PRAGMA integrity_check") throw new Error("not authorized: SQLITE_AUTH")
    }
    connection.watch.before = refused
    connection.watch.clear()
    expect((await verifySqliteStore(store)).findings).toEqual([])
    expect(connection.watch.statements.at(-1)?.sql).toBe("PRAGMA quick_check")
  })

  it("rejects with STORE_CLOSED for a closed store, also one that is closed meanwhile (CLOSE-2)", async () => {
    await store.replace("doc", [metaRecord(), ...entries(5000)])
    const verified = verifySqliteStore(store)
    await new Promise(resolve => setTimeout(resolve, 5))
    await store.close()
    await rejects(verified, "STORE_CLOSED")
    await rejects(verifySqliteStore(store), "STORE_CLOSED")
  })
})

describe("verifySqliteStore", () => {
  let dir: TempDir

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => dir.remove())

  it("takes nothing for damage that others write meanwhile", async () => {
    const store = await openSqliteStore(dir.file(), { durability: "normal" })
    const other = await openSqliteStore(dir.file(), { durability: "normal" })
    const docs = Array.from({ length: 6 }, (_, i) => `doc-${i}`)
    await Promise.all(docs.map(docId => store.replace(docId, [metaRecord(), ...entries(600)])))
    let ended = false
    const verified = verifySqliteStore(store).finally(() => {
      ended = true
    })
    for (let i = 0; !ended; i++) {
      const docId = docs[i % docs.length] as DocId
      if (i % 3 === 0) await other.delete(docId)
      await other.replace(docId, [metaRecord({ schemaHash: `${i}` }), ...entries(600)])
      await new Promise(resolve => setTimeout(resolve))
    }
    expect((await verified).findings).toEqual([])
    await Promise.all([store.close(), other.close()])
  })

  it("refuses a store that is not in SQLite", async () => {
    const memory = createMemoryStore() as unknown as EngineStore
    await expect(verifySqliteStore(memory)).rejects.toThrow(TypeError)
    await expect(verifySqliteStore(undefined as unknown as EngineStore)).rejects.toThrow(TypeError)
  })
})

describe("verifyStore", () => {
  it("leaves the guard as loads do (GUARD-1, GUARD-2)", async () => {
    const sqlite = connect("node:sqlite", ":memory:")
    const guarded = createSqliteStore(sqlite.adapter())
    await guarded.append("doc", metaRecord())
    await guarded.append("doc", entry(1))
    sqlite.exec("UPDATE holdfast_records SET kind = 9 WHERE seq = 2")
    expect((await verifyStore(guarded)).findings.map(finding => finding.kind)).toEqual(["load"])
    await rejects(guarded.append("doc", entry(2)), "STORE_LOAD_FAILED")
    sqlite.exec("UPDATE holdfast_records SET kind = 4 WHERE seq = 2")
    expect((await verifyStore(guarded)).findings).toEqual([])
    await guarded.append("doc", entry(2))
    expect(await collect(guarded.loadAll("doc"))).toEqual([metaRecord(), entry(1), entry(2)])
    await guarded.close()
  })
})
