import { execFileSync } from "node:child_process"
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import Database from "better-sqlite3"
import initSqlJs from "sql.js"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSqliteStore, fromBetterSqlite3, fromNodeSqlite, fromSqlJs, type SqliteAdapter } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { addTo, expectSample, writeSample } from "./exchange/sample.js"
import { Objects } from "./exchange/workerd.js"
import { type TempDir, tempDir } from "./support/temp.js"

/** A binding in its runtime: writes the sample to a file, or reads it there and adds a record named after itself. */
type Exchange = (job: "write" | "read", path: string) => Promise<void> | void

const SQL = await initSqlJs()

/** What the operating system would lose no test can see; without waiting for the disk the tests are quicker. */
const HURRIED = "PRAGMA synchronous = OFF"

function openFile(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec(HURRIED)
  return db
}

async function use(name: string, adapter: SqliteAdapter, job: "write" | "read"): Promise<void> {
  const store = createSqliteStore(adapter)
  if (job === "write") await writeSample(store)
  else {
    await expectSample(store)
    await addTo(store, name)
  }
  await store.close()
}

const BUN_SCRIPT = fileURLToPath(new URL("bun/exchange.ts", import.meta.url))

function bun(job: "write" | "read", path: string): void {
  execFileSync("bun", [BUN_SCRIPT, job, path], {
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  })
}

const bindings: Readonly<Record<string, Exchange>> = {
  "better-sqlite3": (job, path) => {
    const db = new Database(path)
    db.exec(HURRIED)
    return use("better-sqlite3", fromBetterSqlite3(db), job)
  },
  "node:sqlite": (job, path) => use("node:sqlite", fromNodeSqlite(openFile(path)), job),
  "bun:sqlite": bun,
  "sql.js": async (job, path) => {
    const db = new SQL.Database(job === "write" ? undefined : readFileSync(path))
    await use("sql.js", fromSqlJs(db, { lent: true }), job)
    writeFileSync(path, db.export())
    db.close()
  },
}

const names = Object.keys(bindings)
const OBJECT = "Durable Object"
const writers = [...names, "openSqliteStore", OBJECT]

let dir: TempDir
let objects: Objects

const written = (writer: string) => dir.file(`${writers.indexOf(writer)}.db`)

/** The last connection that closes a database copies the log into the file; workerd is ended without doing so. */
function copyLogIntoFile(path: string): void {
  const db = openFile(path)
  expect(db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()).toMatchObject({ busy: 0 })
  db.close()
}

/** Everything that is stored, with the types it is stored as; without the time of creation. */
function contents(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const all = (sql: string) => db.prepare(sql).all()
    return {
      schema: all("SELECT name, sql FROM sqlite_schema WHERE tbl_name LIKE 'holdfast%' ORDER BY name"),
      meta: all("SELECT *, typeof(doc_id), typeof(data) FROM holdfast_meta WHERE doc_id <> '' ORDER BY doc"),
      header: all("SELECT doc, json_remove(data, '$.created') FROM holdfast_meta WHERE doc_id = ''"),
      records: all(
        "SELECT doc, seq, kind, hex(version), hex(lineage), hex(payload), hex(blob), typeof(kind), typeof(version), " +
          "typeof(lineage), typeof(payload), typeof(blob) FROM holdfast_records ORDER BY doc, seq",
      ),
    }
  } finally {
    db.close()
  }
}

beforeAll(async () => {
  dir = tempDir()
  for (const [name, exchange] of Object.entries(bindings)) await exchange("write", written(name))
  const opened = await openSqliteStore(written("openSqliteStore"), { durability: "normal" })
  await writeSample(opened)
  await opened.close()

  const storage = dir.file("objects")
  const first = new Objects(storage)
  await first.ask("/write", OBJECT)
  const files = await Promise.all(writers.map(writer => first.file(writer)))
  await first.stop()
  // What was an object's storage is a file like the others now, and the other way round.
  const own = files[writers.indexOf(OBJECT)] as string
  copyLogIntoFile(own)
  copyFileSync(own, written(OBJECT))
  for (const [i, writer] of writers.entries()) {
    if (writer !== OBJECT) copyFileSync(written(writer), files[i] as string)
  }
  objects = new Objects(storage)
}, 120_000)

afterAll(async () => {
  await objects.stop()
  dir.remove()
})

describe.each(writers)("a database written by %s (RECORD-1)", writer => {
  it("has the same rows as every other", () => {
    expect(contents(written(writer))).toEqual(contents(written("node:sqlite")))
  })

  it.each(names)("is read equal and written to by %s", async name => {
    const copy = dir.file("copy.db")
    copyFileSync(written(writer), copy)
    await bindings[name]?.("read", copy)
    await expectAdded(copy, name)
  })

  it("is read equal and written to in a Durable Object that has it as its storage", async () => {
    expect(await objects.ask("/read", writer)).toBe("done")
    await expectAdded(await objects.file(writer), OBJECT)
  })
})

/** The file has the sample and what its reader added. */
async function expectAdded(path: string, name: string): Promise<void> {
  const store = createSqliteStore(fromNodeSqlite(new DatabaseSync(path)))
  await expectSample(store, [name])
  await store.close()
}
