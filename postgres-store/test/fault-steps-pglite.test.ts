import { PGlite } from "@electric-sql/pglite"
import { entry, metaRecord } from "@holdfast/testing"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createPostgresStore, fromPglite, verifyPostgresStore } from "../src/index.js"
import { BEFORE, type Call, prepare, stateOf, USUAL } from "./support/fault-calls.js"
import { callAll, expectOneOf } from "./support/fault-check.js"
import {
  type Mode,
  reportFaults,
  Steps,
  TRIES_ALL,
  timers,
  timersDown,
  untilNone,
  watchPglite,
} from "./support/fault-steps.js"

const db = await PGlite.create()
afterAll(() => db.close())
/** For the tests themselves: no fault strikes it. */
const outside = await createPostgresStore(fromPglite(db), { createTables: true })
const steps = new Steps()
/** What is called behind a write of unknown outcome is not tried, and says so. */
const SETTING = { codes: ["STORE_BACKEND", "STORE_UNAVAILABLE"], readsAgain: () => false }

let timersBefore = 0
beforeAll(() => {
  timersBefore = timers()
})
afterEach(async () => {
  expect((await verifyPostgresStore(outside)).findings).toEqual([])
})
afterAll(() => reportFaults("pglite-faults", "PGlite"))

async function checkDatabase(calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
  const what = `${mode} at call ${at}`
  const store = await createPostgresStore(fromPglite(watchPglite(db, steps)))
  await prepare(outside, store)
  steps.arm(at, mode)
  const possible = await callAll(store, calls, { mode, what, ...SETTING })
  steps.disarm()
  if (mode === "serialization") expect(possible).toHaveLength(1)
  expectOneOf(possible, await stateOf(outside), what)
  if (TRIES_ALL) expect((await verifyPostgresStore(outside)).findings, what).toEqual([])
  expectOneOf(possible, await stateOf(store), what)
  await Promise.all([store.replace("doc", [metaRecord()]), store.append("kept", entry("more"))])
  await store.append("doc", entry("again"))
  expect((await stateOf(store)).get("doc"), what).toEqual(["meta schema-1", "again"])
  await store.close()
  return steps.struck.length > 0
}

class RolledBack extends Error {}

async function checkTransaction(calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
  const what = `${mode} at call ${at}`
  const transaction = db.transaction(async tx => {
    await tx.exec("SET LOCAL host.wrote = 'this'")
    const store = await createPostgresStore(fromPglite(watchPglite(tx, steps)))
    steps.arm(at, mode)
    const codes = [...SETTING.codes, "STORE_IN_TRANSACTION"]
    const possible = await callAll(store, calls, { mode, what, ...SETTING, codes })
    steps.disarm()
    const usable = await tx.query("SHOW host.wrote").then(
      () => true,
      () => false,
    )
    // It has failed where the savepoint was not made, could not be returned to, or was gone when it was to be.
    const last = steps.struck.at(-1) ?? ""
    const mayFail = /^(SAVEPOINT|ROLLBACK|RELEASE)/.test(last)
    if (!usable) expect(mayFail, `${what}: ${last}`).toBe(true)
    else expectOneOf(possible, await stateOf(store), what)
    throw new RolledBack()
  })
  await expect(transaction, what).rejects.toThrow(RolledBack)
  expectOneOf([BEFORE], await stateOf(outside), what)
  return steps.struck.length > 0
}

describe("on PGlite, with every call to it failing in turn", () => {
  it.each(USUAL)(
    "%s is done or not, and nothing else is hurt (WRITE-2, WRITE-3, WRITE-4, ORDER-4)",
    async (_, calls) => {
      for (const mode of ["refused", "answer lost"] as const) {
        expect(await untilNone(at => checkDatabase(calls, at, mode))).toBeGreaterThan(0)
      }
    },
  )

  it.each(USUAL)("%s, also when two calls fail, or one before it did anything", async (_, calls) => {
    for (const mode of ["refused twice", "lost"] as const) {
      expect(await untilNone(at => checkDatabase(calls, at, mode))).toBeGreaterThan(0)
    }
  })

  it.each(USUAL)("%s: a serialization failure at any call is tried again, and nobody notices", async (_, calls) => {
    await untilNone(at => checkDatabase(calls, at, "serialization"))
  })
})

describe("in PGlite's transaction, with every call to it failing in turn", () => {
  it.each(USUAL)("%s is done or not, and the host's transaction goes on (WRITE-2, WRITE-4)", async (_, calls) => {
    await prepare(outside)
    for (const mode of ["refused", "refused twice", "lost", "answer lost"] as const) {
      expect(await untilNone(at => checkTransaction(calls, at, mode))).toBeGreaterThan(0)
    }
  })
})

it("leaves no timer behind (CLOSE-4)", async () => {
  expect(await timersDown(timersBefore)).toBe(true)
})
