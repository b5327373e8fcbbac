import type { StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entries, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteFindingKind, type SqliteStore, verifySqliteStore } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"

/** Rows 1 to 8: metadata, two entries, metadata, an entry of three pieces, an entry. */
const DOC: readonly StoreRecord[] = [
  metaRecord(),
  entry("one"),
  binaryEntry(Uint8Array.of(2), { lineage: "line" }),
  metaRecord({ schemaHash: "two" }),
  entry("x".repeat(2_000_001)),
  entry("last"),
]
const NEIGHBOUR: readonly StoreRecord[] = [metaRecord(), entry("kept")]
const NEIGHBOURS = ["before", "later"]

const OF_DOC = "doc = (SELECT doc FROM holdfast_meta WHERE doc_id = 'doc')"
const row = (seq: number) => `${OF_DOC} AND seq = ${seq}`
const remove = (seq: number) => `DELETE FROM holdfast_records WHERE ${row(seq)}`
const change = (seq: number, to: string) => `UPDATE holdfast_records SET ${to} WHERE ${row(seq)}`
const changeMeta = (to: string) => `UPDATE holdfast_meta SET ${to} WHERE doc_id = 'doc'`

/** What was done to the document, what a load says, and what is found in the rows. */
type Damage = readonly [what: string, sql: string, said: string, found: readonly SqliteFindingKind[]]

/** Loads reject; `currentMeta` works. */
const DAMAGED_ROWS: readonly Damage[] = [
  ["the first row is missing", remove(1), "row 2: it comes first but does not begin a generation", ["head"]],
  ["the first rows are missing", `${remove(1)} OR ${row(2)}`, "row 3: it comes first", ["head"]],
  ["a row in the middle is missing", remove(3), "row 3 is missing: row 4 came instead", ["gap"]],
  ["a piece in the middle is missing", remove(6), "row 6 is missing", ["gap"]],
  ["a first piece is missing", remove(5), "row 5 is missing", ["gap", "pieces"]],
  ["a last piece is missing", remove(7), "row 7 is missing", ["gap", "pieces"]],
  ["the rows from within a record on are missing", `${remove(7)} OR ${row(8)}`, "last piece is missing", ["pieces"]],
  ["all rows are missing", `DELETE FROM holdfast_records WHERE ${OF_DOC}`, "metadata but no rows", ["no-rows"]],
  ["a row is of an unknown kind", change(3, "kind = 99"), "row 3: it has the unknown kind 99", ["row-kind"]],
  ["a row is of the kind 0", change(3, "kind = 0"), "row 3: it has the unknown kind 0", ["row-kind"]],
  ["a kind is a word", change(3, "kind = 'four'"), "string four where a safe integer", ["row-kind"]],
  ["a kind is no whole number", change(3, "kind = 4.5"), "number 4.5 where a safe integer", ["row-kind"]],
  ["a kind is bytes", change(3, "kind = x'04'"), "where a safe integer belongs", ["row-kind"]],
  ["a second row begins a generation", change(4, "kind = 1"), "row 4: it begins a generation inside", ["head"]],
  ["the first row is a later one", change(1, "kind = 2"), "row 1: it comes first", ["head"]],
  ["a piece without a record", change(3, "kind = 8, version = NULL, lineage = NULL"), "none is open", ["pieces"]],
  ["a record within a record", change(6, "kind = 3, version = 'v'"), "row 5 has no last piece", ["pieces"]],
  ["pieces of bytes in a text", change(6, "payload = NULL, blob = x'01'"), "bytes but continues the text", ["pieces"]],
  ["a piece with a version", change(6, "version = 'v'"), "row 6: it continues a record but has a version", ["value"]],
  ["a number is missing at the end", change(8, "seq = 9"), "row 8 is missing: row 9 came instead", ["gap"]],
  ["a version is missing", change(2, "version = NULL"), "row 2", ["value"]],
  ["a version is bytes", change(2, "version = x'31'"), "row 2", ["value"]],
  ["a lineage is bytes", change(3, "lineage = x'31'"), "row 3: it has a lineage that is not text", ["value"]],
  ["text is bytes", change(2, "payload = x'31'"), "row 2: it has a payload that is not text", ["value"]],
  ["bytes are text", change(3, "blob = 'two'"), "row 3: it has a blob that is not bytes", ["value"]],
  ["there is neither text nor bytes", change(2, "payload = NULL"), "row 2: it has neither", ["value"]],
  ["there are both text and bytes", change(2, "blob = x'01'"), "row 2: it has both", ["value"]],
  ["metadata in the stream is no JSON", change(4, "payload = '{'"), "row 4: metadata is not JSON", ["value"]],
  ["metadata in the stream is a list", change(4, "payload = '[]'"), "row 4: metadata is not a JSON object", ["value"]],
  ["metadata in the stream is bytes", change(4, "payload = x'7b7d'"), "row 4: it is metadata without", ["value"]],
  ["metadata in the stream has a version", change(4, "version = 'v'"), "row 4: it is metadata with", ["value"]],
]

