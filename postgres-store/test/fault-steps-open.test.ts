import { collect, entries, entry, metaRecord, rejects, storeError } from "@holdfast/testing"
import pg from "pg"
import { afterEach, describe, expect, it, vi } from "vitest"
import { createPostgresStore, fromPool, verifyPostgresStore } from "../src/index.js"
import { openPostgresStore } from "../src/open.js"
import { createDatabase } from "./support/database.js"
import { CONNECT, endPool, isLoss, type Mode, Steps, untilNone, watchClient, watchPool } from "./support/fault-steps.js"
import { freshSchema, pause } from "./support/fixtures.js"

const database = await createDatabase()
const MODES: readonly Mode[] = ["refused", "lost", "answer lost"]
const steps = new Steps()

afterEach(() => {
  vi.restoreAllMocks()
})

/** Makes every statement of every client that is made from now on a step. */
function watchEveryClient(): void {
  const { connect } = pg.Client.prototype
  vi.spyOn(pg.Client.prototype, "connect").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    watchClient(this, steps)
    return Reflect.apply(connect, this, args)
  })
}

/** Waits until no connection has the name; the server hears late of one that was broken off. */
async function allEnded(application: string): Promise<boolean> {
  const count = "SELECT count(*)::int AS left FROM pg_stat_activity WHERE application_name = $1"
  for (let attempt = 0; attempt < 200; attempt++) {
    const { rows } = await database.admin.query<{ left: number }>(count, [application])
    if (rows[0]?.left === 0) return true
    await pause(10)
  }
  return false
}

function codesOf(mode: Mode): string[] {
  return isLoss(mode) ? ["STORE_UNAVAILABLE"] : ["STORE_BACKEND"]
}

describe("opening with every call to the driver failing in turn", () => {
  it.each(["new tables", "an existing store"])(
    "%s: opens, or rejects with a code and leaks nothing (OPEN-1)",
    async place => {
      for (const mode of MODES) {
        const struck = await untilNone(async at => {
          const schema = await freshSchema(database)
          const options = { schema, createTables: place === "new tables" }
          if (!options.createTables) {
            const store = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
            await store.append("doc", metaRecord())
          }
          const { pool, clients } = watchPool({ connectionString: database.url, max: 1 }, steps)
          steps.arm(at, mode)
          const [opened] = await Promise.allSettled([createPostgresStore(fromPool(pool), options)])
          steps.disarm()
          if (opened.status === "rejected") {
            const error = storeError(opened.reason)
            expect(codesOf(mode).concat(steps.struck.includes(CONNECT) ? "STORE_UNAVAILABLE" : [])).toContain(
              error.code,
            )
            expect(error.cause).toBeInstanceOf(Error)
          } else await opened.value.close()
          expect([pool.totalCount - pool.idleCount, pool.waitingCount, pool.listenerCount("error")]).toEqual([0, 0, 0])
          for (const client of clients) expect(client.listenerCount("error")).toBe(1)
          const store = await createPostgresStore(fromPool(pool), options)
          await store.append("new", metaRecord())
          expect(await collect(store.listDocIds())).toEqual(options.createTables ? ["new"] : ["doc", "new"])
          expect((await verifyPostgresStore(store)).findings).toEqual([])
          await store.close()
          await endPool(pool)
          return steps.struck.length > 0
        })
        // It opens a connection, finds the tables, and looks at the header; new ones are made and looked at again.
        expect(struck).toBeGreaterThan(3)
      }
    },
  )

  it("openPostgresStore closes the pool it made, whichever call failed (CLOSE-4)", async () => {
    const schema = await freshSchema(database)
    await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const url = `${database.url}?application_name=${schema}`
    watchEveryClient()
    for (const mode of MODES) {
      await untilNone(async at => {
        steps.arm(at, mode)
        const [opened] = await Promise.allSettled([openPostgresStore(url, { schema })])
        steps.disarm()
        if (opened.status === "fulfilled") await opened.value.close()
        else expect(codesOf(mode)).toContain(storeError(opened.reason).code)
        return steps.struck.length > 0
      })
      expect(await allEnded(schema)).toBe(true)
    }
  })

  it("reports what failed, not what failed when the pool was closed for it (ERROR-1)", async () => {
    vi.spyOn(pg.Pool.prototype, "end").mockImplementationOnce(() => Promise.reject(new Error("not now")))
    await rejects(openPostgresStore("postgres://nobody@127.0.0.1:1/none"), "STORE_UNAVAILABLE")
  })
})

