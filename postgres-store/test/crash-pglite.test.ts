import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { seeded } from "@holdfast/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createPostgresStore, fromPglite, verifyPostgresStore } from "../src/index.js"
import { contentsOf } from "./child/random-writes.mjs"
import { type Contents, expectNothingLost, NOTHING, runWriter } from "./support/killed-writer.js"

/** `npm run soak:pglite` asks for more, in the same directory. */
const LONG = process.env.HOLDFAST_PGLITE_ROUNDS
const ROUNDS = Number(LONG ?? 3)
const ROUNDS_PER_TEST = 5
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)

describe("a process with PGlite on a directory, killed at any moment (WRITE-2, WRITE-5)", () => {
  const random = seeded(SEED)
  const begun = performance.now()
  let directory: string
  let before: Contents = NOTHING
  /** The round whose outcome the next process will find. */
  let last: { readonly seed: number; readonly acknowledged: ReadonlySet<number> } | null = null
  let done = 0
  let acknowledged = 0

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "postgres-store-pglite-"))
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  function check(found: Contents, what: string): void {
    if (last === null) expect(found).toEqual(NOTHING)
    else expectNothingLost(before, last.seed, last.acknowledged, found, what)
    before = found
  }

  async function round(number: number, longest = 150): Promise<void> {
    // On a directory, PGlite's option to acknowledge before it has synced changes nothing: it never syncs there.
    const options = { relaxedDurability: number % 2 === 1 }
    const seed = SEED * 1_000_000 + number
    const run = await runWriter(join(directory, "db"), options, seed, random.int(0, longest))
    check(JSON.parse(run.first) as Contents, `opened in round ${number}`)
    last = { seed, acknowledged: run.acknowledged }
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
      if (LONG !== undefined)
        process.stderr.write(`${done} of ${ROUNDS} processes killed, ${acknowledged} writes acknowledged\n`)
    })
  }

  it("is whole at the end, and works", async () => {
    const db = await PGlite.create(join(directory, "db"))
    const store = await createPostgresStore(fromPglite(db))
    check(await contentsOf(store), "at the end")
    expect((await verifyPostgresStore(store)).findings).toEqual([])
    await db.close()
    if (LONG === undefined || done < ROUNDS) return
    writeSoakReport({
      name: "pglite-crash",
      what: "Processes killed at random moments while they wrote to PGlite on a directory; nothing acknowledged was lost or torn.",
      figures: { "processes killed": done, "writes acknowledged": acknowledged, "acknowledged writes lost": 0 },
      seed: String(SEED),
      repeat: `HOLDFAST_PGLITE_ROUNDS=${ROUNDS} HOLDFAST_SEED=${SEED} npm run soak:pglite -w @holdfast/postgres-store`,
      seconds: Math.round((performance.now() - begun) / 1000),
    })
  })
})
