import { execFileSync } from "node:child_process"
import { chmodSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { entry, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openSqliteStore } from "../src/open.js"
import { hashesIn } from "./support/files.js"
import { type TempDir, tempDir } from "./support/temp.js"

const SCRIPT = fileURLToPath(new URL("child/as-nobody.mjs", import.meta.url))

let dir: TempDir
let path: string

beforeEach(() => {
  dir = tempDir()
  path = dir.file()
})

afterEach(() => {
  chmodSync(dir.path, 0o755)
  dir.remove()
})

async function makeStore(): Promise<void> {
  const store = await openSqliteStore(path)
  await store.append("doc", metaRecord())
  await store.append("doc", entry(1))
  await store.close()
}

/** What a user without rights of his own is told, step by step. */
function asNobody(): Record<string, unknown> {
  return JSON.parse(execFileSync(process.execPath, [SCRIPT, path], { encoding: "utf8" }))
}

const READS = { open: "ok", load: 2, list: ["doc"], loadAgain: 2 }
const refusesWrites = {
  append: expect.stringMatching(/^STORE_READ_ONLY: /),
  delete: expect.stringMatching(/^STORE_READ_ONLY: /),
}

// Users and their rights are not like this on Windows.
describe.skipIf(process.getuid === undefined)("openSqliteStore without permission", () => {
  it("says that the file may not be read, and touches nothing", async () => {
    await makeStore()
    chmodSync(dir.path, 0o777)
    chmodSync(path, 0o000)
    expect(asNobody().open).toMatch(/^STORE_PERMISSION: .*may not read it/)
    expect(Object.keys(hashesIn(dir.path))).toEqual(["store.db"])
  })

  it("says that the directory may not be looked into", async () => {
    await makeStore()
    chmodSync(dir.path, 0o700)
    expect(asNobody().open).toMatch(/^STORE_PERMISSION: .*directory/)
  })

  it("says that the file may not be created", () => {
    chmodSync(dir.path, 0o555)
    expect(asNobody().open).toMatch(/^STORE_PERMISSION: .*may not create it/)
    expect(hashesIn(dir.path)).toEqual({})
  })

  it("opens a read-only file for reading and rejects writes with STORE_READ_ONLY (OPEN-1)", async () => {
    await makeStore()
    chmodSync(dir.path, 0o777)
    chmodSync(path, 0o444)
    const before = hashesIn(dir.path)["store.db"]
    expect(asNobody()).toMatchObject({ ...READS, ...refusesWrites })
    expect(hashesIn(dir.path)["store.db"]).toBe(before)
  })

  it("opens a store in a read-only directory for reading and rejects writes with STORE_READ_ONLY (OPEN-1)", async () => {
    await makeStore()
    chmodSync(path, 0o444)
    chmodSync(dir.path, 0o555)
    const before = hashesIn(dir.path)
    expect(asNobody()).toMatchObject({ ...READS, ...refusesWrites })
    expect(hashesIn(dir.path)).toEqual(before)
  })

  it("does the same where only the directory is read-only", async () => {
    await makeStore()
    chmodSync(path, 0o666)
    chmodSync(dir.path, 0o555)
    const before = hashesIn(dir.path)
    expect(asNobody()).toMatchObject({ ...READS, ...refusesWrites })
    expect(hashesIn(dir.path)).toEqual(before)
  })

  it("reads what another process has in its log", async () => {
    const store = await openSqliteStore(path)
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    chmodSync(dir.path, 0o555)
    expect(asNobody()).toMatchObject({ ...READS, ...refusesWrites })
    await store.append("doc", entry(2))
    await store.close()
  })

  it("does the same for a store with a rollback journal", async () => {
    await makeStore()
    const db = new DatabaseSync(path)
    db.exec("PRAGMA journal_mode = DELETE")
    db.close()
    chmodSync(path, 0o444)
    chmodSync(dir.path, 0o555)
    const before = hashesIn(dir.path)
    expect(asNobody()).toMatchObject({ ...READS, ...refusesWrites })
    expect(hashesIn(dir.path)).toEqual(before)
  })
})
