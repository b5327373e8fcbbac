import type { Store } from "@holdfast/store-core"
import { seeded } from "@holdfast/testing"
import type pg from "pg"
import { afterAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createPostgresStore, fromPool, type PostgresStore, verifyPostgresStore } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { create, freshSchema, pause } from "./support/fixtures.js"
import { OwnDocument, SharedDocument } from "./support/ledger.js"

/** `npm run soak:connections` asks for more. */
const LONG = process.env.HOLDFAST_KILL_ROUNDS
const ROUNDS = Number(LONG ?? 20)
const ROUNDS_PER_TEST = 20
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)

const database = await createDatabase()

describe("connections killed at random points while stores write (WRITE-2, WRITE-3, WRITE-5, SHARE-2)", async () => {
  const schema = await freshSchema(database)
  const random = seeded(SEED)
  const begun = performance.now()
  const clients = new Set<pg.PoolClient>()
  const stores: PostgresStore[] = []
  for (let i = 0; i < 2; i++) {
    const pool = database.pool({ application_name: schema, max: 3 })
    pool.on("connect", client => clients.add(client))
    pool.on("remove", client => clients.delete(client))
    stores.push(await createPostgresStore(fromPool(pool), { schema, createTables: true }))
  }
  /** New ones for each test, because every round reads all of them. */
  let shared: SharedDocument[] = []
  const own = stores.map((store, i) => new OwnDocument(`own ${i}`, store))
  let done = 0
  let acknowledged = 0
  let killed = 0

  /** The server ends its process, or the connection breaks on this side; one of them or all. Returns the processes. */
  async function kill(): Promise<number[]> {
    const count = random.int(0, 1) === 0 ? 100 : 1
    if (random.int(0, 1) === 0) {
      const sql = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 LIMIT $2"
      return (await database.admin.query<{ pid: number }>(sql, [schema, count])).rows.map(({ pid }) => pid)
    }
    return [...clients].slice(0, count).map(client => {
      const { connection, processID } = client as unknown as { connection: pg.Connection; processID: number }
      connection.stream.destroy()
      return processID
    })
  }

  /** What the server still does for a connection that broke on this side would come between two reads. */
  async function untilGone(pids: readonly number[]): Promise<void> {
    const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = ANY ($1)"
    while ((await database.admin.query(sql, [pids])).rows[0].n > 0) await pause(1)
    killed += pids.length
  }

  async function round(): Promise<void> {
    const writes = Array.from({ length: 6 }, (_, i) => {
      const store = stores[i % 2] as Store
      const writes = shared.map(document => document.append(store, random))
      return Promise.all([...writes, own[i % 2]?.write(random)])
    })
    await pause(random.int(0, 6))
    const pids = await kill()
    await Promise.all(writes)
    await untilGone(pids)
    await Promise.all([
      ...stores.flatMap(store => shared.map(document => document.check(store))),
      ...own.map(document => document.check()),
    ])
    done++
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`lose, repeat and reorder nothing, and the process lives, rounds ${from} to ${to - 1}`, {
      timeout: 120_000,
    }, async () => {
      shared = [`one ${from}`, `two ${from}`].map(id => new SharedDocument(id))
      for (const { id } of shared) await create(stores[0] as Store, id)
      for (let number = from; number < to; number++) await round()
      for (const document of shared) {
        acknowledged += document.acknowledged
        await stores[0]?.delete(document.id)
      }
      expect(killed).toBeGreaterThan(0)
      expect((await verifyPostgresStore(stores[0] as PostgresStore)).findings).toEqual([])
      if (LONG !== undefined) process.stderr.write(`${done} of ${ROUNDS} rounds, ${killed} connections killed\n`)
    })
  }

  afterAll(() => {
    if (LONG === undefined || done < ROUNDS) return
    for (const document of own) acknowledged += document.acknowledged
    writeSoakReport({
      name: "postgres-connections",
      what: "Connections to Postgres killed at random points, by the server or on this side, while two stores wrote; nothing acknowledged was lost, repeated or reordered.",
      figures: {
        rounds: done,
        "connections killed": killed,
        "writes acknowledged": acknowledged,
        "acknowledged writes lost": 0,
      },
      seed: String(SEED),
      repeat: `HOLDFAST_KILL_ROUNDS=${ROUNDS} HOLDFAST_SEED=${SEED} npm run soak:connections -w @holdfast/postgres-store`,
      seconds: Math.round((performance.now() - begun) / 1000),
    })
  })
})
