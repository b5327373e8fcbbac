import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { type Store, StoreError } from "@holdfast/store-core"
import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type OpenSqliteOptions, openSqliteStore } from "../src/open.js"
import { connect } from "./support/connection.js"
import { hashesIn } from "./support/files.js"
import { type TempDir, tempDir } from "./support/temp.js"

let dir: TempDir
let path: string

beforeEach(() => {
  dir = tempDir()
  path = dir.file()
})

afterEach(() => dir.remove())

async function write(store: Store, docId = "doc"): Promise<void> {
  await Promise.all([store.append(docId, metaRecord()), store.append(docId, entry(1))])
}

describe("openSqliteStore", () => {
  it("creates the database and finds it again (OPEN-1, WRITE-5)", async () => {
    const store = await openSqliteStore(path)
    await write(store)
    await store.close()
    const again = await openSqliteStore(path)
    expect(await collect(again.loadAll("doc"))).toEqual([metaRecord(), entry(1)])
    await again.close()
  })

  it("leaves one file when it is closed (CLOSE-4)", async () => {
    const store = await openSqliteStore(path)
    await write(store)
    await store.close()
    expect(Object.keys(hashesIn(dir.path))).toEqual(["store.db"])
  })

  it("changes no byte of a store that is only read", async () => {
    const store = await openSqliteStore(path)
    await write(store)
    await store.close()
    const before = hashesIn(dir.path)
    const again = await openSqliteStore(path)
    await collect(again.loadAll("doc"))
    await collect(again.listDocIds())
    await again.close()
    expect(hashesIn(dir.path)).toEqual(before)
  })

  it("can be opened and closed again and again without leaving a handle or growing the file (CLOSE-4)", async () => {
    const handles = () => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0)
    const first = await openSqliteStore(path)
    await write(first)
    await first.close()
    const before = { handles: handles(), size: statSync(path).size }
    for (let i = 0; i < 100; i++) {
      const store = await openSqliteStore(path)
      await collect(store.loadAll("doc"))
      await store.close()
    }
    expect({ handles: handles(), size: statSync(path).size }).toEqual(before)
  })

  it("keeps a database in memory to itself", async () => {
    await using one = await openSqliteStore(":memory:")
    await using other = await openSqliteStore(":memory:")
    await write(one)
    expect(await collect(one.listDocIds())).toEqual(["doc"])
    expect(await collect(other.listDocIds())).toEqual([])
    expect(hashesIn(dir.path)).toEqual({})
  })

  it("keeps stores under other table names apart (SHARE-1)", async () => {
    await using one = await openSqliteStore(path)
    await using other = await openSqliteStore(path, { tables: { meta: "m", records: "r" } })
    await write(one)
    expect(await other.currentMeta("doc")).toBeNull()
    await write(other, "else")
    expect(await collect(one.listDocIds())).toEqual(["doc"])
  })

  it("uses the write-ahead log, also on a store made with a rollback journal", async () => {
    const made = connect("node:sqlite", path)
    made.exec("CREATE TABLE mine (x)")
    made.close()
    const store = await openSqliteStore(path)
    await store.close()
    const later = connect("node:sqlite", path)
    expect(later.all("PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }])
    later.close()
  })

  it("opens two stores at once on a file that does not exist yet", async () => {
    const [one, other] = await Promise.all([openSqliteStore(path), openSqliteStore(path)])
    await write(one)
    expect(await other.currentMeta("doc")).not.toBeNull()
    await Promise.all([one.close(), other.close()])
  })
})

describe("openSqliteStore where nothing can be opened", () => {
  it("says that the directory is missing, and makes none", async () => {
    const missing = dir.file("no/such/store.db")
    const expected = { messageIncludes: [dir.file("no/such"), "does not exist"], retryable: false }
    await rejects(openSqliteStore(missing), "STORE_UNAVAILABLE", expected)
    expect(hashesIn(dir.path)).toEqual({})
  })

  it("says that the path is a directory", async () => {
    mkdirSync(path)
    await rejects(openSqliteStore(path), "STORE_UNAVAILABLE", { messageIncludes: "is a directory", retryable: false })
  })
})

describe("openSqliteStore with wrong arguments (OPEN-3)", () => {
  const wrong: [string, unknown, unknown, RegExp][] = [
    ["an empty path", "", {}, /non-empty string/],
    ["a path that is no string", 7, {}, /non-empty string/],
    ["options that are no object", "store.db", 7, /options must be an object/],
    ["a misspelt option", "store.db", { busytimeout: 1 }, /unknown option "busytimeout".*"busyTimeout"/],
    ["an option nobody has", "store.db", { verbose: true }, /unknown option "verbose".*durability/],
    ["a durability there is not", "store.db", { durability: "none" }, /"durability" must be "full" or "normal"/],
    ["a negative timeout", "store.db", { busyTimeout: -1 }, /"busyTimeout" must be a whole number/],
    ["a guard that is no boolean", "store.db", { loadGuard: 1 }, /"loadGuard" must be true or false/],
    ["a table name with a quote", "store.db", { tables: { meta: 'a"b' } }, /"tables.meta" must be/],
    ["a table there is not", "store.db", { tables: { meat: "a" } }, /"tables.meat".*"tables.meta"/],
    ["one name for both tables", "store.db", { tables: { meta: "t", records: "T" } }, /must differ/],
  ]
  it.each(wrong)("refuses %s with a TypeError and makes no file", async (_, name, options, message) => {
    const target = typeof name === "string" && name !== "" ? dir.file(name) : name
    const opening = openSqliteStore(target as string, options as OpenSqliteOptions)
    const error = await opening.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).not.toBeInstanceOf(StoreError)
    expect(String(error)).toMatch(message)
    expect(hashesIn(dir.path)).toEqual({})
  })
})
