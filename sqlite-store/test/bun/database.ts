import { Database } from "bun:sqlite"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BunSqliteDatabase, fromBunSqlite, type SqliteAdapter } from "../../src/index.js"
import type { AdapterDatabase } from "../support/adapter-place.js"
import { Watch } from "../support/watch.js"

/** The connection, every statement of which goes through `watch`; BEGIN, COMMIT and ROLLBACK too. */
function watched(db: BunSqliteDatabase, watch: Watch): BunSqliteDatabase {
  const inside = () => db.inTransaction
  return {
    prepare: sql => {
      const statement = db.prepare(sql)
      return {
        run: (...params) => watch.run(sql, params, inside, () => statement.run(...params)),
        all: (...params) => watch.run(sql, params, inside, () => statement.all(...params)),
        safeIntegers: toggle => statement.safeIntegers(toggle),
        finalize: () => statement.finalize(),
      }
    },
    close: () => db.close(),
    get inTransaction() {
      return db.inTransaction
    },
  }
}

/** A file, where every store has a connection of its own, which it closes. */
export class BunFile implements AdapterDatabase {
  readonly watch = new Watch()
  readonly own: SqliteAdapter
  private readonly dir = mkdtempSync(join(tmpdir(), "sqlite-store-bun-"))
  private readonly connections: Database[] = []

  constructor() {
    this.own = fromBunSqlite(this.connect())
  }

  adapter(): SqliteAdapter {
    return fromBunSqlite(watched(this.connect(), this.watch))
  }

  dispose(): void {
    for (const connection of this.connections) connection.close()
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** With the options a host may have set, which must make no difference. */
  private connect(): Database {
    const db = new Database(join(this.dir, "store.db"), { create: true, strict: true, safeIntegers: true })
    db.run("PRAGMA journal_mode = WAL")
    // What the operating system would lose no test can see; without waiting for the disk the suite is quicker.
    db.run("PRAGMA synchronous = OFF")
    this.connections.push(db)
    return db
  }
}

/** A database in memory, whose one connection is lent to all stores. */
export class BunMemory implements AdapterDatabase {
  readonly watch = new Watch()
  private readonly db = new Database(":memory:")
  readonly own = fromBunSqlite(this.db, { lent: true })

  adapter(): SqliteAdapter {
    return fromBunSqlite(watched(this.db, this.watch), { lent: true })
  }

  dispose(): void {
    this.db.close()
  }
}