/** What new rows are numbered by is itself damaged, so the document has to be deleted before it is written anew. */
const DAMAGED_NUMBERS: readonly Damage[] = [
  ["a number is a word", change(8, "seq = 'eight'"), "", ["gap"]],
  ["a number is no whole number", change(8, "seq = 8.5"), "where a safe integer belongs", ["gap"]],
]

const metadata = (replicaType: string) =>
  `{"replicaType":${replicaType},"syncMode":{"writerModel":"concurrent","delivery":"delta-capable","durability":"persistent"},"schemaHash":"two"}`

/** `currentMeta` rejects; loads work. */
const DAMAGED_METADATA: readonly Damage[] = [
  ["is no JSON", changeMeta("data = '{'"), "metadata is not JSON", ["value"]],
  ["is empty", changeMeta("data = ''"), "metadata is not JSON", ["value"]],
  ["is a number", changeMeta("data = 5"), "metadata is not a JSON object", ["value"]],
  ["lacks all", changeMeta("data = '{}'"), "replicaType", ["value"]],
  ["has numbers as text", changeMeta(`data = '${metadata('["text","1","0"]')}'`), "replicaType", ["value"]],
  ["has another mode", changeMeta("data = replace(data, 'concurrent', 'nobody')"), "syncMode", ["value"]],
]

/** Nothing rejects: only looking at every row finds it. */
const HIDDEN: readonly (readonly [what: string, sql: string, found: readonly SqliteFindingKind[]])[] = [
  ["a row has a number below 1", change(8, "seq = -8"), ["gap"]],
  ["a row holds more than a piece", change(8, "payload = printf('%.*c', 1000001, 'x')"), ["size"]],
  ["the metadata differs from the stream", changeMeta(`data = '${metadata('["text",1,8]')}'`), ["meta"]],
  [
    "the metadata in the stream changes its identity",
    change(4, `payload = '${metadata('["list",1,0]')}'`),
    ["stream", "meta"],
  ],
]

