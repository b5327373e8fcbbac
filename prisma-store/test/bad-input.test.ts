import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { attackStore, attacks, codeOf, collect, within } from "../../store-core/test/support/bad-input/attack.js"
import { finite, isMisuse, type Option, options, settle } from "../../store-core/test/support/bad-input/functions.js"
import { Inputs, PATIENCE } from "../../store-core/test/support/bad-input/runs.js"
import { make, meant } from "../../store-core/test/support/bad-input/shapes.js"
import { count, flag } from "../../store-core/test/support/bad-input/usual-options.js"
import { createPrismaStore, schemaFragment } from "../src/index.js"
import { SqlitePlace } from "./support/sqlite.js"

const inputs = new Inputs("prisma-store", 400)
const place = new SqlitePlace()
await place.create()
const client = place.client()
const store = await createPrismaStore({ client })
afterAll(async () => {
  inputs.report()
  await place.dispose()
})

const text: Option = { good: fc.constant("HoldfastMeta"), accepts: value => typeof value === "string" }
const models: Option = {
  good: fc.constantFrom({}, { meta: "Text", records: "TextRow" }),
  accepts: value => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    for (const name in value) {
      if (name !== "meta" && name !== "records") return false
      const given = (value as Record<string, unknown>)[name]
      if (given !== undefined && typeof given !== "string") return false
    }
    return true
  },
}
const OPTIONS = { readAhead: count, busyTimeout: count, loadGuard: flag, models, schema: text }

describe("bad input to the Prisma store", () => {
  it(
    "ID-2 RECORD-1 RECORD-3 WRITE-2 every method refuses with a code or does it right, and leaves no trace of what it refused",
    async () => {
      await inputs.throwAt(150, attacks(20), async attack => {
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
      const known = { ...OPTIONS, client: { good: fc.constant(client), accepts: (value: unknown) => value === client } }
      await inputs.throwAt(150, options(known), async ({ shape, good }) => {
        inputs.given++
        const made = await within(
          settle(() => createPrismaStore(make(shape, []) as never)),
          "createPrismaStore",
        )
        if ("value" in made) {
          expect(good).toBe(true)
          expect(await made.value.currentMeta("nobody")).toBe(null)
          return
        }
        inputs.refused++
        // Models that the client does not have are found to be wrong in what it is, not in what was asked for.
        if (made.error instanceof TypeError) isMisuse(made.error, "createPrismaStore")
        else expect(codeOf(made.error)).toBe("STORE_FORMAT_UNSUPPORTED")
      })
    },
    PATIENCE,
  )

  it(
    "clients and providers that are none are refused with a TypeError or a StoreError",
    async () => {
      const functions = {
        createPrismaStore: (value: never) => createPrismaStore(value),
        client: (value: never) => createPrismaStore({ client: value }),
        models: (value: never) => createPrismaStore({ client, models: value }),
        schemaFragment: (value: never) => schemaFragment(value),
      }
      const cases = fc.record({
        call: fc.constantFrom(...(Object.keys(functions) as (keyof typeof functions)[])),
        shape: finite,
      })
      await inputs.throwAt(100, cases, async ({ call, shape }) => {
        inputs.given++
        const made = await within(
          settle<unknown>(() => functions[call](make(shape, []) as never)),
          call,
        )
        if ("value" in made) {
          expect(call).toBe("models")
          expect(meant(shape) === undefined || models.accepts(make(shape, []))).toBe(true)
          return
        }
        inputs.refused++
        if (!(made.error instanceof TypeError)) codeOf(made.error)
      })
    },
    PATIENCE,
  )
})
