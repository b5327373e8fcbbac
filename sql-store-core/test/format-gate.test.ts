import { describe, expect, test } from "vitest"
import {
  type ExpectedTables,
  encodeHeader,
  FORMAT,
  type FoundColumn,
  type FoundTables,
  formatGate,
} from "../src/format-gate.js"
import { tableNames } from "../src/table-names.js"

const EXPECTED: ExpectedTables = {
  names: tableNames(),
  meta: [
    { name: "doc", types: ["INTEGER"], notNull: false, key: 1 },
    { name: "doc_id", types: ["TEXT"], notNull: true, key: 0 },
    { name: "data", types: ["TEXT"], notNull: true, key: 0 },
  ],
  records: [
    { name: "doc", types: ["INTEGER", "BIGINT"], notNull: true, key: 1 },
    { name: "seq", types: ["INTEGER", "BIGINT"], notNull: true, key: 2 },
    { name: "version", types: ["TEXT"], notNull: false, key: 0 },
  ],
}

function asFound(columns: ExpectedTables["meta"]): FoundColumn[] {
  return columns.map(({ name, types, notNull, key }) => ({ name, type: types[0], notNull, key, hasDefault: false }))
}

const HEADER = '{"format":"1.0","created":"2025-01-02T03:04:05.678Z"}'

const STORE: FoundTables = {
  meta: asFound(EXPECTED.meta),
  records: asFound(EXPECTED.records),
  encoding: "UTF-8",
  header: HEADER,
  hasRows: true,
}

const gate = (found: Partial<FoundTables>) => formatGate({ ...STORE, ...found }, EXPECTED)

function refusal(found: Partial<FoundTables>): string {
  const verdict = gate(found)
  if (verdict.kind !== "refuse") throw new Error(`not refused: ${verdict.kind}`)
  return verdict.message
}

describe("what is opened or created (OPEN-1)", () => {
  test("an empty place is created", () => {
    expect(gate({ meta: null, records: null, header: null, hasRows: false })).toEqual({ kind: "create" })
  })

  test("empty tables of a migration are stamped", () => {
    expect(gate({ header: null, hasRows: false })).toEqual({ kind: "stamp" })
  })

  test("the header of format 1 is frozen, and what encodeHeader writes opens", () => {
    expect(encodeHeader(new Date("2025-01-02T03:04:05.678Z"))).toBe(HEADER)
    expect(gate({})).toEqual({ kind: "open", format: FORMAT })
  })

  test.each(["1.0", "1.1", "1.999"])("format %s is opened, whatever else its header says", format => {
    const minor = Number(format.slice(2))
    const header = JSON.stringify({ format, created: "2025-01-02T03:04:05.678Z", later: true })
    expect(gate({ header })).toEqual({ kind: "open", format: { major: 1, minor } })
  })

  test.each(["UTF-8", "utf-8", "UTF8"])("encoding %s", encoding => {
    expect(gate({ encoding }).kind).toBe("open")
  })

  test("other spellings of types, and columns that need not be filled in", () => {
    const records = STORE.records?.map(column => ({ ...column, type: column.key > 0 ? "bigint" : "text" })) ?? []
    const nullable = { name: "note", type: "JSON", notNull: false, key: 0, hasDefault: false }
    const filled = { name: "created_at", type: "TIMESTAMP", notNull: true, key: 0, hasDefault: true }
    expect(gate({ records: [nullable, ...records, filled] }).kind).toBe("open")
  })
})