describe("closing", () => {
  it("stores what was called before, or rejects it, and ends every connection (CLOSE-1, CLOSE-3, CLOSE-4)", async () => {
    const schema = await freshSchema(database)
    const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    await outside.append("doc", metaRecord())
    let stored = 1
    watchEveryClient()
    for (const mode of MODES) {
      await untilNone(async at => {
        const store = await openPostgresStore(`${database.url}?application_name=${schema}`, { schema })
        steps.arm(at, mode)
        const calls = [store.append("doc", entry(at)), store.currentMeta("doc"), store.close(), store.close()]
        const [appended, , ...closed] = await Promise.allSettled(calls)
        steps.disarm()
        expect(closed.map(one => one.status)).toEqual(["fulfilled", "fulfilled"])
        await rejects(store.append("doc", entry("late")), "STORE_CLOSED")
        const now = (await collect(outside.loadAll("doc"))).length
        if (appended?.status === "fulfilled") expect(now).toBe(stored + 1)
        else expect(now).toBe(stored + (mode === "answer lost" ? 1 : 0))
        stored = now
        return steps.struck.length > 0
      })
      expect(await allEnded(schema)).toBe(true)
    }
  })

  it("that fails can be tried again (CLOSE-3)", async () => {
    const schema = await freshSchema(database)
    const url = `${database.url}?application_name=${schema}`
    const store = await openPostgresStore(url, { schema, createTables: true })
    vi.spyOn(pg.Pool.prototype, "end").mockImplementationOnce(() => Promise.reject(new Error("not now")))
    await rejects(store.close(), "STORE_BACKEND")
    await rejects(store.append("doc", metaRecord()), "STORE_CLOSED")
    await store.close()
    expect(await allEnded(schema)).toBe(true)
  })
})

describe("a replace that has to read ahead for an open load", () => {
  it.each(MODES)("%s: leaves the load whole, or ended by an error (LOAD-3, LOAD-4)", async mode => {
    const schema = await freshSchema(database)
    const outside = await createPostgresStore(fromPool(database.admin), { schema, createTables: true })
    const records = [metaRecord(), ...entries(4_500)]
    const two = metaRecord({ schemaHash: "two" })
    const struck = await untilNone(async at => {
      await outside.replace("doc", records)
      const { pool } = watchPool({ connectionString: database.url, max: 2 }, steps)
      const store = await createPostgresStore(fromPool(pool), { schema })
      const load = store.loadAll("doc")[Symbol.asyncIterator]()
      const first = await load.next()
      steps.arm(at, mode)
      const [replaced] = await Promise.allSettled([store.replace("doc", [two])])
      steps.disarm()
      const [rest] = await Promise.allSettled([collect({ [Symbol.asyncIterator]: () => load })])
      if (rest.status === "fulfilled") expect([first.value, ...rest.value]).toEqual(records)
      else expect(["STORE_LOAD_SUPERSEDED", ...codesOf(mode)]).toContain(storeError(rest.reason).code)
      const found = await collect(outside.loadAll("doc"))
      const unknown = replaced.status === "rejected" && storeError(replaced.reason).outcome === "unknown"
      if (unknown) expect([[two], records]).toContainEqual(found)
      else expect(found).toEqual(replaced.status === "fulfilled" ? [two] : records)
      expect((await verifyPostgresStore(outside)).findings).toEqual([])
      await store.close()
      await endPool(pool)
      return steps.struck.length > 0
    })
    expect(struck).toBeGreaterThan(0)
  })
})
