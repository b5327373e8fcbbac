import initSqlJs, { type Database } from "sql.js"
import { fromSqlJs, type SqlJsDatabase } from "../../src/index.js"
import type { AdapterDatabase } from "../support/adapter-place.js"
import { Watch } from "../support/watch.js"

const SQL = await initSqlJs()

/** The connection, every statement of which goes through `watch`; BEGIN, COMMIT and ROLLBACK too. */
function watched(db: SqlJsDatabase, watch: Watch): SqlJsDatabase {
  let inside = false
  return {
    prepare: sql => {
      const statement = db.prepare(sql)
      let started = true
      return {
        bind: params => {
          started = false
          return statement.bind(params)
        },
        step: () => {
          if (started) return statement.step()
          started = true
          const more = watch.run(
            sql,
            [],
            () => inside,
            () => statement.step(),
          )
          if (/^(BEGIN|COMMIT|ROLLBACK)/.test(sql)) inside = sql.startsWith("BEGIN")
          return more
        },
        get: () => statement.get(),
        getColumnNames: () => statement.getColumnNames(),
        ...(statement.getBlob && { getBlob: column => statement.getBlob?.(column) ?? new Uint8Array() }),
        reset: () => statement.reset(),
        free: () => statement.free(),
      }
    },
    exec: sql => db.exec(sql),
    close: () => db.close(),
  }
}

/** A database in memory. A restart saves its bytes and makes another one of them. */
export class SqlJsPlace implements AdapterDatabase {
  readonly watch = new Watch()
  private db: Database = new SQL.Database()

  /** The stores share the one connection there is, so it is lent to them. */
  adapter() {
    return fromSqlJs(watched(this.db, this.watch), { lent: true })
  }

  get own() {
    return fromSqlJs(this.db, { lent: true })
  }

  restart(): void {
    const bytes = this.db.export()
    this.db.close()
    this.db = new SQL.Database(bytes)
  }

  dispose(): void {
    this.db.close()
  }
}
