import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { afterAll, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { findGrowth, describe as inWords, sample } from "../../sqlite-store/test/child/load-samples.mjs"
import { User } from "../../sqlite-store/test/child/load-users.mjs"
import { createPostgresStore, fromPool, verifyPostgresStore } from "../src/index.js"
import { createDatabase } from "./support/database.js"

/** `npm run soak:load` asks for minutes; in the normal run it is a moment. */
const LONG = process.env.HOLDFAST_LOAD_MINUTES
const MINUTES = Number(LONG ?? 0.01)
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)
const USERS = LONG === undefined ? 10 : 50
const SAMPLES = LONG === undefined ? 4 : 60
/** Milliseconds between two calls of a user, at most. */
const PAUSE = 40
const CONNECTIONS = 4

const database = await createDatabase()

it(
  "ORDER-1 WRITE-1 under load everything is where it belongs, and nothing grows that should not",
  async () => {
    const store = await createPostgresStore(fromPool(database.pool({ max: CONNECTIONS })), { createTables: true })
    const users = Array.from({ length: USERS }, (_, i) => new User(i, SEED * 1000 + i))
    await Promise.all(users.map(user => user.begin(store)))
    const end = performance.now() + MINUTES * 60_000
    const working = Promise.all(users.map(user => user.work(store, () => performance.now() >= end, PAUSE)))
    const samples = []
    for (let i = 1; i <= SAMPLES; i++) {
      await Promise.race([working, sleep((MINUTES * 60_000) / SAMPLES)])
      // What was replaced can be used again from here on, so that the tables stop growing; by itself it happens later.
      await database.admin.query("VACUUM holdfast_records, holdfast_meta")
      samples.push({ ...sampleHere(), file: await sizeOfTables() })
      if (LONG !== undefined && i % 15 === 0) console.error(`postgres-load: ${Math.round((i / SAMPLES) * 100)} %`)
    }
    await working
    await Promise.all(users.map(user => user.verify(store)))
    const { documents, findings } = await verifyPostgresStore(store)
    expect(findings).toEqual([])
    expect(documents).toBe(users.reduce((sum, user) => sum + user.expected.size, 0))
    expect(await connections()).toBeLessThanOrEqual(CONNECTIONS + 1)
    await store.close()
    if (LONG === undefined) return
    expect(findGrowth(samples)).toEqual([])
    const { "MiB of log at most": _, ...words } = inWords(samples)
    const calls = users.reduce((sum, user) => sum + user.calls, 0)
    const compared = users.reduce((sum, user) => sum + user.loaded, 0)
    figures = { minutes: MINUTES, calls, documents, "records compared": compared, ...words }
  },
  60_000 + MINUTES * 120_000,
)

let figures: Record<string, number | string> | null = null

afterAll(() => {
  if (figures === null) return
  writeSoakReport({
    name: "postgres-load",
    what: "Users that append, compact, load, list and delete without end on Postgres; memory, tables, connections and handles have to stay flat, and every record is compared.",
    figures,
    seed: String(SEED),
    repeat: `HOLDFAST_LOAD_MINUTES=${MINUTES} HOLDFAST_SEED=${SEED} npm run soak:load -w @holdfast/postgres-store`,
    seconds: Math.round(performance.now() / 1000),
  })
})

/** The test runner starts no process with a collector of garbage that can be called. */
function sampleHere() {
  setFlagsFromString("--expose-gc")
  Object.assign(globalThis, { gc: runInNewContext("gc") })
  return sample("")
}

async function sizeOfTables(): Promise<number> {
  const sql = "SELECT pg_total_relation_size('holdfast_records') + pg_total_relation_size('holdfast_meta') AS size"
  return Number((await database.admin.query(sql)).rows[0].size)
}

async function connections(): Promise<number> {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1"
  return (await database.admin.query(sql, [database.name])).rows[0].n
}
