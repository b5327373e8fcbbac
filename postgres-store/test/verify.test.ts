import { createMemoryStore, type EngineStore, type StoreRecord } from "@holdfast/store-core"
import { binaryEntry, entries, entry, metaRecord, nastyIds, rejects } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createPostgresStore, fromPool, verifyPostgresStore } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { freshSchema } from "./support/fixtures.js"

const database = await createDatabase()

async function place() {
  const schema = await freshSchema(database)
  const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
  const records = `${schema}.holdfast_records`
  const meta = `${schema}.holdfast_meta`
  const of = (docId: string) => `doc = (SELECT doc FROM ${meta} WHERE doc_id = '${docId}')`
  const kinds = async () => (await verifyPostgresStore(store)).findings.map(({ kind, docId }) => `${kind} ${docId}`)
  return { store, records, meta, of, kinds, sql: (text: string) => database.admin.query(text) }
}

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

describe("verifyPostgresStore", () => {
  it("finds nothing in an empty store, nor in records of all shapes, under all ids, replaced and created again", async () => {
    const { store } = await place()
    expect(await verifyPostgresStore(store)).toEqual({ documents: 0, records: 0, findings: [] })
    await Promise.all(nastyIds.map(docId => store.append(docId, metaRecord())))
    await store.replace("shapes", ALL_SHAPES)
    await store.replace("shapes", [...ALL_SHAPES, ...ALL_SHAPES])
    for (let i = 0; i < 120; i++) {
      await store.append("again", metaRecord())
      if (i < 119) await store.delete("again")
    }
    const documents = nastyIds.length + 2
    expect(await verifyPostgresStore(store)).toEqual({ documents, records: documents - 1 + 14, findings: [] })
  })

  it("names rows missing at the head and in the middle, unknown kinds, metadata that is not JSON, and orphans", async () => {
    const { store, records, meta, of, kinds, sql } = await place()
    const ids = ["fine", "gap", "head", "kind", "json", "meta", "orphan"]
    for (const id of ids) await store.replace(id, [metaRecord(), ...entries(4)])
    await sql(`DELETE FROM ${records} WHERE ${of("gap")} AND seq = 3`)
    await sql(`DELETE FROM ${records} WHERE ${of("head")} AND seq = 1`)
    await sql(`UPDATE ${records} SET kind = 9 WHERE ${of("kind")} AND seq = 3`)
    await sql(`UPDATE ${records} SET payload = '{' WHERE ${of("json")} AND seq = 1`)
    await sql(`UPDATE ${meta} SET data = 'no' WHERE doc_id = 'meta'`)
    await sql(`DELETE FROM ${meta} WHERE doc_id = 'orphan'`)
    expect(await kinds()).toEqual([
      ...["load gap", "load head", "load json", "load kind", "meta meta"],
      ...["orphan undefined", "gap gap", "head head", "row-kind kind"],
    ])
    const { findings } = await verifyPostgresStore(store)
    expect(findings.find(finding => finding.kind === "gap")?.message).toContain("row 4")
    expect(findings.find(finding => finding.kind === "orphan")?.message).toContain("5 rows")
    await rejects(store.append("gap", entry("x")), "STORE_LOAD_FAILED")
    await store.append("fine", entry("x"))
  })

  it("finds torn records, values where none may be, rows that are too long, and a lost header", async () => {
    const { store, records, meta, of, kinds, sql } = await place()
    const pieces = [metaRecord(), entry("x".repeat(2_500_000)), entry("last")]
    for (const id of ["first", "middle", "last", "type"]) await store.replace(id, pieces)
    for (const id of ["lineage", "size", "version"]) await store.replace(id, [metaRecord(), entry("a")])
    await sql(`UPDATE ${records} SET kind = 4 WHERE ${of("first")} AND seq = 2`)
    await sql(`UPDATE ${records} SET kind = 8 WHERE ${of("middle")} AND seq = 3`)
    await sql(`UPDATE ${records} SET kind = 7 WHERE ${of("last")} AND seq = 4`)
    await sql(`UPDATE ${records} SET payload = NULL, blob = '' WHERE ${of("type")} AND seq = 4`)
    await sql(`UPDATE ${records} SET lineage = '' WHERE ${of("lineage")} AND seq = 1`)
    await sql(`UPDATE ${records} SET payload = repeat('x', 1000001) WHERE ${of("size")} AND seq = 2`)
    await sql(`UPDATE ${records} SET version = NULL WHERE ${of("version")} AND seq = 2`)
    await sql(`DELETE FROM ${meta} WHERE doc_id = ''`)
    const found = await kinds()
    expect(found).toContain("header undefined")
    expect(found.filter(one => /^(pieces|value|size) /.test(one))).toEqual([
      ...["pieces first", "pieces middle", "pieces last", "pieces type", "value lineage", "size size", "value version"],
    ])
  })

  it("takes nothing for damage that others write meanwhile, and refuses closed stores and others (CLOSE-2)", async () => {
    const { store } = await place()
    const ids = ["a", "b", "c"]
    await Promise.all(ids.map(id => store.replace(id, [metaRecord(), ...entries(100)])))
    let ended = false
    const verified = verifyPostgresStore(store).finally(() => {
      ended = true
    })
    for (let i = 0; !ended; i++) await store.replace(ids[i % 3] as string, [metaRecord(), ...entries(100)])
    expect((await verified).findings).toEqual([])
    await store.close()
    await rejects(verifyPostgresStore(store), "STORE_CLOSED")
    const memory = createMemoryStore() as unknown as EngineStore
    await expect(verifyPostgresStore(memory)).rejects.toThrow(TypeError)
  })

  it("says that the tables cannot be read", async () => {
    const { store, records, kinds, sql } = await place()
    await store.append("doc", metaRecord())
    await sql(`DROP TABLE ${records}`)
    expect(await kinds()).toEqual(["load doc", "read undefined"])
  })
})