describe.each(BINDINGS)("a damaged document over %s", binding => {
  let connection: Connection
  let store: SqliteStore

  beforeEach(async () => {
    connection = connect(binding, ":memory:")
    store = createSqliteStore(connection.adapter({ lent: true }))
    await store.replace("before", [...NEIGHBOUR])
    await store.replace("doc", [...DOC])
    await store.replace("later", [...NEIGHBOUR])
  })

  afterEach(async () => {
    await store.close()
    connection.close()
  })

  /** Changes exactly the rows meant, and lets a store look at them that knows nothing of before. */
  function damage(sql: string): void {
    connection.exec(sql)
    expect(connection.all("SELECT changes() AS rows")[0]?.rows, sql).not.toBe(0)
    store = createSqliteStore(connection.adapter({ lent: true }))
  }

  const stored = () => [
    connection.all("SELECT * FROM holdfast_meta ORDER BY doc"),
    connection.all("SELECT * FROM holdfast_records ORDER BY doc, seq"),
  ]
  const load = (docId = "doc") => collect(store.loadAll(docId))

  async function checkNeighbours(): Promise<void> {
    expect(await collect(store.listDocIds())).toEqual(["before", "doc", "later"])
    for (const docId of NEIGHBOURS) {
      expect(await load(docId)).toEqual(NEIGHBOUR)
      expect(await store.currentMeta(docId)).toEqual(metaRecord().meta)
      await Promise.all([store.append(docId, entry(1)), store.append(docId, entry(2))])
      expect(await load(docId)).toEqual([...NEIGHBOUR, entry(1), entry(2)])
    }
  }

  /** Everything found is about the document; all of these kinds are among it. */
  async function checkFound(kinds: readonly SqliteFindingKind[]): Promise<void> {
    const { findings } = await verifySqliteStore(store)
    expect(findings.filter(finding => finding.docId !== "doc")).toEqual([])
    expect(findings.map(finding => finding.kind)).toEqual(expect.arrayContaining([...kinds]))
  }

  async function checkRepair(): Promise<void> {
    const good = [metaRecord({ schemaHash: "good" }), ...entries(3)]
    await store.replace("doc", good)
    await store.append("doc", entry(4))
    expect(await load()).toEqual([...good, entry(4)])
    expect(await store.currentMeta("doc")).toEqual(metaRecord({ schemaHash: "good" }).meta)
    expect((await verifySqliteStore(store)).findings).toEqual([])
  }

  async function checkDamage(sql: string, said: string, found: readonly SqliteFindingKind[]): Promise<void> {
    damage(sql)
    const before = stored()
    const expected = {
      docId: "doc",
      outcome: "none",
      retryable: false,
      messageIncludes: ['"doc"', "damaged", said],
    } as const
    await rejects(load(), "STORE_CORRUPT", expected)
    await rejects(store.append("doc", entry(1)), "STORE_LOAD_FAILED", { docId: "doc" })
    await rejects(store.append("doc", metaRecord()), "STORE_LOAD_FAILED", { docId: "doc" })
    await rejects(load(), "STORE_CORRUPT", expected)
    expect(stored()).toEqual(before)
    await checkNeighbours()
    await checkFound(["load", ...found])
  }

  it.each(DAMAGED_ROWS)("%s", async (_, sql, said, found) => {
    await checkDamage(sql, said, found)
    await checkRepair()
  })

  it.each(DAMAGED_NUMBERS)("%s", async (_, sql, said, found) => {
    await checkDamage(sql, said, found)
    await store.delete("doc")
    await checkRepair()
  })

  it.each(DAMAGED_METADATA)("whose metadata %s", async (_, sql, said, found) => {
    damage(sql)
    const before = stored()
    const expected = { docId: "doc", messageIncludes: ['"doc"', "damaged", said] }
    await rejects(store.currentMeta("doc"), "STORE_CORRUPT", expected)
    await rejects(store.append("doc", entry(1)), "STORE_LOAD_FAILED", { docId: "doc" })
    expect(await load()).toEqual(DOC)
    await rejects(store.append("doc", metaRecord({ schemaHash: "three" })), "STORE_CORRUPT", { docId: "doc" })
    expect(stored()).toEqual(before)
    await checkNeighbours()
    await checkFound(["meta", ...found])
    await checkRepair()
  })

  it.each(HIDDEN)("that loads although %s", async (_, sql, found) => {
    damage(sql)
    await load()
    await checkNeighbours()
    await checkFound(found)
    await checkRepair()
  })

  it("that lost rows at its end is like one that was never longer: nothing can tell", async () => {
    damage(remove(8))
    expect(await load()).toEqual(DOC.slice(0, -1))
    expect(await verifySqliteStore(store)).toMatchObject({ documents: 3, records: 9, findings: [] })
    damage(`${remove(5)} OR ${row(6)} OR ${row(7)}`)
    expect(await load()).toEqual(DOC.slice(0, 4))
    expect((await verifySqliteStore(store)).findings).toEqual([])
  })

  it("is found by the contradiction with its metadata when the end it lost had metadata", async () => {
    damage(`DELETE FROM holdfast_records WHERE ${OF_DOC} AND seq >= 4`)
    expect(await load()).toEqual(DOC.slice(0, 3))
    await checkFound(["meta"])
  })

  it("whose numbers were stored as text is none: the columns make numbers of them", async () => {
    damage(change(8, "seq = '8', kind = '4'"))
    expect(await load()).toEqual(DOC)
    expect((await verifySqliteStore(store)).findings).toEqual([])
  })

  it("cannot have a row twice, nor an id: the keys refuse it", () => {
    const again = `INSERT INTO holdfast_records SELECT * FROM holdfast_records WHERE ${row(8)}`
    expect(() => connection.exec(again)).toThrow(/UNIQUE constraint failed/)
    expect(() => connection.exec("INSERT INTO holdfast_meta (doc_id, data) VALUES ('doc', '{}')")).toThrow(/UNIQUE/)
  })

  it("that lost its metadata does not exist; what it leaves behind is found and touches nobody (DELETE-3)", async () => {
    damage("DELETE FROM holdfast_meta WHERE doc_id = 'doc'")
    expect(await load()).toEqual([])
    await rejects(store.append("doc", entry(1)), "STORE_META_MISSING")
    const { findings } = await verifySqliteStore(store)
    expect(findings).toEqual([{ kind: "orphan", message: expect.stringMatching(/8 rows, but no metadata/) }])
    await store.append("doc", metaRecord())
    expect(await load()).toEqual([metaRecord()])
  })

  it("whose rows have a number that is none is found", async () => {
    connection.exec("INSERT INTO holdfast_records (doc, seq, kind, payload) VALUES ('x', 1, 1, '{}'), (-5, 1, 1, '{}')")
    const { findings } = await verifySqliteStore(store)
    expect(findings).toEqual([{ kind: "orphan", message: expect.stringContaining('"holdfast_records" has 2 rows') }])
  })

  it("whose id is bytes is found", async () => {
    damage(changeMeta("doc_id = x'646f63'"))
    const { findings } = await verifySqliteStore(store)
    expect(findings.map(finding => finding.kind)).toEqual(expect.arrayContaining(["listing", "value"]))
    for (const docId of NEIGHBOURS) expect(await load(docId)).toEqual(NEIGHBOUR)
  })

  it("leaves a header that was changed under an open store to be found, and refused by the next (OPEN-2)", async () => {
    connection.exec(`UPDATE holdfast_meta SET data = '{"format":"2.0","created":"2031-01-01"}' WHERE doc_id = ''`)
    const { findings } = await verifySqliteStore(store)
    expect(findings).toEqual([
      {
        kind: "header",
        message: expect.stringContaining("2.0"),
        cause: expect.objectContaining({ name: "StoreError" }),
      },
    ])
    expect(() => createSqliteStore(connection.adapter({ lent: true }))).toThrow(
      expect.objectContaining({ code: "STORE_FORMAT_UNSUPPORTED" }),
    )
  })

  it("is one of several: every one is reported", async () => {
    damage(`UPDATE holdfast_records SET kind = 77 WHERE seq = 2; ${changeMeta("data = '5'")}; ${remove(3)}`)
    const { findings } = await verifySqliteStore(store)
    const found = findings.map(({ docId, kind }) => `${docId} ${kind}`).sort()
    const of = (docId: string, ...kinds: SqliteFindingKind[]) => kinds.map(kind => `${docId} ${kind}`)
    expect(found).toEqual([
      ...of("before", "load", "row-kind"),
      ...of("doc", "gap", "load", "meta", "row-kind", "value"),
      ...of("later", "load", "row-kind"),
    ])
  })
})
