import { DatabaseSync } from "node:sqlite"
import { checkSqliteAdapter } from "@holdfast/testing"
import Database from "better-sqlite3"
import { expect, it } from "vitest"
import { fromBetterSqlite3, fromNodeSqlite, type NodeSqliteDatabase, type SqliteAdapter } from "../src/index.js"
import { Watch, watchNodeSqlite } from "./support/watch.js"

const bindings: Readonly<Record<string, () => SqliteAdapter>> = {
  "fromBetterSqlite3 of a connection as it comes": () => fromBetterSqlite3(new Database(":memory:")),
  "fromBetterSqlite3 of a connection with big integers": () =>
    fromBetterSqlite3(new Database(":memory:").defaultSafeIntegers(true)),
  "fromNodeSqlite of a connection as it comes": () => fromNodeSqlite(new DatabaseSync(":memory:")),
  "fromNodeSqlite of a connection with big integers": () =>
    fromNodeSqlite(new DatabaseSync(":memory:", { readBigInts: true })),
  "fromNodeSqlite of a connection with rows as arrays": () =>
    fromNodeSqlite(new DatabaseSync(":memory:", { returnArrays: true })),
  "fromNodeSqlite as of Node before 22.16, whose rows are objects only": () => fromNodeSqlite(withObjectsOnly()),
}

function withObjectsOnly(): NodeSqliteDatabase {
  const db = watchNodeSqlite(new DatabaseSync(":memory:"), new Watch())
  return {
    ...db,
    prepare: sql => {
      const { get, all, setReadBigInts } = db.prepare(sql)
      return { get, all, setReadBigInts }
    },
    get isTransaction() {
      return db.isTransaction === true
    },
  }
}

for (const [name, make] of Object.entries(bindings)) {
  it(`${name} is a sound adapter`, async () => {
    expect((await checkSqliteAdapter(make)).filter(finding => !finding.ok)).toEqual([])
  })
}
