import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, connect } from "./support/connection.js"
import { type Owner, startProcess, startThread } from "./support/owner.js"
import { type TempDir, tempDir } from "./support/temp.js"

let dir: TempDir
let path: string
let owners: Owner[]

beforeEach(() => {
  dir = tempDir()
  path = dir.file()
  owners = []
})

afterEach(async () => {
  await Promise.all(owners.map(owner => owner.kill()))
  dir.remove()
})

async function start(starts: readonly (() => Promise<Owner>)[]): Promise<Owner[]> {
  const started = await Promise.all(starts.map(one => one()))
  owners.push(...started)
  return started
}

const DOCS = ["shared-1", "shared-2", "shared-3"]
const COUNT = 200

/** What every owner wrote is there, in the order it wrote it, and the numbers have no gap. */
async function checkNothingLost(writers: readonly string[]): Promise<void> {
  const store = await openSqliteStore(path)
  const wanted = Array.from({ length: COUNT }, (_, i) => i)
  for (const docId of await collect(store.listDocIds())) {
    const records = await collect(store.loadAll(docId))
    const versions = records.flatMap(record => (record.kind === "entry" ? [record.version.split(":")] : []))
    const expected = docId.startsWith("shared") ? writers : [docId.slice("own-".length)]
    expect(versions).toHaveLength(COUNT * expected.length)
    for (const writer of expected) {
      const numbers = versions.filter(([who]) => who === writer).map(([, number]) => Number(number))
      expect(numbers, `${docId}, what ${writer} wrote`).toEqual(wanted)
    }
  }
  await store.close()
  const db = connect("node:sqlite", path)
  expect(db.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }])
  const gaps = "SELECT doc FROM holdfast_records GROUP BY doc HAVING max(seq) - min(seq) + 1 <> count(*)"
  expect(db.all(gaps)).toEqual([])
  db.close()
}

type Start = () => Promise<Owner>
const pairs: [string, Start, string, Start, string][] = [
  ["two threads with better-sqlite3", startThread, "better-sqlite3", startThread, "better-sqlite3"],
  ["two threads with node:sqlite", startThread, "node:sqlite", startThread, "node:sqlite"],
  ["two processes with better-sqlite3", startProcess, "better-sqlite3", startProcess, "better-sqlite3"],
  ["two processes with openSqliteStore", startProcess, "open", startProcess, "open"],
  [
    "a process with better-sqlite3 and one with node:sqlite",
    startProcess,
    "better-sqlite3",
    startProcess,
    "node:sqlite",
  ],
]

describe("two writers on one file lose nothing and keep their order (SHARE-2)", () => {
  it.each(pairs)("%s", async (_, startA, bindingA, startB, bindingB) => {
    const first = await openSqliteStore(path)
    await Promise.all([...DOCS, "own-a", "own-b"].map(docId => first.append(docId, metaRecord())))
    await first.close()
    const [a, b] = (await start([startA, startB])) as [Owner, Owner]
    await Promise.all([a.run("open", { binding: bindingA, path }), b.run("open", { binding: bindingB, path })])
    const said = await Promise.all([
      a.run<string[]>("append", { docs: [...DOCS, "own-a"], count: COUNT, batch: 20, writer: "a" }),
      b.run<string[]>("append", { docs: [...DOCS, "own-b"], count: COUNT, batch: 7, writer: "b" }),
    ])
    expect(new Set(said.flat())).toEqual(new Set(["ok"]))
    await Promise.all([a.run("close"), b.run("close")])
    await checkNothingLost(["a", "b"])
  })

  it.each(BINDINGS)("two connections with %s in one thread", async binding => {
    const connections = [connect(binding, path), connect(binding, path)]
    connections[0]?.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
    const [a, b] = connections.map(connection => createSqliteStore(connection.adapter()))
    if (a === undefined || b === undefined) throw new Error("two stores")
    await Promise.all(DOCS.map(docId => a.append(docId, metaRecord())))
    const calls: Promise<void>[] = []
    for (let i = 0; i < COUNT; i++) {
      for (const docId of DOCS) {
        calls.push(
          a.append(docId, entry("{}", { version: `a:${i}` })),
          b.append(docId, entry("{}", { version: `b:${i}` })),
        )
      }
      if (i % 5 === 0) await Promise.resolve()
    }
    await Promise.all(calls)
    await Promise.all([a.close(), b.close()])
    await checkNothingLost(["a", "b"])
  })
})

