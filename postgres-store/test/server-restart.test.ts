import type { Store } from "@holdfast/store-core"
import { entry, metaRecord, seeded } from "@holdfast/testing"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createPostgresStore, fromClient, fromPool, type PostgresStore, verifyPostgresStore } from "../src/index.js"
import { codeOf, create, pause, texts } from "./support/fixtures.js"
import { OwnDocument, patiently, SharedDocument } from "./support/ledger.js"
import { type OwnServer, startServer } from "./support/server.js"

/** `npm run soak:restart` asks for more. */
const LONG = process.env.HOLDFAST_RESTART_ROUNDS
const ROUNDS = Number(LONG ?? 2)
const ROUNDS_PER_TEST = 5
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)

describe("a server that is shut down at once while stores write (WRITE-2, WRITE-3, WRITE-5)", () => {
  const random = seeded(SEED)
  const begun = performance.now()
  const pools: pg.Pool[] = []
  const stores: PostgresStore[] = []
  /** A new one for each test, because every round reads all of it. */
  let shared = new SharedDocument("shared")
  const own: OwnDocument[] = []
  let server: OwnServer
  let done = 0
  let acknowledged = 0

  beforeAll(async () => {
    // A server of its own; in the long form one that waits for its disk, as servers do.
    server = await startServer(LONG === undefined ? ["-c", "fsync=off"] : [])
    for (const name of ["one", "two"]) {
      const pool = new pg.Pool({ connectionString: server.url, max: 3 })
      const store = await createPostgresStore(fromPool(pool), { createTables: true })
      pools.push(pool)
      stores.push(store)
      own.push(new OwnDocument(name, store))
    }
  })

  afterAll(async () => {
    // Connections are still closing when the server stops.
    for (const pool of pools) pool.on("error", () => {})
    await Promise.all(stores.map(store => store.close()))
    await Promise.all(pools.map(pool => pool.end()))
    await server.stop()
  })

  async function round(): Promise<void> {
    let down = false
    const writers = stores.flatMap((store, i) => [
      keepWriting(() => shared.append(store, random)),
      keepWriting(() => shared.append(store, random)),
      keepWriting(() => own[i]?.write(random) ?? Promise.resolve()),
      keepWriting(() => own[i]?.write(random) ?? Promise.resolve()),
    ])
    async function keepWriting(write: () => Promise<void>): Promise<void> {
      while (!down) {
        await write()
        await pause(random.int(0, 2))
      }
    }
    await pause(random.int(20, 100))
    await server.crash()
    await pause(random.int(0, 30))
    down = true
    await Promise.all(writers)
    expect(await codeOf(stores[0]?.append(shared.id, entry("late")) ?? Promise.resolve())).toBe("STORE_UNAVAILABLE")
    await server.restart()
    await Promise.all([...stores.map(store => shared.check(store)), ...own.map(document => document.check())])
    for (const store of stores) expect((await verifyPostgresStore(store)).findings).toEqual([])
    done++
  }

  for (let from = 0; from < ROUNDS; from += ROUNDS_PER_TEST) {
    const to = Math.min(ROUNDS, from + ROUNDS_PER_TEST)
    it(`loses nothing acknowledged, and the stores work again, rounds ${from} to ${to - 1}`, {
      timeout: 120_000,
    }, async () => {
      shared = new SharedDocument(`shared ${from}`)
      await create(stores[0] as Store, shared.id)
      for (let number = from; number < to; number++) await round()
      expect(shared.acknowledged, "writes acknowledged").toBeGreaterThan(0)
      acknowledged += shared.acknowledged
      await stores[0]?.delete(shared.id)
      if (LONG !== undefined)
        process.stderr.write(`${done} of ${ROUNDS} restarts, ${acknowledged} writes acknowledged\n`)
    })
  }

  it("of commits that do not wait for the disk, only the last may be missing (WRITE-2)", async () => {
    const pool = new pg.Pool({ connectionString: server.url, options: "-c synchronous_commit=off" })
    const store = await createPostgresStore(fromPool(pool))
    await create(store, "off")
    const written = Array.from({ length: 60 }, (_, i) => String(i))
    for (const text of written) await store.append("off", entry(text))
    await server.crash()
    await server.restart()
    const found = await patiently(() => texts(store, "off"))
    expect(found).toEqual(written.slice(0, found.length))
    expect((await verifyPostgresStore(store)).findings).toEqual([])
    await store.append("off", found.length === 0 ? metaRecord() : entry("more"))
    pool.on("error", () => {})
    await pool.end()
  })

  it("ends the connection of a client: its store says so, and another one works (WRITE-4)", async () => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    const store = await createPostgresStore(fromClient(client))
    await create(store, "by a client", "a")
    await server.crash()
    expect(await codeOf(store.append("by a client", entry("b")))).toBe("STORE_UNAVAILABLE")
    expect(await codeOf(store.replace("by a client", [metaRecord()]))).toBe("STORE_UNAVAILABLE")
    await server.restart()
    expect(await codeOf(store.currentMeta("by a client"))).toBe("STORE_UNAVAILABLE")
    await store.close()
    expect(await patiently(() => texts(stores[0] as Store, "by a client"))).toEqual(["a"])
  })

  afterAll(() => {
    if (LONG === undefined || done < ROUNDS) return
    for (const document of own) acknowledged += document.acknowledged
    writeSoakReport({
      name: "postgres-restart",
      what: "A Postgres server shut down at once while stores wrote, and started again; nothing acknowledged was lost, repeated or reordered.",
      figures: { restarts: done, "writes acknowledged": acknowledged, "acknowledged writes lost": 0 },
      seed: String(SEED),
      repeat: `HOLDFAST_RESTART_ROUNDS=${ROUNDS} HOLDFAST_SEED=${SEED} npm run soak:restart -w @holdfast/postgres-store`,
      seconds: Math.round((performance.now() - begun) / 1000),
    })
  })
})
