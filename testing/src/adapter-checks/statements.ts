import { deepEqual, equal, ok } from "../assert.js"
import {
  type AdapterCheck,
  createTable,
  fill,
  INSERT,
  numbers,
  type Row,
  rows,
  SELECT,
  thrown,
} from "./adapter-check.js"

/** The methods, and how statements run. */
export const statementChecks: readonly AdapterCheck[] = [
  {
    name: "four-methods",
    remedy: "Give the object the methods exec, iterate, transaction and close.",
    run(adapter) {
      for (const method of ["exec", "iterate", "transaction", "close"] as const) {
        equal(typeof adapter?.[method], "function", `typeof adapter.${method}`)
      }
    },
  },
  {
    name: "sqlite-version",
    remedy: "Use a SQLite of 3.43 or later: the store needs RETURNING, window functions and octet_length.",
    run(adapter) {
      const sql = "SELECT octet_length('\u00e9') AS bytes, sum(1) OVER () AS total"
      deepEqual(rows<object>(adapter, sql).map(Object.values), [[2, 1]])
    },
  },
  {
    name: "rows-by-name",
    remedy: "Let iterate give each row as an object whose properties are the columns' names, aliases included.",
    run(adapter) {
      createTable(adapter)
      adapter.exec("INSERT INTO holdfast_check (n, s) VALUES (1, 'row 1'), (2, 'row 2')")
      const found = rows<Record<string, unknown>>(adapter, "SELECT n AS number, s FROM holdfast_check ORDER BY n")
      deepEqual(
        found.map(row => [row.number, row.s]),
        [
          [1, "row 1"],
          [2, "row 2"],
        ],
      )
      deepEqual(rows(adapter, "SELECT n FROM holdfast_check WHERE n = 9"), [])
    },
  },
  {
    name: "exec-parameters",
    remedy: "Bind the parameters of exec to the question marks by position: the first to the first.",
    run(adapter) {
      createTable(adapter)
      adapter.exec(INSERT, 1, "one", null)
      adapter.exec("UPDATE holdfast_check SET s = ? WHERE n = ?", "two", 1)
      deepEqual(rows<object>(adapter, "SELECT n, s FROM holdfast_check WHERE n = ? AND s = ?", 1, "two"), [
        { n: 1, s: "two" },
      ])
    },
  },
  {
    name: "many-parameters",
    remedy: "Let a statement take 98 parameters, which inserts 14 rows at a time.",
    run(adapter) {
      const list = Array.from({ length: 98 }, (_, i) => `? AS c${i}`).join(", ")
      const values = Array.from({ length: 98 }, (_, i) => `value ${i}`)
      deepEqual(Object.values(rows<object>(adapter, `SELECT ${list}`, ...values)[0] ?? {}), values)
    },
  },
  {
    name: "returning",
    remedy: "Let iterate run statements that write and give the rows of their RETURNING clause.",
    run(adapter) {
      fill(adapter, 1)
      deepEqual(rows<object>(adapter, `${INSERT} RETURNING id, n`, 7, "x", null), [{ id: 2, n: 7 }])
      deepEqual(numbers(adapter), [1, 7])
    },
  },
  {
    name: "statements-reused",
    remedy: "Reset a prepared statement and bind all of its parameters anew, null too, before it runs again.",
    run(adapter) {
      createTable(adapter)
      adapter.exec(INSERT, 1, "one", new Uint8Array([1]))
      adapter.exec(INSERT, null, null, null)
      adapter.exec(INSERT, 3, "three", null)
      const found = rows(adapter).map(({ n, s, b }) => [n ?? null, s ?? null, (b ?? null) === null])
      deepEqual(found, [
        [1, "one", false],
        [null, null, true],
        [3, "three", true],
      ])
      const one = (n: number) => rows(adapter, "SELECT n, s, b FROM holdfast_check WHERE n = ?", n).map(row => row.s)
      deepEqual([one(1), one(3), one(2), one(1)], [["one"], ["three"], [], ["one"]])
    },
  },
  {
    name: "iterations-independent",
    remedy: "Read all rows when iterate is called, or give two open iterations of one text a statement each.",
    run(adapter) {
      fill(adapter, 3)
      const sql = "SELECT n FROM holdfast_check WHERE n >= ? ORDER BY n"
      const iterators = [1, 2].map(from => adapter.iterate<Row>(sql, from)[Symbol.iterator]())
      const seen = Array.from({ length: 8 }, (_, i) => iterators[i % 2]?.next())
      const values = seen.map(step => (step?.done === true ? "end" : Number(step?.value.n)))
      deepEqual(values, [1, 2, 2, 3, 3, "end", "end", "end"], "two iterations step by step")
    },
  },
  {
    name: "write-while-iterating",
    remedy: "Read all rows when iterate is called: an open cursor of this driver refuses or disturbs writes.",
    run(adapter) {
      fill(adapter, 3)
      const iterator = adapter.iterate<Row>(SELECT)[Symbol.iterator]()
      const seen = [Number(iterator.next().value?.n)]
      adapter.exec("UPDATE holdfast_check SET s = ? WHERE n = ?", "changed", 1)
      adapter.transaction(() => adapter.exec(INSERT, 4, "row 4", null))
      for (let i = 0; i < 2; i++) seen.push(Number(iterator.next().value?.n))
      iterator.return?.()
      deepEqual(seen, [1, 2, 3])
    },
  },
  {
    name: "errors-thrown",
    remedy: "Let exec and iterate throw what the driver reports, before they return or with the first row.",
    run(adapter) {
      fill(adapter, 1)
      const duplicate = thrown(() => adapter.exec(INSERT, 2, "row 1", null))
      ok(duplicate instanceof Error, `exec throws an Error when a row breaks UNIQUE (${String(duplicate)})`)
      const returning = `${INSERT} RETURNING id`
      ok(thrown(() => rows(adapter, returning, 2, "row 1", null)) instanceof Error, "iterate throws when a row does")
      ok(thrown(() => adapter.exec("SELEKT 1")) instanceof Error, "exec throws an Error for what is no SQL")
      ok(
        thrown(() => rows(adapter, "SELECT * FROM holdfast_check_none")) instanceof Error,
        "iterate for an unknown table",
      )
      adapter.exec(INSERT, 2, "row 2", null)
      deepEqual(numbers(adapter), [1, 2])
    },
  },
  {
    name: "close-again",
    remedy: "Let a second close do nothing.",
    run(adapter) {
      fill(adapter, 1)
      deepEqual(numbers(adapter), [1])
      adapter.close()
      equal(
        thrown(() => adapter.close()),
        undefined,
        "the error of the second close",
      )
    },
  },
]
