import { readFileSync } from "node:fs"
import type { StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, deepEqual, entries, entry, meta, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore } from "../src/index.js"
import { type Connection, connect } from "./support/connection.js"

let connection: Connection

beforeEach(() => {
  connection = connect("node:sqlite", ":memory:")
})

afterEach(() => connection.close())

describe("the frozen sample of format 1.0 (OPEN-1)", () => {
  const SAMPLE = readFileSync(new URL("samples/format-1.0.sql", import.meta.url), "utf8")
  const NOTES: StoreRecord[] = [
    metaRecord({ schemaHash: "first" }),
    entry('{"title":"Zürich 🏔"}', { kind: "entirety", version: "v1" }),
    entry("", { version: "", lineage: "line" }),
    metaRecord({ schemaHash: "second", replicaType: ["text", 1, 2] }),
    binaryEntry(new Uint8Array(), { kind: "entirety", version: "v2", lineage: "" }),
    binaryEntry(Uint8Array.of(0, 1, 254, 255), { version: "9007199254740993" }),
  ]
  const list = meta({
    replicaType: ["list", 3, 0],
    syncMode: { writerModel: "serialized", delivery: "snapshot-only", durability: "transient" },
    schemaHash: "",
  })
  const REPLACED: StoreRecord[] = [
    { kind: "meta", meta: list },
    binaryEntry(Uint8Array.of(1, 2, 3, 4, 5, 6), { kind: "entirety", version: "pieces", lineage: "line" }),
    entry("half and half 🏔", { version: "text" }),
  ]

  let store: SqliteStore

  beforeEach(() => {
    connection.exec(SAMPLE)
    store = createSqliteStore(connection.adapter())
  })

  afterEach(() => store.close())

  it("is read equal", async () => {
    deepEqual(await collect(store.listDocIds()), ["notes/Zürich", "replaced"])
    deepEqual(await collect(store.loadAll("notes/Zürich")), NOTES)
    deepEqual(await collect(store.loadAll("replaced")), REPLACED)
    deepEqual(await store.currentMeta("notes/Zürich"), meta({ schemaHash: "second", replicaType: ["text", 1, 2] }))
    deepEqual(await store.currentMeta("replaced"), list)
  })

  it("goes on where it was", async () => {
    await store.append("replaced", entry("more"))
    await store.append("new", metaRecord())
    deepEqual(await collect(store.loadAll("replaced")), [...REPLACED, entry("more")])
    expect(connection.all("SELECT max(seq) AS last FROM holdfast_records WHERE doc = 4")).toEqual([{ last: 14 }])
    expect(connection.all("SELECT doc FROM holdfast_meta WHERE doc_id = 'new'")).toEqual([{ doc: 5 }])
  })

  it("gets no value that a column was given as its default (RECORD-1)", async () => {
    const altered = connect("node:sqlite", ":memory:")
    const sql = SAMPLE.replace(/^ {2}(version|lineage|payload) TEXT/gm, "  $1 TEXT DEFAULT 'default'")
    expect(sql.match(/DEFAULT/g)).toHaveLength(3)
    altered.exec(sql.replace(/^ {2}blob BLOB/m, "  blob BLOB DEFAULT x'00'"))
    const other = createSqliteStore(altered.adapter())
    const lone = [binaryEntry(Uint8Array.of(1)), entry("text"), entry("line", { lineage: "l" })]
    for (const record of lone) await other.append("replaced", record)
    const grouped = Array.from({ length: 40 }, (_, i) => binaryEntry(Uint8Array.of(i)))
    await Promise.all(grouped.map(record => other.append("replaced", record)))
    deepEqual(await collect(other.loadAll("replaced")), [...REPLACED, ...lone, ...grouped])
    await other.replace("replaced", [{ kind: "meta", meta: list }, ...grouped])
    deepEqual(await collect(other.loadAll("replaced")), [{ kind: "meta", meta: list }, ...grouped])
    await other.close()
  })

  it("has the tables that are created today", () => {
    const fresh = connect("node:sqlite", ":memory:")
    createSqliteStore(fresh.adapter({ lent: true }))
    const schema = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    expect(fresh.all(schema)).toEqual(connection.all(schema))
    fresh.close()
  })
})

