import { deepEqual, equal, ok } from "../assert.js"
import {
  type AdapterCheck,
  type AdapterUnderCheck,
  createTable,
  fill,
  INSERT,
  numbers,
  passOn,
  rows,
  thrown,
} from "./adapter-check.js"

/** A transaction whose function ends in this error; returns what the transaction threw. */
function failingTransaction(adapter: AdapterUnderCheck, work: () => void, error: Error): unknown {
  return thrown(() =>
    adapter.transaction(() => {
      work()
      throw error
    }),
  )
}

/** All or nothing, and nothing left open. */
export const transactionChecks: readonly AdapterCheck[] = [
  {
    name: "transaction-returns",
    remedy: "Return from transaction what the function returned, after the commit.",
    run(adapter) {
      const value = { any: "value" }
      equal(
        adapter.transaction(() => value),
        value,
      )
      equal(
        adapter.transaction(() => undefined),
        undefined,
      )
    },
  },
  {
    name: "transaction-commits",
    remedy: "Commit when the function has returned: what it wrote, tables included, has to stay.",
    run(adapter) {
      fill(adapter, 1)
      adapter.transaction(() => {
        adapter.exec(INSERT, 2, "row 2", null)
        adapter.exec("CREATE TABLE holdfast_check_other (a)")
      })
      // Rolled back if the transaction before is still open or was joined.
      failingTransaction(adapter, () => adapter.exec("DELETE FROM holdfast_check_other"), new Error("on purpose"))
      deepEqual(numbers(adapter), [1, 2])
      deepEqual(rows(adapter, "SELECT a FROM holdfast_check_other"), [])
    },
  },
  {
    name: "transaction-rolls-back",
    remedy: "Begin a transaction before the function runs, and roll it back when the function throws.",
    run(adapter) {
      fill(adapter, 1)
      const work = () => {
        adapter.exec(INSERT, 2, "row 2", null)
        adapter.exec("CREATE TABLE holdfast_check_other (a)")
      }
      failingTransaction(adapter, work, new Error("on purpose"))
      const second = () => [3, 1].map(n => passOn(() => adapter.exec(INSERT, n, `row ${n}`, null)))
      failingTransaction(adapter, second, new Error("on purpose"))
      deepEqual(numbers(adapter), [1])
      const tables = "SELECT name FROM sqlite_schema WHERE name = 'holdfast_check_other'"
      deepEqual(rows(adapter, tables), [], "tables made in a transaction that was rolled back")
    },
  },
  {
    name: "transaction-first-error",
    remedy: "Throw on the error the function threw, itself, also when the rollback fails after it.",
    run(adapter) {
      createTable(adapter)
      const first = new Error("the first error")
      ok(failingTransaction(adapter, () => {}, first) === first, "the error of the function comes out")
      // Ends the transaction, so that the adapter's rollback has nothing to end; refused where only the platform may.
      const end = () => void thrown(() => adapter.exec("ROLLBACK"))
      ok(failingTransaction(adapter, end, first) === first, "the error of the function, when the rollback fails")
    },
  },
  {
    name: "transaction-not-left-open",
    remedy: "Roll back after every error, that of the function too, so that the next transaction can begin.",
    run(adapter) {
      fill(adapter, 1)
      failingTransaction(adapter, () => passOn(() => adapter.exec("SELEKT 1")), new Error("on purpose"))
      failingTransaction(adapter, () => {}, new Error("on purpose"))
      equal(
        thrown(() => adapter.transaction(() => void adapter.exec(INSERT, 2, "row 2", null))),
        undefined,
        "the error of the next transaction",
      )
    },
  },
  {
    name: "commit-that-fails",
    remedy: "Run COMMIT inside the try: when it fails, roll back and throw its error.",
    run(adapter) {
      createTable(adapter)
      // Where the platform begins and ends transactions, the adapter has no COMMIT that could fail.
      if (thrown(() => adapter.exec("BEGIN")) !== undefined) return
      adapter.exec("ROLLBACK")
      adapter.exec("PRAGMA foreign_keys = ON")
      adapter.exec("CREATE TABLE holdfast_check_other (a REFERENCES holdfast_check (id) DEFERRABLE INITIALLY DEFERRED)")
      const error = thrown(() =>
        adapter.transaction(() => adapter.exec("INSERT INTO holdfast_check_other VALUES (?)", 99)),
      )
      ok(error instanceof Error, "the error of a COMMIT that fails is thrown")
      const next = thrown(() => adapter.transaction(() => void adapter.exec(INSERT, 1, "row 1", null)))
      equal(next, undefined, "the error of the transaction after a COMMIT that failed")
      deepEqual(rows(adapter, "SELECT a FROM holdfast_check_other"), [])
    },
  },
  {
    name: "in-transaction",
    remedy: "Let inTransaction be a getter that asks the driver each time, or leave the property out.",
    run(adapter) {
      createTable(adapter)
      if (adapter.inTransaction === undefined) return
      equal(adapter.inTransaction, false, "inTransaction outside of a transaction")
      adapter.transaction(() => equal(adapter.inTransaction, true, "inTransaction inside of one"))
      equal(adapter.inTransaction, false, "inTransaction after a commit")
      failingTransaction(adapter, () => {}, new Error("on purpose"))
      equal(adapter.inTransaction, false, "inTransaction after a rollback")
    },
  },
]
