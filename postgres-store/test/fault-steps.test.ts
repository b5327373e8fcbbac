import { entry, metaRecord } from "@holdfast/testing"
import pg from "pg"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createPostgresStore, fromClient, fromPool, type PostgresStore, verifyPostgresStore } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { BEFORE, type Call, OPERATIONS, prepare, stateOf, USUAL } from "./support/fault-calls.js"
import { callAll, expectOneOf } from "./support/fault-check.js"
import {
  CONNECT,
  endPool,
  isLoss,
  type Mode,
  reportFaults,
  Steps,
  TRIES_ALL,
  timers,
  timersDown,
  untilNone,
  watchClient,
  watchPool,
} from "./support/fault-steps.js"
import { codeOf, freshSchema, pause } from "./support/fixtures.js"

const database = await createDatabase()
const schema = await freshSchema(database)
/** For the tests themselves: no fault strikes it. */
const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
let timersBefore = 0
beforeAll(() => {
  timersBefore = timers()
})
afterEach(async () => {
  expect((await verifyPostgresStore(outside)).findings).toEqual([])
})
afterAll(() => reportFaults("postgres-faults", "pg"))

/** Of a client: what is lost to it is lost as to a pool. */
const modes: readonly Mode[] = TRIES_ALL
  ? ["refused", "refused twice", "lost", "answer lost"]
  : ["refused twice", "answer lost"]
const everything = Object.entries(OPERATIONS)

/** What is stored is one of the states, every row is right, and the store goes on. */
async function checkStored(store: PostgresStore, possible: Parameters<typeof expectOneOf>[0], what: string) {
  expectOneOf(possible, await stateOf(outside), what)
  if (TRIES_ALL) expect((await verifyPostgresStore(outside)).findings, what).toEqual([])
  // The first loads also lift the guard from what could not be read.
  expectOneOf(possible, await stateOf(store), what)
  await Promise.all([store.replace("doc", [metaRecord()]), store.append("kept", entry("more"))])
  await store.append("doc", entry("again"))
  expect((await stateOf(store)).get("doc"), what).toEqual(["meta schema-1", "again"])
}

const codesOf = (mode: Mode) => [isLoss(mode) ? "STORE_UNAVAILABLE" : "STORE_BACKEND"]

describe("on a pool, with every call to the driver failing in turn", () => {
  const steps = new Steps()

  /** Every client is back in the pool, or closed; none has a listener of the store's. */
  async function expectNoLeak(pool: pg.Pool, clients: pg.PoolClient[], what: string): Promise<void> {
    while (pool.totalCount > pool.idleCount) await pause(0)
    expect(pool.waitingCount, what).toBe(0)
    for (const client of clients) {
      // The pool's own, which hears of idle connections that are lost.
      expect(client.listenerCount("error"), what).toBe(1)
    }
  }

  async function checkPool(config: pg.PoolConfig, calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
    const what = `${mode} at call ${at}`
    const { pool, clients } = watchPool({ connectionString: database.url, ...config }, steps)
    try {
      const store = await createPostgresStore(fromPool(pool), { schema })
      await prepare(outside, store)
      // By then the pool has its client back.
      await pause(0)
      steps.arm(at, mode)
      const possible = await callAll(store, calls, {
        mode,
        codes: codesOf(mode),
        readsAgain: () => !steps.struck.includes(CONNECT),
        what,
      })
      steps.disarm()
      if (mode === "serialization" && !steps.struck.includes(CONNECT)) expect(possible).toHaveLength(1)
      await expectNoLeak(pool, clients, what)
      await checkStored(store, possible, what)
      await expectNoLeak(pool, clients, what)
      await store.close()
      expect(pool.listenerCount("error"), what).toBe(0)
    } finally {
      await endPool(pool)
    }
    return steps.struck.length > 0
  }

  describe.each(["refused", "answer lost"] as const)("%s", mode => {
    it.each(everything)(
      "%s is done or not, and nothing else is hurt (WRITE-2, WRITE-3, WRITE-4, ORDER-4)",
      async (_, calls) => {
        expect(await untilNone(at => checkPool({ max: 1 }, calls, at, mode))).toBeGreaterThan(0)
      },
    )
  })

  it.each(USUAL)("%s, refused twice or lost before the server has it, is done or not", async (_, calls) => {
    for (const mode of ["refused twice", "lost"] as const) {
      expect(await untilNone(at => checkPool({ max: 1 }, calls, at, mode))).toBeGreaterThan(0)
    }
  })

  it.each(USUAL)("%s: a serialization failure at any call is tried again, and nobody notices", async (_, calls) => {
    await untilNone(at => checkPool({ max: 1 }, calls, at, "serialization"))
  })

  it.each(["lost", "answer lost"] as const)(
    "%s, or not to be had: connections that are opened for each call",
    async mode => {
      for (const name of ["an append", "a group over neighbours", "a load beside an append"]) {
        // The first calls open the store, and are not of the operation.
        const struck = await untilNone(at => checkPool({ max: 1, maxUses: 1 }, OPERATIONS[name] ?? [], at, mode))
        expect(struck).toBeGreaterThan(1)
      }
    },
  )

  it("a listener that throws when a client is given back changes no outcome (WRITE-1)", async () => {
    await prepare(outside)
    // It keeps the client, so it cannot be ended.
    const pool = new pg.Pool({ connectionString: database.url })
    const store = await createPostgresStore(fromPool(pool), { schema })
    pool.once("release", () => {
      throw new Error("the listener is broken")
    })
    await store.append("doc", entry("c"))
    expect((await stateOf(outside)).get("doc")).toEqual([...(BEFORE.get("doc") ?? []), "c"])
  })
})

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  return client
}