describe("what is refused, saying why (OPEN-2)", () => {
  test.each(["UTF-16le", "SQL_ASCII", "LATIN1", "", "xUTF-8", "UTF-8x"])("encoding %s", encoding => {
    expect(refusal({ encoding })).toContain(`encoding is ${encoding}`)
    expect(refusal({ encoding, meta: null, records: null, header: null, hasRows: false })).toContain("encoding")
  })

  test("one table without the other", () => {
    expect(refusal({ meta: null })).toMatch(/^table "holdfast_records" exists but "holdfast_meta" does not; /)
    expect(refusal({ records: null })).toMatch(/^table "holdfast_meta" exists but "holdfast_records" does not; /)
  })

  test.each(["0.9", "2.0", "10.0"])("format %s, also when its columns are others", format => {
    const header = JSON.stringify({ format, created: "2025-01-02T03:04:05.678Z" })
    for (const found of [{ header }, { header, records: [] }]) expect(refusal(found)).toContain(`have format ${format}`)
  })

  test.each([
    "",
    "x",
    "null",
    "1",
    "[]",
    "{}",
    '{"format":"1.0"}',
    '{"created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"1.0","created":"yesterday"}',
    '{"format":"1.0","created":1}',
    '{"format":1,"created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"1","created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"1.x","created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"01.0","created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"1.0.0","created":"2025-01-02T03:04:05.678Z"}',
    '{"format":"-1.0","created":"2025-01-02T03:04:05.678Z"}',
  ])("the malformed header %s", header => {
    expect(refusal({ header })).toMatch(/header in table "holdfast_meta".* is malformed; .*"tables"/)
    expect(refusal({ header, hasRows: false })).toContain("malformed")
  })

  test("rows without a header", () => {
    expect(refusal({ header: null })).toMatch(
      /"holdfast_meta" and "holdfast_records" have rows but no header.*"tables"/,
    )
  })

  test.each<[string, "meta" | "records", string, Partial<FoundColumn> | null, string]>([
    ["missing", "meta", "data", null, "is missing"],
    ["missing", "records", "seq", null, "is missing"],
    ["of another type", "meta", "doc_id", { type: "BLOB" }, "has type BLOB instead of TEXT"],
    ["of no type", "records", "doc", { type: "" }, "has type (none) instead of INTEGER"],
    ["outside the key", "records", "seq", { key: 0 }, "is not column 2 of the primary key"],
    ["in another place of the key", "records", "doc", { key: 2 }, "is not column 1 of the primary key"],
    ["wrongly in the key", "meta", "doc_id", { key: 2 }, "is part of the primary key"],
    ["wrongly NOT NULL", "records", "version", { notNull: true }, "is NOT NULL"],
    ["wrongly nullable", "meta", "data", { notNull: false }, "allows NULL"],
  ])("a column %s: %s.%s", (_what, table, name, change, message) => {
    const columns = asFound(EXPECTED[table]).flatMap(column => {
      if (column.name !== name) return [column]
      return change === null ? [] : [{ ...column, ...change }]
    })
    for (const found of [{}, { header: null }, { header: null, hasRows: false }, { header: "x" }]) {
      expect(refusal({ ...found, [table]: columns })).toContain(
        `column "${name}" of table "holdfast_${table}" ${message}; `,
      )
    }
  })

  test("a whole key may say that it is never NULL or not; a part of one, and any other column, may not", () => {
    const change = (table: "meta" | "records", name: string, notNull: boolean) =>
      gate({
        [table]: asFound(EXPECTED[table]).map(column => (column.name === name ? { ...column, notNull } : column)),
      })
    expect(change("meta", "doc", true)).toEqual({ kind: "open", format: FORMAT })
    expect(change("meta", "data", false)).toMatchObject({
      kind: "refuse",
      message: expect.stringMatching(/"data".*allows NULL/),
    })
    expect(change("records", "doc", false)).toMatchObject({
      kind: "refuse",
      message: expect.stringMatching(/"doc".*allows NULL/),
    })
    expect(change("records", "version", true)).toMatchObject({
      kind: "refuse",
      message: expect.stringMatching(/"version".*is NOT NULL/),
    })
  })

  test("a header whose format is an array is none", () => {
    expect(refusal({ header: HEADER.replace('"1.0"', '["1.0"]') })).toContain("malformed")
  })

  test("a column of somebody else's that inserts would have to fill in", () => {
    const extra = { name: "tenant", type: "TEXT", notNull: true, key: 0, hasDefault: false }
    expect(refusal({ records: [...asFound(EXPECTED.records), extra] })).toContain(
      'column "tenant" of table "holdfast_records" is not the store\'s, is NOT NULL and has no default',
    )
  })

  test("somebody else's tables", () => {
    const foreign: FoundColumn[] = [{ name: "id", type: "INTEGER", notNull: false, key: 1, hasDefault: false }]
    expect(refusal({ meta: foreign, records: foreign, header: null })).toContain(
      'column "doc" of table "holdfast_meta"',
    )
  })

  test("messages use the names the store was opened with", () => {
    const verdict = formatGate({ ...STORE, header: null }, { ...EXPECTED, names: { meta: "m", records: "r" } })
    expect(verdict).toMatchObject({ message: expect.stringContaining('"m" and "r"') })
  })
})
