import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { createSqliteStore, fromBetterSqlite3, verifySqliteStore } from "@holdfast/sqlite-store"
import { seeded } from "@holdfast/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { contentsOf } from "../../postgres-store/test/child/random-writes.mjs"
import { type Contents, expectNothingLost, NOTHING } from "../../postgres-store/test/support/killed-writer.js"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { SqlitePlace } from "./support/sqlite.js"

/** `npm run soak:crash` asks for more, in the same file. */
const LONG = process.env.HOLDFAST_CRASH_ROUNDS
const ROUNDS = Number(LONG ?? 4)
const ROUNDS_PER_TEST = 4
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)
const SCRIPT = fileURLToPath(new URL("child/crash-writer.mjs", import.meta.url))

/** Lets a process write through Prisma until it is killed; resolves with the writes it had acknowledged. */
async function writeUntilKilled(path: string, seed: number, milliseconds: number): Promise<ReadonlySet<number>> {
  const child = spawn(process.execPath, [SCRIPT, path, String(seed)], { stdio: ["ignore", "pipe", "inherit"] })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said === "") setTimeout(() => child.kill("SIGKILL"), milliseconds)
    said += text
  })
  const [, signal] = (await once(child, "close")) as [number | null, string | null]
  expect(said).not.toContain("failed")
  expect(signal, said.slice(-300)).toBe("SIGKILL")
  // Killed while it wrote a line, the process had acknowledged that write all the same.
  return new Set(said.split("\n").slice(1, -1).map(Number))
}

describe("a process that writes through Prisma, killed at any moment (WRITE-2, WRITE-5)", () => {
  const random = seeded(SEED)
  const started = performance.now()
  let place: SqlitePlace
  let before: Contents = NOTHING
  let done = 0
  let acknowledged = 0

  beforeAll(async () => {
    place = new SqlitePlace()
    await place.create()
  })

  async function round(number: number): Promise<void> {
    const seed = SEED * 1_000_000 + number
    const written = await writeUntilKilled(place.path(), seed, random.int(0, 150))
    await place.own(undefined, async db => {
      const store = createSqliteStore(fromBetterSqlite3(db, { lent: true }))
      const after: Contents = await contentsOf(store)
      expectNothingLost(before, seed, written, after, `round ${number}`)
      expect((await verifySqliteStore(store)).findings).toEqual([])
      before = after
    })
    acknowledged += written.size
    done++
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`loses nothing acknowledged and tears no document, rounds ${from} to ${to - 1}`, async () => {
      for (let number = from; number < to; number++) await round(number)
      expect(acknowledged, "writes acknowledged before the kills").toBeGreaterThan(0)
      if (LONG !== undefined) console.error(`prisma-crash: ${done} of ${ROUNDS} rounds`)
    })
  }

  afterAll(async () => {
    await place.dispose()
    if (LONG === undefined || done < ROUNDS) return
    writeSoakReport({
      name: "prisma-crash",
      what: "A process that writes to SQLite through Prisma is killed at a random moment.",
      figures: {
        "processes killed": done,
        "writes acknowledged": acknowledged,
        "lost, torn, repeated or out of order": 0,
      },
      seed: String(SEED),
      repeat: `HOLDFAST_CRASH_ROUNDS=${ROUNDS} HOLDFAST_SEED=${SEED} npm run soak:crash -w @holdfast/prisma-store`,
      seconds: Math.round((performance.now() - started) / 1000),
    })
  })
})
