import { PGlite } from "@electric-sql/pglite"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { attackStore, attacks, codeOf, collect, within } from "../../store-core/test/support/bad-input/attack.js"
import { finite, isMisuse, type Option, options, settle } from "../../store-core/test/support/bad-input/functions.js"
import { Inputs, PATIENCE } from "../../store-core/test/support/bad-input/runs.js"
import { make } from "../../store-core/test/support/bad-input/shapes.js"
import { count, flag, tables } from "../../store-core/test/support/bad-input/usual-options.js"
import {
  createPostgresStore,
  createTablesSql,
  fromClient,
  fromPglite,
  fromPool,
  PostgresStore,
  verifyPostgresStore,
} from "../src/index.js"
import { openPostgresStore } from "../src/open.js"

const inputs = new Inputs("postgres-store", 600)
const db = await PGlite.create()
const store = await createPostgresStore(fromPglite(db), { createTables: true })
afterAll(async () => {
  inputs.report()
  await db.close()
})

const schema: Option = {
  good: fc.constantFrom("public", "s"),
  accepts: value => typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(value),
}
const TABLES = { tables, schema }
const STORE = { readAhead: count, busyTimeout: count, loadGuard: flag, createTables: flag, ...TABLES }

describe("bad input to the Postgres store", () => {
  it(
    "ID-2 RECORD-1 RECORD-3 WRITE-2 every method refuses with a code or does it right, and leaves no trace of what it refused",
    async () => {
      await inputs.throwAt(200, attacks(20), async attack => {
        for (const id of await collect(store.listDocIds())) await store.delete(id)
        inputs.given += attack.calls.length
        inputs.refused += await attackStore(store, attack)
      })
    },
    PATIENCE,
  )

  it(
    "OPEN-3 options are refused with a TypeError of ours or accepted",
    async () => {
      const one = <Name extends string>(maker: Name, known: Readonly<Record<string, Option>>) =>
        fc.record({ maker: fc.constant(maker), given: options(known) })
      const cases = fc.oneof(
        one("createPostgresStore", STORE),
        one("openPostgresStore", {
          ...STORE,
          preparedStatements: flag,
          maxConnections: { ...count, accepts: isPositive },
        }),
        one("createTablesSql", TABLES),
        one("fromClient", { preparedStatements: flag }),
        one("fromPool", { preparedStatements: flag }),
      )
      await inputs.throwAt(250, cases, async ({ maker, given: { shape, good } }) => {
        inputs.given++
        const given = make(shape, []) as object
        const makers: Record<typeof maker, () => unknown> = {
          createPostgresStore: () => createPostgresStore(fromPglite(db), given),
          openPostgresStore: () => openPostgresStore("postgres://127.0.0.1:1/nobody", given),
          createTablesSql: () => createTablesSql(given),
          fromClient: () => fromClient(CLIENT, given),
          fromPool: () => fromPool(POOL, given),
        }
        const made = await within(settle(makers[maker]), maker)
        if ("value" in made) {
          expect(good).toBe(true)
          if (made.value instanceof PostgresStore) await made.value.close()
        } else {
          inputs.refused++
          if (good)
            expect(["STORE_FORMAT_UNSUPPORTED", "STORE_UNAVAILABLE", "STORE_BACKEND"]).toContain(codeOf(made.error))
          else isMisuse(made.error, maker, "tables", "schema")
        }
      })
    },
    PATIENCE,
  )

  it(
    "databases, adapters, stores and addresses that are none are refused with a TypeError or a StoreError",
    async () => {
      const functions = {
        createPostgresStore: (value: never) => createPostgresStore(value),
        fromPool: (value: never) => createPostgresStore(fromPool(value)),
        fromClient: (value: never) => createPostgresStore(fromClient(value)),
        fromPglite: (value: never) => createPostgresStore(fromPglite(value)),
        openPostgresStore: (value: never) => openPostgresStore(value),
        verifyPostgresStore: (value: never) => verifyPostgresStore(value),
      }
      const cases = fc.record({
        call: fc.constantFrom(...(Object.keys(functions) as (keyof typeof functions)[])),
        shape: finite,
      })
      await inputs.throwAt(150, cases, async ({ call, shape }) => {
        inputs.given++
        inputs.refused++
        const made = await within(
          settle<unknown>(() => functions[call](make(shape, []) as never)),
          call,
        )
        if ("value" in made) throw new Error(`${call} took it`)
        if (!(made.error instanceof TypeError)) codeOf(made.error)
      })
    },
    PATIENCE,
  )
})

const CLIENT = {
  query: () => Promise.reject(new Error("not connected")),
  on: () => {},
  off: () => {},
  getTransactionStatus: () => "I",
}
const POOL = { connect: () => Promise.reject(new Error("not connected")), on: () => {}, off: () => {} }

function isPositive(value: unknown): boolean {
  return count.accepts(value) && value !== 0
}
