import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSqliteStore, fromBetterSqlite3 } from "@holdfast/sqlite-store"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import Database from "better-sqlite3"
import { PrismaClient } from "../generated/sqlite/client.js"
import { Watch } from "./watch.js"

const OTHER_TABLES = { meta: "other_meta", records: "other_records" }

/** A directory with databases, and clients on them, that are gone after `dispose`. */
export class SqlitePlace {
  readonly watch = new Watch()
  private readonly directory = mkdtempSync(join(tmpdir(), "prisma-store-"))
  private readonly clients: PrismaClient[] = []

  path(name = "store.db"): string {
    return join(this.directory, name)
  }

  /** A database with the tables of both pairs of models, and one of the application's. */
  async create(name?: string): Promise<void> {
    await this.own(name, async db => {
      db.pragma("journal_mode = WAL")
      db.exec("CREATE TABLE Note (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL UNIQUE)")
      await createSqliteStore(fromBetterSqlite3(db, { lent: true })).close()
      await createSqliteStore(fromBetterSqlite3(db, { lent: true }), { tables: OTHER_TABLES }).close()
    })
  }

  /** Works on the database past Prisma. */
  async own<T>(name: string | undefined, work: (db: Database.Database) => T | Promise<T>): Promise<T> {
    const db = new Database(this.path(name))
    try {
      return await work(db)
    } finally {
      db.close()
    }
  }

  /** Another client on the database. */
  client(name?: string): PrismaClient {
    const { watch } = this
    class Watched extends PrismaBetterSqlite3 {
      override async connect() {
        const adapter = await super.connect()
        watch.adapter(adapter)
        return adapter
      }
    }
    // A lock is held over turns of the event loop, which waiting in SQLite itself would stop.
    const client = new PrismaClient({ adapter: new Watched({ url: `file:${this.path(name)}`, timeout: 5 }) })
    this.clients.push(client)
    return client
  }

  async disconnect(): Promise<void> {
    for (const client of this.clients) await client.$disconnect()
  }

  async dispose(): Promise<void> {
    await this.disconnect()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
