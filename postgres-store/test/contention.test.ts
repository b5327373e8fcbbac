import type { Store } from "@holdfast/store-core"
import { entry, metaRecord, seeded } from "@holdfast/testing"
import { afterAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createPostgresStore, fromClient, fromPool, type PostgresStore, verifyPostgresStore } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { create, freshSchema, pause, texts } from "./support/fixtures.js"
import { type Fate, fateOf, freshText, OwnDocument, patiently, SharedDocument, short } from "./support/ledger.js"
import { findPgBouncer, startPgBouncer } from "./support/pgbouncer.js"

/** `npm run soak:contention` asks for minutes. */
const LONG = process.env.HOLDFAST_CONTENTION_MINUTES
const MINUTES = Number(LONG ?? 0.05)
/** How long they write before it is looked at what is there, in milliseconds. */
const ROUND = 3_000
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)

const database = await createDatabase()
const bouncerBinary = findPgBouncer()
const bouncer = bouncerBinary === null ? null : await startPgBouncer(bouncerBinary, database.url)
if (bouncer !== null) afterAll(() => bouncer.stop())

describe("stores of every kind on the same documents (SHARE-1, SHARE-2, WRITE-1, WRITE-3, ORDER-1)", async () => {
  const schema = await freshSchema(database)
  const random = seeded(SEED)
  const client = await database.client()
  const under = (isolation: string) =>
    database.pool({ max: 2, options: `-c default_transaction_isolation=${isolation}` })
  const adapters = [
    fromPool(database.pool({ max: 3 })),
    fromPool(under("serializable")),
    fromPool(under("repeatable\\ read"), { preparedStatements: true }),
    fromClient(client),
    ...(bouncer === null ? [] : [fromPool(database.pool({ max: 3, connectionString: bouncer.url }))]),
  ]
  const stores: PostgresStore[] = []
  for (const adapter of adapters) stores.push(await createPostgresStore(adapter, { schema, createTables: true }))
  const [first] = stores as [PostgresStore]
  /** New ones for each round, because every check reads all of them. */
  let shared: SharedDocument[] = []
  const own = stores.map((store, i) => new OwnDocument(`own ${i}`, store))
  let rewritten = new Map<string, Fate>()
  let acknowledged = 0
  const events: Record<string, number> = {}

  async function rewrite(store: Store): Promise<void> {
    const text = freshText(random)
    rewritten.set(short(text), "pending")
    const call =
      random.int(0, 3) > 0
        ? store.append("rewritten", entry(text))
        : store.replace("rewritten", [metaRecord(), entry(text)])
    rewritten.set(short(text), await fateOf(call))
  }

  async function use(store: Store, i: number, end: number): Promise<void> {
    while (performance.now() < end) {
      const writes = shared.map(document => document.append(store, random))
      await Promise.all([...writes, own[i]?.write(random), rewrite(store), rewrite(store)])
      if (random.int(0, 3) === 0) await pause(random.int(0, 5))
    }
  }

  const disturbances: Readonly<Record<string, () => Promise<unknown>>> = {
    "tables rewritten by VACUUM FULL": () =>
      database.admin.query(`VACUUM FULL ${schema}.${random.int(0, 1) === 0 ? "holdfast_meta" : "holdfast_records"}`),
    "connections killed": () => {
      const { processID: spared } = client as unknown as { processID: number }
      const others = "datname = current_database() AND pid NOT IN (pg_backend_pid(), $1)"
      return database.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others} ORDER BY random() LIMIT 1`,
        [spared],
      )
    },
    "tables locked": () => inHostTransaction(`LOCK TABLE ${schema}.holdfast_records IN ACCESS EXCLUSIVE MODE`),
    "documents locked": () => inHostTransaction(`SELECT FROM ${schema}.holdfast_meta WHERE doc_id = 'hot' FOR UPDATE`),
    "transactions of the host rolled back": () => inHostTransaction("SELECT 1", true),
  }

  /** Rolled back in the end; what a store inside it wrote is nowhere to be found. */
  async function inHostTransaction(statement: string, writes = false): Promise<void> {
    const host = await database.client()
    try {
      await host.query(`BEGIN ISOLATION LEVEL ${random.int(0, 1) === 0 ? "READ COMMITTED" : "SERIALIZABLE"}`)
      await host.query(statement)
      if (writes) {
        const store = await createPostgresStore(fromClient(host), { schema, busyTimeout: 100 })
        const appends = ["hot", "rewritten"].map(id => store.append(id, entry(`rolled back ${freshText(random)}`)))
        await Promise.allSettled(appends)
      }
      await pause(random.int(0, 20))
      await host.query("ROLLBACK")
    } finally {
      await host.end().catch(() => {})
    }
  }

  async function disturb(end: number): Promise<void> {
    const names = Object.keys(disturbances)
    while (performance.now() < end) {
      const name = names[random.int(0, names.length - 1)] as string
      // The connection it uses may be the one that is killed.
      const done = await disturbances[name]?.().then(
        () => 1,
        () => 0,
      )
      events[name] = (events[name] ?? 0) + (done ?? 0)
      await pause(random.int(0, 30))
    }
  }

  async function round(end: number): Promise<void> {
    shared = ["hot", "warm"].map(id => new SharedDocument(id))
    rewritten = new Map()
    for (const { id } of shared) await create(first, id)
    await create(first, "rewritten")
    await Promise.all([...stores.map((store, i) => use(store, i, end)), disturb(end), disturb(end)])
    // A process that was told to end may still be ending.
    await pause(300)
    for (const store of stores) for (const document of shared) await document.check(store)
    for (const document of own) await document.check()
    for (const store of stores) {
      const found = (await patiently(() => texts(store, "rewritten"))).map(short)
      expect(new Set(found).size, "nothing twice").toBe(found.length)
      expect(found.filter(text => (rewritten.get(text) ?? "none") === "none")).toEqual([])
    }
    for (const { acknowledged: stored } of shared) acknowledged += stored
    acknowledged += [...rewritten.values()].filter(fate => fate === "stored").length
    for (const id of ["hot", "warm", "rewritten"]) await patiently(() => first.delete(id))
  }

  it("lose, repeat and reorder nothing, whatever else happens to the tables", {
    timeout: 60_000 + MINUTES * 90_000,
  }, async () => {
    const end = performance.now() + MINUTES * 60_000
    do await round(Math.min(end, performance.now() + ROUND))
    while (performance.now() < end)
    expect((await patiently(() => verifyPostgresStore(first))).findings).toEqual([])
    for (const name of Object.keys(disturbances)) expect(events[name], name).toBeGreaterThan(0)
    if (LONG === undefined) return
    for (const document of own) acknowledged += document.acknowledged
    writeSoakReport({
      name: "postgres-contention",
      what: `${stores.length} stores of every kind on the same documents in Postgres, while tables were rewritten and locked, connections killed and transactions rolled back; nothing acknowledged was lost, repeated or reordered.`,
      figures: {
        minutes: MINUTES,
        "writes acknowledged": acknowledged,
        ...events,
        "acknowledged writes lost": 0,
      },
      seed: String(SEED),
      repeat: `HOLDFAST_CONTENTION_MINUTES=${MINUTES} HOLDFAST_SEED=${SEED} npm run soak:contention -w @holdfast/postgres-store`,
      seconds: Math.round(MINUTES * 60),
    })
  })
})
