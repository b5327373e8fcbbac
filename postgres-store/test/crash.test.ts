import { seeded } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createPostgresStore, fromPool, verifyPostgresStore } from "../src/index.js"
import { contentsOf } from "./child/random-writes.mjs"
import { createDatabase } from "./support/database.js"
import { freshSchema, pause } from "./support/fixtures.js"
import { type Contents, expectNothingLost, NOTHING, runWriter } from "./support/killed-writer.js"

/** `npm run soak:crash` asks for more, in the same tables. */
const LONG = process.env.HOLDFAST_CRASH_ROUNDS
const ROUNDS = Number(LONG ?? 20)
const ROUNDS_PER_TEST = 5
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)

const database = await createDatabase()

describe("a process killed at any moment (WRITE-2, WRITE-5)", async () => {
  const schema = await freshSchema(database)
  const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
  const random = seeded(SEED)
  const begun = performance.now()
  let before: Contents = NOTHING
  let done = 0
  let acknowledged = 0

  /** What the server is still doing for a process that is gone may be committed, and would come between two reads. */
  async function untilGone(application: string): Promise<void> {
    const count = "SELECT count(*)::int AS left FROM pg_stat_activity WHERE application_name = $1"
    while ((await database.admin.query(count, [application])).rows[0].left > 0) await pause(2)
  }

  async function round(number: number, longest = 80): Promise<void> {
    const application = `${schema}_${number}`
    const url = `${database.url}?application_name=${application}`
    const seed = SEED * 1_000_000 + number
    const run = await runWriter(url, { schema }, seed, random.int(0, longest))
    await untilGone(application)
    const after: Contents = await contentsOf(outside)
    expectNothingLost(before, seed, run.acknowledged, after, `round ${number}`)
    before = after
    acknowledged += run.acknowledged.size
    done++
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`loses nothing acknowledged and tears no document, rounds ${from} to ${to - 1}`, {
      timeout: 120_000,
    }, async () => {
      for (let number = from; number < to; number++) await round(number)
      // On a busy machine the first write may take longer than a process has lived so far.
      for (let longest = 300; acknowledged === 0 && longest < 10_000; longest *= 2) await round(to, longest)
      expect(acknowledged, "writes acknowledged before the kills").toBeGreaterThan(0)
      expect((await verifyPostgresStore(outside)).findings).toEqual([])
      if (LONG !== undefined)
        process.stderr.write(`${done} of ${ROUNDS} processes killed, ${acknowledged} writes acknowledged\n`)
    })
  }

  afterAll(() => {
    if (LONG === undefined || done < ROUNDS) return
    writeSoakReport({
      name: "postgres-crash",
      what: "Processes killed at random moments while they wrote to Postgres; nothing acknowledged was lost or torn.",
      figures: { "processes killed": done, "writes acknowledged": acknowledged, "acknowledged writes lost": 0 },
      seed: String(SEED),
      repeat: `HOLDFAST_CRASH_ROUNDS=${ROUNDS} HOLDFAST_SEED=${SEED} npm run soak:crash -w @holdfast/postgres-store`,
      seconds: Math.round((performance.now() - begun) / 1000),
    })
  })
})