describe.each(BINDINGS)("two connections with %s", binding => {
  it("a writer that believes in a document the other deleted leaves nothing behind (SHARE-3, DELETE-3)", async () => {
    const connection = connect(binding, path)
    const a = createSqliteStore(connection.adapter())
    const b = createSqliteStore(connect(binding, path).adapter())
    await a.append("doc", metaRecord())
    await a.append("doc", entry(1))
    await b.delete("doc")
    await rejects(a.append("doc", entry(2)), "STORE_META_MISSING")
    expect(connection.all("SELECT * FROM holdfast_records")).toEqual([])

    await a.append("doc", metaRecord())
    await a.append("doc", entry(3))
    await b.delete("doc")
    await b.append("doc", metaRecord({ schemaHash: "new" }))
    await Promise.all([a.append("doc", entry(4)), a.append("doc", entry(5))])
    expect(await collect(b.loadAll("doc"))).toEqual([metaRecord({ schemaHash: "new" }), entry(4), entry(5)])
    const orphans = "SELECT * FROM holdfast_records WHERE doc NOT IN (SELECT doc FROM holdfast_meta)"
    expect(connection.all(orphans)).toEqual([])
    await Promise.all([a.close(), b.close()])
  })
})

describe("two processes", () => {
  it("may create the store at the same moment: both open, one store (OPEN-1)", async () => {
    const [a, b] = (await start([startProcess, startProcess])) as [Owner, Owner]
    for (let round = 0; round < 20; round++) {
      const binding = round % 2 === 0 ? "open" : "better-sqlite3"
      const file = dir.file(`round-${round}.db`)
      await Promise.all([a.run("open", { binding, path: file }), b.run("open", { binding, path: file })])
      const docs = [`doc-${round}`]
      const said = await Promise.all([
        a.run<string[]>("create", { docs, count: 1 }),
        b.run("create", { docs, count: 1 }),
      ])
      expect(new Set(said.flat())).toEqual(new Set(["ok"]))
      await Promise.all([a.run("close"), b.run("close")])
      const db = connect("node:sqlite", file)
      expect(db.all("SELECT doc_id FROM holdfast_meta ORDER BY doc_id")).toEqual([{ doc_id: "" }, { doc_id: docs[0] }])
      db.close()
    }
  })

  it("do not depend on each other: one killed while it holds the write lock is forgotten", async () => {
    const store = await openSqliteStore(path)
    await store.append("doc", metaRecord())
    const [holder] = (await start([startProcess])) as [Owner]
    await holder.run("lock", { path })
    const events: string[] = []
    const append = store.append("doc", entry(1)).then(() => events.push("stored"))
    await new Promise(resolve => setTimeout(resolve, 100))
    events.push("killed")
    await holder.kill()
    await append
    expect(events).toEqual(["killed", "stored"])
    expect(await collect(store.loadAll("doc"))).toEqual([metaRecord(), entry(1)])
    expect(await store.currentMeta("doc")).toEqual(metaRecord().meta)
    await store.close()
  })

  it("leave no rows behind when appends race deletes (SHARE-3)", async () => {
    const [creator, deleter] = (await start([startProcess, startProcess])) as [Owner, Owner]
    await creator.run("open", { binding: "open", path })
    await deleter.run("open", { binding: "better-sqlite3", path })
    const [created, deleted] = await Promise.all([
      creator.run<string[]>("create", { docs: DOCS, count: 150 }),
      deleter.run<string[]>("delete", { docs: DOCS, count: 300 }),
    ])
    expect(new Set(deleted)).toEqual(new Set(["ok"]))
    expect(["ok", "STORE_META_MISSING", "STORE_CONFLICT"]).toEqual(expect.arrayContaining([...new Set(created)]))
    await Promise.all([creator.run("close"), deleter.run("close")])
    const db = connect("node:sqlite", path)
    const orphans = "SELECT count(*) AS n FROM holdfast_records WHERE doc NOT IN (SELECT doc FROM holdfast_meta)"
    const empty =
      "SELECT count(*) AS n FROM holdfast_meta WHERE doc_id <> '' AND doc NOT IN (SELECT doc FROM holdfast_records)"
    expect(db.all(orphans)).toEqual([{ n: 0 }])
    expect(db.all(empty)).toEqual([{ n: 0 }])
    db.close()
  })
})
