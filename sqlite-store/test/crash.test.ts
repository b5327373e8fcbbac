import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { DocId, StoreRecord } from "@holdfast/store-core"
import { collect, contentHash, seeded } from "@holdfast/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openSqliteStore } from "../src/open.js"
import { DOCS, randomWrites } from "./child/random-writes.mjs"
import { connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

/** `HOLDFAST_CRASH_ROUNDS` asks for more; they go on with the same file, half of them with each durability. */
const ROUNDS = Number(process.env.HOLDFAST_CRASH_ROUNDS ?? 20)
const ROUNDS_PER_TEST = 5
const SCRIPT = fileURLToPath(new URL("child/crash-writer.mjs", import.meta.url))

/** A write as `child/random-writes.mjs` makes it. */
interface Write {
  readonly number: number
  readonly docId: DocId
  readonly kind: "append" | "replace" | "delete"
  readonly records: readonly StoreRecord[]
}

/** Lets a process write until it is killed; resolves with the numbers of the writes it had acknowledged. */
async function writeUntilKilled(path: string, seed: number, durability: string, milliseconds: number) {
  const child = spawn(process.execPath, [SCRIPT, path, String(seed), durability], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said === "") setTimeout(() => child.kill("SIGKILL"), milliseconds)
    said += text
  })
  const [, signal] = (await once(child, "close")) as [number | null, string | null]
  expect(said).not.toContain("failed")
  expect(signal, said.slice(-300)).toBe("SIGKILL")
  // Killed while it wrote a line, the process had acknowledged that write all the same.
  const lines = said.split("\n").slice(1, -1)
  return new Set(lines.map(Number))
}

/** A record in short: what it holds can be told apart by its number and its bytes. */
function label(record: StoreRecord): string {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  return `${record.version} ${contentHash(record.payload.data)}`
}

/** The document's contents after each of the writes, beginning with what it was before them. */
function statesAfter(before: readonly string[], writes: readonly Write[]): string[][] {
  const states = [[...before]]
  for (const { kind, records } of writes) {
    const added = records.map(label)
    if (kind === "delete") states.push([])
    else if (kind === "replace") states.push(added)
    else states.push([...(states.at(-1) ?? []), ...added])
  }
  return states
}

/** The writes of a round that the process may have called: those up to a few dozen after the last acknowledged. */
function writesOf(seed: number, acknowledged: ReadonlySet<number>): Write[] {
  const last = Math.max(0, ...acknowledged)
  const writes: Write[] = []
  for (const write of randomWrites(seed) as Iterable<Write>) {
    if (write.number > last + 100) return writes
    writes.push(write)
  }
  return writes
}

async function contents(path: string): Promise<Map<DocId, string[]>> {
  const store = await openSqliteStore(path)
  const found = new Map<DocId, string[]>()
  for (const docId of DOCS) found.set(docId, (await collect(store.loadAll(docId))).map(label))
  const ids = await collect(store.listDocIds())
  expect(ids).toEqual(DOCS.filter(docId => found.get(docId)?.length !== 0).sort())
  await store.close()
  return found
}

describe("a process killed at any moment (WRITE-2, WRITE-5)", () => {
  let dir: TempDir
  let before: Map<DocId, string[]>

  beforeAll(() => {
    dir = tempDir()
    before = new Map(DOCS.map(docId => [docId, []]))
  })

  afterAll(() => dir.remove())

  async function round(number: number): Promise<number> {
    const path = dir.file()
    const durability = number % 2 === 0 ? "full" : "normal"
    const acknowledged = await writeUntilKilled(path, number + 1, durability, seeded(number).int(0, 150))
    const writes = writesOf(number + 1, acknowledged)
    const after = await contents(path)
    for (const docId of DOCS) {
      const own = writes.filter(write => write.docId === docId)
      const mustHave = own.findLastIndex(write => acknowledged.has(write.number)) + 1
      const states = statesAfter(before.get(docId) ?? [], own)
      const found = JSON.stringify(after.get(docId))
      const prefix = states.findIndex((state, i) => i >= mustHave && JSON.stringify(state) === found)
      expect(
        prefix,
        `round ${number}, ${durability}: ${docId} is what it was after ${mustHave} or more of its writes`,
      ).not.toBe(-1)
    }
    const db = connect("node:sqlite", path)
    expect(db.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }])
    const orphans = "SELECT count(*) AS n FROM holdfast_records WHERE doc NOT IN (SELECT doc FROM holdfast_meta)"
    expect(db.all(orphans)).toEqual([{ n: 0 }])
    db.close()
    before = after
    return acknowledged.size
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`loses nothing acknowledged and tears no document, rounds ${from} to ${to - 1}`, async () => {
      let acknowledged = 0
      for (let number = from; number < to; number++) acknowledged += await round(number)
      expect(acknowledged, "writes acknowledged before the kills").toBeGreaterThan(0)
    })
  }
})
