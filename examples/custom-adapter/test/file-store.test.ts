import { rejects as assertRejects, deepEqual, equal, ok } from "node:assert/strict"
import { constants } from "node:fs"
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { FileBackend, openFileStore } from "@holdfast/example-custom-adapter"
import { EngineStore, type Store } from "@holdfast/store-core"
import { binaryEntry, collect, entry, metaRecord, rejects } from "@holdfast/testing"

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "file-store-"))
  path = join(directory, "store.log")
})
afterEach(() => rm(directory, { recursive: true }))

async function openAndList(): Promise<Record<string, number>> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT)
  // Some tests open a thousand files; only a power loss could tell the difference.
  file.sync = async () => undefined
  await using store = new EngineStore(await FileBackend.open(file))
  const lengths: Record<string, number> = {}
  for await (const docId of store.listDocIds()) lengths[docId] = (await collect(store.loadAll(docId))).length
  return lengths
}

/** Two commits: documents a and b with two records each, then one more record for both. Returns where each ends. */
async function writeTwoCommits(): Promise<readonly [first: number, second: number]> {
  await using store = await openFileStore(path)
  await Promise.all(["a", "b"].map(docId => store.replace(docId, [metaRecord(), entry("one")])))
  const first = (await readFile(path)).length
  await Promise.all(["a", "b"].map(docId => store.append(docId, binaryEntry(new Uint8Array(50)))))
  return [first, (await readFile(path)).length]
}

describe("a file cut short", () => {
  it("WRITE-2 WRITE-5 holds the last whole commit, wherever the process died", async () => {
    const [first, second] = await writeTwoCommits()
    const whole = await readFile(path)
    for (let length = 0; length <= second; length++) {
      await writeFile(path, whole.subarray(0, length))
      const records = length === second ? 3 : 2
      deepEqual(await openAndList(), length < first ? {} : { a: records, b: records }, `cut at ${length}`)
    }
  })

  it("WRITE-4 takes commits again, and none of the lost bytes come back", async () => {
    const [first, second] = await writeTwoCommits()
    await writeFile(path, (await readFile(path)).subarray(0, second - 1))
    deepEqual(await openAndList(), { a: 2, b: 2 })
    equal((await readFile(path)).length, first)
    await using store = await openFileStore(path)
    await store.append("c", metaRecord())
    await store.close()
    deepEqual(await openAndList(), { a: 2, b: 2, c: 1 })
  })
})

describe("a damaged file", () => {
  it("OPEN-2 is refused and left as it is when commits come after the damage, whichever byte it is", async () => {
    const [first] = await writeTwoCommits()
    const whole = await readFile(path)
    const stamp = whole.indexOf("\n") + 1
    for (let at = stamp; at < first; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 0xff
      await writeFile(path, damaged)
      await rejects(openFileStore(path), "STORE_CORRUPT")
      ok((await readFile(path)).equals(damaged), `byte ${at} was damaged`)
    }
  })

  it("OPEN-2 is opened without its last commit when that is damaged, because a crash can do the same", async () => {
    const [first, second] = await writeTwoCommits()
    const whole = await readFile(path)
    for (let at = whole.indexOf("[", first); at < second; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ 0xff
      await writeFile(path, damaged)
      deepEqual(await openAndList(), { a: 2, b: 2 }, `byte ${at} was damaged`)
      equal((await readFile(path)).length, first)
    }
  })

  it("OPEN-2 is refused and left as it is when it is something else", async () => {
    for (const text of ["a,b\n1,2\n", "holdfast file store, format 2\n"]) {
      await writeFile(path, text)
      await rejects(openFileStore(path), "STORE_FORMAT_UNSUPPORTED")
      equal(await readFile(path, "utf8"), text)
    }
  })
})

describe("a failed commit", () => {
  const failing = async (calls: readonly ("sync" | "truncate")[]): Promise<Store> => {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT)
    let armed = false
    for (const name of calls) {
      const call = file[name].bind(file)
      file[name] = async (length?: number) => {
        if (armed) throw Object.assign(new Error("the disk is on fire"), { code: "EIO" })
        await call(length)
      }
    }
    const backend = await FileBackend.open(file)
    const store = new EngineStore(backend)
    await store.append("a", metaRecord())
    armed = true
    await rejects(store.append("a", entry("lost")), "STORE_BACKEND", { outcome: "unknown" })
    armed = false
    return store
  }

  it("WRITE-3 has the outcome unknown when it could not be taken back", async () => {
    for (const calls of [["sync"], ["sync", "truncate"]] as const) {
      await rm(path, { force: true })
      await (await failing(calls)).close()
    }
  })

  it("WRITE-4 is taken back before the next one is written", async () => {
    const store = await failing(["sync", "truncate"])
    await store.append("a", entry("kept"))
    await store.close()
    deepEqual(await openAndList(), { a: 2 })
  })
})

describe("a file that somebody else writes", () => {
  it("is not written any more, so that nothing acknowledged is lost", async () => {
    await using first = await openFileStore(path)
    await using second = await openFileStore(path)
    await second.append("theirs", metaRecord())
    await rejects(first.append("ours", metaRecord()), "STORE_BACKEND", { outcome: "none" })
    await second.append("theirs", entry("more"))
    deepEqual(await openAndList(), { theirs: 2 })
  })
})

describe("a wrong option", () => {
  it("OPEN-3 is a TypeError, before a file is made", async () => {
    await assertRejects(openFileStore(path, { readahead: 1 } as object), /readAhead/)
    await assertRejects(readFile(path), /ENOENT/)
  })
})

describe("a path where no file can be", () => {
  it("rejects with what has to be done", async () => {
    await rejects(openFileStore(join(directory, "missing", "store.log")), "STORE_UNAVAILABLE")
    await rejects(openFileStore(directory), "STORE_BACKEND")
  })
})
