import type { Store } from "@holdfast/store-core"
import { createFaultSeam, type OwnFaultSeam, type Subject, type SubjectOptions } from "@holdfast/testing"
import { createSqliteStore, type SqliteStoreOptions } from "../../src/index.js"
import { type Binding, type Connection, connect } from "./connection.js"
import { type TempDir, tempDir } from "./temp.js"
import { plainAdapter, Watch } from "./watch.js"

export interface PlaceOptions {
  readonly binding: Binding
  /** A file with the write-ahead log, a file with SQLite's default rollback journal, or a database in memory. */
  readonly place: "wal" | "rollback-journal" | "memory"
  /** Whether the store sees the binding as it is, with faults in the driver, or four methods with faults in them. */
  readonly adapter?: "whole" | "plain"
}

const OTHER_TABLES = { meta: "other_meta", records: "other_records" }

/** A subject of the conformance suite, with every part. */
export function sqliteSubject(options: PlaceOptions): Subject {
  return new SqlitePlace(options)
}

class SqlitePlace implements Subject {
  readonly store: Store
  readonly fault: OwnFaultSeam
  private readonly options: PlaceOptions
  private readonly watch = new Watch()
  private readonly dir: TempDir | null
  private readonly connections: Connection[] = []
  private readonly main: Connection
  private files = 0

  constructor(options: PlaceOptions) {
    this.options = options
    this.fault = options.adapter === "plain" ? createFaultSeam() : this.watch.fault
    this.dir = options.place === "memory" ? null : tempDir()
    this.main = this.connect("store.db")
    this.store = this.open(this.main)
  }

  reopen(): Store {
    return this.second()
  }

  /** A database in memory is its connection, so there the stores share it. */
  second(): Store {
    return this.open(this.dir === null ? this.main : this.connect("store.db"))
  }

  isolated(): Store {
    return this.open(this.main, { tables: OTHER_TABLES }, true)
  }

  configured(options: SubjectOptions): Store {
    return this.open(this.connect(`configured-${++this.files}.db`), options)
  }

  corrupt(docId: string): void {
    const of = "doc = (SELECT doc FROM holdfast_meta WHERE doc_id = ?)"
    const last = `seq = (SELECT max(seq) FROM holdfast_records WHERE ${of})`
    const changed = this.main.all(
      `UPDATE holdfast_records SET kind = 99 WHERE ${of} AND ${last} RETURNING seq`,
      docId,
      docId,
    )
    if (changed.length !== 1) throw new Error(`${changed.length} rows made nonsense instead of one`)
  }

  commits(): number {
    return this.watch.commits
  }

  dispose(): void {
    for (const connection of this.connections) connection.close()
    this.dir?.remove()
  }

  private connect(name: string): Connection {
    const connection = connect(this.options.binding, this.dir === null ? ":memory:" : this.dir.file(name), this.watch)
    // What the operating system would lose no test can see; without waiting for the disk the suite is quicker.
    connection.exec("PRAGMA synchronous = OFF")
    if (this.options.place === "wal") connection.exec("PRAGMA journal_mode = WAL")
    this.connections.push(connection)
    return connection
  }

  private open(connection: Connection, options: SqliteStoreOptions = {}, lent = this.dir === null): Store {
    const adapter = connection.adapter({ lent })
    const seen = this.options.adapter === "plain" ? plainAdapter(adapter, this.fault) : adapter
    return createSqliteStore(seen, options)
  }
}
