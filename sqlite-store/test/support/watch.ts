import { createFaultSeam, type OwnFaultSeam } from "@holdfast/testing"
import type { BetterSqlite3Database, NodeSqliteDatabase, SqliteAdapter, SqliteParameter } from "../../src/index.js"

/** One statement as the driver got it. */
export interface SeenStatement {
  readonly sql: string
  readonly params: number
}

/** What passes between a store and its driver: counted, and made to fail. */
export class Watch {
  readonly fault: OwnFaultSeam = createFaultSeam()
  /** Every statement run since the last `clear`, BEGIN and COMMIT included. */
  statements: SeenStatement[] = []
  /** Transactions committed and writes outside of one. */
  commits = 0
  /** Called before each statement with its text, and before "close"; what it throws is the failure of that. */
  before: (sql: string) => void = () => {}

  clear(): void {
    this.statements = []
  }

  /** Runs one statement of a driver. */
  run<R>(sql: string, params: readonly unknown[], isInTransaction: () => boolean, run: () => R): R {
    this.statements.push({ sql, params: params.length })
    this.fault.pass()
    this.before(sql)
    const alone = /^(INSERT|UPDATE|DELETE|CREATE)/.test(sql) && !isInTransaction()
    const result = run()
    if (alone || sql === "COMMIT") this.commits++
    return result
  }
}

/** The connection, every statement of which goes through `watch`; so BEGIN, COMMIT and ROLLBACK can fail too. */
export function watchBetterSqlite3(db: BetterSqlite3Database, watch: Watch): BetterSqlite3Database {
  const inside = () => db.inTransaction
  return {
    prepare: sql => {
      const statement = db.prepare(sql)
      return {
        run: (...params) => watch.run(sql, params, inside, () => statement.run(...params)),
        all: (...params) => watch.run(sql, params, inside, () => statement.all(...params)),
        safeIntegers: toggle => statement.safeIntegers(toggle),
      }
    },
    exec: sql => watch.run(sql, [], inside, () => db.exec(sql)),
    close: () => {
      watch.before("close")
      db.close()
    },
    get inTransaction() {
      return db.inTransaction
    },
  }
}

/** As `watchBetterSqlite3`. */
export function watchNodeSqlite(db: NodeSqliteDatabase, watch: Watch): NodeSqliteDatabase {
  const inside = () => db.isTransaction === true
  return {
    prepare: sql => {
      const statement = db.prepare(sql)
      return {
        get: (...params) => watch.run(sql, params, inside, () => statement.get(...params)),
        all: (...params) => watch.run(sql, params, inside, () => statement.all(...params)),
        setReadBigInts: enabled => statement.setReadBigInts(enabled),
        // Without these two the store would read its rows another way than on the connection itself.
        setReturnArrays: enabled => statement.setReturnArrays?.(enabled),
        columns: () => statement.columns?.() ?? [],
      }
    },
    exec: sql => watch.run(sql, [], inside, () => db.exec(sql)),
    close: () => {
      watch.before("close")
      db.close()
    },
    get isOpen() {
      return db.isOpen !== false
    },
    get isTransaction() {
      return inside()
    },
  }
}

/**
 * An adapter with the four methods and nothing more, as a user may write one: rows come one by one, and every call,
 * every step of an iteration, the begin and the commit pass `fault`.
 */
export function plainAdapter(adapter: SqliteAdapter, fault: { pass(): void }): SqliteAdapter {
  function* rows<T>(sql: string, params: SqliteParameter[]): Iterable<T> {
    fault.pass()
    for (const row of adapter.iterate<T>(sql, ...params)) {
      fault.pass()
      yield row
    }
  }
  return {
    exec: (sql, ...params) => {
      fault.pass()
      adapter.exec(sql, ...params)
    },
    iterate: (sql, ...params) => rows(sql, params),
    transaction: fn => {
      fault.pass()
      return adapter.transaction(() => {
        const result = fn()
        fault.pass()
        return result
      })
    },
    close: () => adapter.close(),
  }
}