describe("rows of the records table", () => {
  let store: SqliteStore

  beforeEach(() => {
    store = createSqliteStore(connection.adapter())
  })

  afterEach(() => store.close())

  const rows = (docId: string) =>
    connection
      .all(
        "SELECT seq, kind FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = ?) ORDER BY seq",
        docId,
      )
      .map(row => [row.seq, row.kind])
  const docOf = (docId: string) => connection.all("SELECT doc FROM holdfast_meta WHERE doc_id = ?", docId)[0]?.doc
  const count = (table: string) => connection.all(`SELECT count(*) AS n FROM ${table}`)[0]?.n

  it("are numbered from 1 and say what they are", async () => {
    const records = [metaRecord(), entry("a", { kind: "entirety" }), metaRecord({ schemaHash: "2" }), entry("b")]
    for (const record of records) await store.append("doc", record)
    expect(rows("doc")).toEqual([
      [1, 1],
      [2, 3],
      [3, 2],
      [4, 4],
    ])
  })

  it("go on after a replace, whose first row begins a generation", async () => {
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    await store.replace("doc", [metaRecord(), entry(2, { kind: "entirety" })])
    await store.append("doc", entry(3))
    expect(rows("doc")).toEqual([
      [3, 1],
      [4, 3],
      [5, 4],
    ])
    const other = createSqliteStore(connection.adapter({ lent: true }))
    await other.append("doc", entry(4))
    await store.append("doc", entry(5))
    expect(rows("doc")).toEqual([
      [3, 1],
      [4, 3],
      [5, 4],
      [6, 4],
      [7, 4],
    ])
  })

  it("leave nothing behind when a document is deleted, and its number is never used again (DELETE-1, DELETE-3)", async () => {
    await store.append("first", metaRecord())
    await store.append("doc", metaRecord())
    await store.append("doc", entry("x".repeat(2_500_000)))
    const before = Number(docOf("doc"))
    await store.delete("doc")
    expect(count("holdfast_records")).toBe(1)
    expect(count("holdfast_meta")).toBe(2)
    await store.append("doc", metaRecord())
    expect(docOf("doc")).toBe(before + 1)
    expect(rows("doc")).toEqual([[1, 1]])
  })

  it("are contiguous after many writes called at once", async () => {
    await Promise.all([
      store.append("doc", metaRecord()),
      ...entries(100).map(record => store.append("doc", record)),
      store.replace("doc", [metaRecord(), ...entries(50)]),
      ...entries(100).map(record => store.append("doc", record)),
    ])
    const numbers = rows("doc").map(([seq]) => seq)
    expect(numbers).toEqual(Array.from({ length: 151 }, (_, i) => 102 + i))
  })

  it("hold pieces of at most 1,000,000 bytes, text cut between code points", async () => {
    await store.append("doc", metaRecord())
    await store.append("doc", binaryEntry(new Uint8Array(1_000_000)))
    await store.append("doc", binaryEntry(new Uint8Array(2_000_001), { kind: "entirety", lineage: "l" }))
    await store.append("doc", entry("🏔".repeat(250_001)))
    await store.append("doc", entry("€".repeat(500_000)))
    const sizes =
      "SELECT seq, kind, version, lineage, octet_length(coalesce(blob, payload)) AS bytes FROM holdfast_records WHERE seq > 1"
    const row = (seq: number, kind: number, bytes: number, version: string | null, lineage: string | null = null) => {
      return { seq, kind, version, lineage, bytes }
    }
    expect(connection.all(`${sizes} ORDER BY seq`)).toEqual([
      row(2, 4, 1_000_000, "v"),
      row(3, 5, 1_000_000, "v", "l"),
      row(4, 7, 1_000_000, null),
      row(5, 8, 1, null),
      row(6, 6, 1_000_000, "v"),
      row(7, 8, 4, null),
      row(8, 6, 999_999, "v"),
      row(9, 8, 500_001, null),
    ])
  })

  it("have bytes in blob and text in payload, as they are", async () => {
    await store.append("doc", metaRecord())
    await store.append("doc", binaryEntry(Uint8Array.of(1, 2)))
    await store.append("doc", entry('{"a":1}'))
    expect(
      connection.all("SELECT payload, hex(blob) AS blob FROM holdfast_records WHERE seq > 1 ORDER BY seq"),
    ).toEqual([
      { payload: null, blob: "0102" },
      { payload: '{"a":1}', blob: "" },
    ])
  })
})