describe("on a client, with every call to the driver failing in turn", () => {
  const steps = new Steps()

  async function checkClient(calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
    const what = `${mode} at call ${at}`
    const client = await connect()
    const store = await createPostgresStore(fromClient(watchClient(client, steps)), { schema })
    await prepare(outside, store)
    steps.arm(at, mode)
    const possible = await callAll(store, calls, { mode, codes: codesOf(mode), readsAgain: () => false, what })
    steps.disarm()
    if (steps.struck.length > 0 && isLoss(mode)) {
      expectOneOf(possible, await stateOf(outside), what)
      if (TRIES_ALL) expect((await verifyPostgresStore(outside)).findings, what).toEqual([])
      expect(await codeOf(store.currentMeta("doc")), what).toBe("STORE_UNAVAILABLE")
      expect(await codeOf(store.delete("doc")), what).toBe("STORE_UNAVAILABLE")
    } else await checkStored(store, possible, what)
    const listeners = client.listenerCount("error")
    await store.close()
    expect(client.listenerCount("error"), what).toBe(listeners - 1)
    await client.end()
    return steps.struck.length > 0
  }

  it.each(USUAL)(
    "%s is done or not, and nothing else is hurt (WRITE-2, WRITE-3, WRITE-4, ORDER-4)",
    async (_, calls) => {
      for (const mode of modes) {
        expect(await untilNone(at => checkClient(calls, at, mode))).toBeGreaterThan(0)
      }
    },
  )
})

/** How many connections of others are inside a transaction. */
async function inTransaction(): Promise<number> {
  const open =
    "SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
  return (await database.admin.query(open)).rows[0].open
}

describe("on a client inside the host's transaction, with every call to the driver failing in turn", () => {
  const steps = new Steps()

  async function checkTransaction(calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
    const what = `${mode} at call ${at}`
    const client = await connect()
    await client.query("BEGIN; SET LOCAL host.wrote = 'this'")
    const store = await createPostgresStore(fromClient(watchClient(client, steps)), { schema })
    steps.arm(at, mode)
    const errors: unknown[] = []
    const possible = await callAll(store, calls, {
      mode,
      codes: [...codesOf(mode), "STORE_IN_TRANSACTION"],
      readsAgain: () => false,
      what,
      errors,
    })
    steps.disarm()
    // Undoing to the savepoint failed too, or it was never made: then the host's transaction has failed.
    const isGone = steps.struck.some(text => text.startsWith("SAVEPOINT") || text.startsWith("ROLLBACK"))
    if (steps.struck[1]?.startsWith("ROLLBACK") || (steps.struck[0]?.startsWith("SAVEPOINT") && !isLoss(mode))) {
      expect(errors[0], what).toMatchObject({ code: "STORE_BACKEND", cause: { message: "the disk is on fire, 1" } })
    }
    if (steps.struck.length > 0 && (isLoss(mode) || isGone)) {
      const code = await codeOf(store.currentMeta("doc"))
      expect(code, what).toBe(isLoss(mode) ? "STORE_UNAVAILABLE" : "STORE_IN_TRANSACTION")
    } else {
      expect(client.getTransactionStatus(), what).toBe("T")
      expectOneOf(possible, await stateOf(store), what)
      expect((await client.query("SHOW host.wrote")).rows, what).toEqual([{ "host.wrote": "this" }])
    }
    if (steps.struck.length === 0 || !isLoss(mode)) await client.query("ROLLBACK")
    await client.end()
    // The server notices a lost connection only later; until then it keeps the locks of its transaction.
    while ((await inTransaction()) > 0) await pause(5)
    expectOneOf([BEFORE], await stateOf(outside), what)
    return steps.struck.length > 0
  }

  it.each(USUAL)(
    "%s is done or not, and the host's transaction goes on (WRITE-2, WRITE-4, ORDER-4)",
    async (_, calls) => {
      await prepare(outside)
      for (const mode of modes) {
        expect(await untilNone(at => checkTransaction(calls, at, mode))).toBeGreaterThan(0)
      }
    },
  )
})

it("leaves no timer and no connection inside a transaction (CLOSE-4)", async () => {
  expect(await inTransaction()).toBe(0)
  // An idle connection of the test's has one.
  expect(await timersDown(timersBefore + database.admin.idleCount)).toBe(true)
})
