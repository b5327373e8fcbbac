import { describe, expect, test } from "vitest"
import { quoteName, type TableNames, tableNames } from "../src/table-names.js"

describe("tableNames", () => {
  test("defaults", () => {
    const defaults = { meta: "holdfast_meta", records: "holdfast_records" }
    expect(tableNames()).toEqual(defaults)
    expect(tableNames({})).toEqual(defaults)
    expect(tableNames({ meta: undefined } as unknown as TableNames)).toEqual(defaults)
  })

  test("each can be overridden alone", () => {
    expect(tableNames({ meta: "m" })).toEqual({ meta: "m", records: "holdfast_records" })
    expect(tableNames({ records: "R_2" })).toEqual({ meta: "holdfast_meta", records: "R_2" })
  })

  test.each(["a", "_", "Select", "order", "a".repeat(48), "A1_b", "pgx", "sqlite", "my_pg_x", "my_sqlite_x"])(
    "%s is a name",
    name => {
      expect(tableNames({ meta: name }).meta).toBe(name)
    },
  )

  test.each([
    "",
    "1a",
    "a b",
    "a-b",
    "a.b",
    'a"b',
    "a;--",
    "a\n",
    "é",
    "a\0",
    "a".repeat(49),
    1,
    null,
    {},
    ["a"],
    "sqlite_x",
    "SQLite_x",
    "pg_x",
    "PG_x",
  ])("%j is refused, naming the option", name => {
    for (const option of ["meta", "records"]) {
      const run = () => tableNames({ [option]: name } as unknown as TableNames)
      expect(run).toThrow(TypeError)
      expect(run).toThrow(`"tables.${option}"`)
    }
  })

  test("the two must differ in more than case", () => {
    expect(() => tableNames({ meta: "docs", records: "docs" })).toThrow(TypeError)
    expect(() => tableNames({ meta: "docs", records: "DOCS" })).toThrow("must differ")
    expect(() => tableNames({ meta: "Holdfast_Records" })).toThrow("must differ")
  })

  test.each([null, 7, "meta", [], () => {}])("%s is no object with names", tables => {
    const run = () => tableNames(tables as unknown as TableNames)
    expect(run).toThrow(new TypeError('Option "tables" must be an object like { meta: "holdfast_meta" }'))
  })

  test("each name is read once, an inherited one too", () => {
    let reads = 0
    const given = {
      get meta() {
        return ["first", "second"][reads++]
      },
    }
    expect(tableNames(Object.create(given) as TableNames)).toEqual({ meta: "first", records: "holdfast_records" })
    const throws = Object.defineProperty({}, "meta", {
      enumerable: true,
      get: () => {
        throw new Error("the caller's own")
      },
    })
    const run = () => tableNames(throws)
    expect(run).toThrow(new TypeError('Option "tables" could not be read'))
    expect(run).toThrow(expect.objectContaining({ cause: new Error("the caller's own") }))
  })

  test("unknown options name the right spelling (OPEN-3)", () => {
    const run = () => tableNames({ record: "x" } as unknown as TableNames)
    expect(run).toThrow(TypeError)
    expect(run).toThrow(/"tables.record".*"tables.meta" and "tables.records"/)
  })

  test.each([null, "x", 1, true])("%j is not the option", value => {
    expect(() => tableNames(value as unknown as TableNames)).toThrow(TypeError)
  })
})

test("quoteName quotes, so that keywords and capitals mean the name itself", () => {
  expect(quoteName("Order")).toBe('"Order"')
  expect(quoteName('a"b')).toBe('"a""b"')
})
