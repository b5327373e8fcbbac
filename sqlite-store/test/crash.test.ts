import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { DocId, StoreRecord } from "@holdfast/store-core"
import { collect, contentHash, seeded } from "@holdfast/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { verifySqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { DOCS, randomWrites } from "./child/random-writes.mjs"
import { type TempDir, tempDir } from "./support/temp.js"

/** `HOLDFAST_CRASH_ROUNDS` asks for more; they go on with the same file, with each durability and binding in turn. */
const LONG = process.env.HOLDFAST_CRASH_ROUNDS
const ROUNDS = Number(LONG ?? 20)
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
async function writeUntilKilled(path: string, seed: number, how: readonly string[], milliseconds: number) {
  const child = spawn(process.execPath, [SCRIPT, path, String(seed), ...how], {
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
function writesOf(seed: number, docs: readonly DocId[], acknowledged: ReadonlySet<number>): Write[] {
  const last = Math.max(0, ...acknowledged)
  const writes: Write[] = []
  for (const write of randomWrites(seed, docs) as Iterable<Write>) {
    if (write.number > last + 100) return writes
    writes.push(write)
  }
  return writes
}

async function contents(path: string): Promise<Map<DocId, string[]>> {
  const store = await openSqliteStore(path)
  const found = new Map<DocId, string[]>()
  for (const docId of DOCS.flat()) found.set(docId, (await collect(store.loadAll(docId))).map(label))
  const ids = await collect(store.listDocIds())
  expect(ids).toEqual(
    DOCS.flat()
      .filter(docId => found.get(docId)?.length !== 0)
      .sort(),
  )
  expect((await verifySqliteStore(store)).findings).toEqual([])
  await store.close()
  return found
}

describe("a process killed at any moment (WRITE-2, WRITE-5)", () => {
  let dir: TempDir
  let before: Map<DocId, string[]>

  beforeAll(() => {
    dir = tempDir()
    before = new Map(DOCS.flat().map(docId => [docId, []]))
  })

  let acknowledged = 0
  let rounds = 0
  const started = performance.now()

  afterAll(() => {
    dir.remove()
    if (LONG === undefined || rounds < ROUNDS) return
    writeSoakReport({
      name: "sqlite-crash",
      what: "A process that writes to SQLite is killed at a random moment, with both durabilities and both bindings of Node, in every fifth round beside another one.",
      figures: { rounds, "writes acknowledged": acknowledged, "lost, torn, repeated or out of order": 0 },
      seed: null,
      repeat: `HOLDFAST_CRASH_ROUNDS=${ROUNDS} npm run soak:crash -w @holdfast/sqlite-store`,
      seconds: Math.round((performance.now() - started) / 1000),
    })
  })

  /** In some rounds a second process writes to the same file, and is killed at a moment of its own. */
  async function round(number: number): Promise<number> {
    const path = dir.file()
    const random = seeded(number)
    const how = [number % 2 === 0 ? "full" : "normal", number % 4 < 2 ? "node:sqlite" : "better-sqlite3"]
    const writers = DOCS.slice(0, number % 5 === 4 ? 2 : 1).map((docs, i) => ({ docs, i, seed: number * 2 + i + 1 }))
    const written = await Promise.all(
      writers.map(async ({ docs, i, seed }) => {
        const acknowledged = await writeUntilKilled(path, seed, [...how, String(i)], random.int(0, 150))
        return { docs, acknowledged, writes: writesOf(seed, docs, acknowledged) }
      }),
    )
    const after = await contents(path)
    for (const { docs, acknowledged, writes } of written) {
      for (const docId of docs) {
        const own = writes.filter(write => write.docId === docId)
        const mustHave = own.findLastIndex(write => acknowledged.has(write.number)) + 1
        const states = statesAfter(before.get(docId) ?? [], own)
        const found = JSON.stringify(after.get(docId))
        const prefix = states.findIndex((state, i) => i >= mustHave && JSON.stringify(state) === found)
        const what = `round ${number}, ${how}: ${docId} is what it was after ${mustHave} or more of its writes`
        expect(prefix, what).not.toBe(-1)
      }
    }
    before = after
    return written.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`loses nothing acknowledged and tears no document, rounds ${from} to ${to - 1}`, async () => {
      const before = acknowledged
      for (let number = from; number < to; number++) {
        acknowledged += await round(number)
        rounds++
      }
      expect(acknowledged, "writes acknowledged before the kills").toBeGreaterThan(before)
      if (LONG !== undefined && to % 100 === 0) console.error(`sqlite-crash: ${to} of ${ROUNDS} rounds`)
    })
  }
})
