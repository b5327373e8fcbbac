import type { Store } from "@holdfast/store-core"
import type { OwnFaultSeam, Subject, SubjectOptions } from "@holdfast/testing"
import { createSqliteStore, type SqliteAdapter, type SqliteStoreOptions } from "../../src/index.js"
import type { Watch } from "./watch.js"

/** One database, as the tests of a binding reach it. */
export interface AdapterDatabase {
  readonly watch: Watch
  /** An adapter that the store closes: a connection of its own, or a lent one. Its statements go through `watch`. */
  adapter(): SqliteAdapter
  /** An adapter for the test itself, past `watch`. */
  readonly own: SqliteAdapter
  /** Ends what a restart of the program would end, where that is more than making another adapter. */
  restart?(): void
  dispose(): void
}

/** Two tables of their own for the place with this number, so that many fit into one database. */
function tablesOf(place: string): { readonly meta: string; readonly records: string } {
  return { meta: `${place}_meta`, records: `${place}_records` }
}

/**
 * A subject of the conformance suite with every part, over any binding. Uses nothing of a runtime, so it works inside a
 * Durable Object as well. `name` keeps the tables of several places in one database apart.
 */
export class AdapterPlace implements Subject {
  readonly store: Store
  readonly fault: OwnFaultSeam
  readonly tables: { readonly meta: string; readonly records: string }
  private readonly database: AdapterDatabase
  private readonly name: string
  private configurations = 0

  constructor(database: AdapterDatabase, name = "holdfast") {
    this.database = database
    this.name = name
    this.tables = tablesOf(name)
    this.fault = database.watch.fault
    this.store = this.second()
  }

  reopen(): Store {
    this.database.restart?.()
    return this.second()
  }

  second(): Store {
    return this.open({ tables: this.tables })
  }

  isolated(): Store {
    return this.open({ tables: tablesOf(`${this.name}_other`) })
  }

  configured(options: SubjectOptions): Store {
    return this.open({ ...options, tables: tablesOf(`${this.name}_${++this.configurations}`) })
  }

  corrupt(docId: string): void {
    const { meta, records } = this.tables
    const of = `doc = (SELECT doc FROM ${meta} WHERE doc_id = ?)`
    const last = `seq = (SELECT max(seq) FROM ${records} WHERE ${of})`
    const sql = `UPDATE ${records} SET kind = 99 WHERE ${of} AND ${last} RETURNING seq`
    const changed = [...this.database.own.iterate(sql, docId, docId)]
    if (changed.length !== 1) throw new Error(`${changed.length} rows made nonsense instead of one`)
  }

  commits(): number {
    return this.database.watch.commits
  }

  dispose(): void {
    this.database.dispose()
  }

  private open(options: SqliteStoreOptions): Store {
    return createSqliteStore(this.database.adapter(), options)
  }
}
