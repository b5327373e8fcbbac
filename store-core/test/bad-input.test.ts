import {
  checkDocId,
  checkPrefix,
  createMemoryStore,
  EngineStore,
  isStoreError,
  MemoryBackend,
  MemoryStorage,
  type Store,
  verifyStore,
} from "@holdfast/store-core"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { isId, isText } from "./support/bad-input/arguments.js"
import { attackStore, attacks, codeOf, collect, within } from "./support/bad-input/attack.js"
import { anything, finite, isMisuse, type Option, options } from "./support/bad-input/functions.js"
import { Inputs, PATIENCE } from "./support/bad-input/runs.js"
import { make, meant, type Shape } from "./support/bad-input/shapes.js"
import { count, flag } from "./support/bad-input/usual-options.js"
import { entry, metaRecord } from "./support/records.js"
import { ScriptedBackend } from "./support/scripted-backend.js"

const inputs = new Inputs("store-core", 6000)
afterAll(() => inputs.report())

const ENGINE = {
  readAhead: count,
  busyTimeout: count,
  loadGuard: flag,
}
const storage: Option = {
  good: fc.constant(null).map(() => new MemoryStorage()),
  accepts: value => value instanceof MemoryStorage,
}

describe("bad input to store-core", () => {
  it(
    "ID-2 RECORD-1 RECORD-3 WRITE-2 every method refuses with a code or does it right, and leaves no trace of what it refused",
    async () => {
      await inputs.throwAt(4000, attacks(12), async attack => {
        inputs.given += attack.calls.length
        inputs.refused += await attackStore(createMemoryStore(), attack)
      })
      expect(inputs.refused).toBeGreaterThan(inputs.given / 10)
      expect(inputs.refused).toBeLessThan(inputs.given / 1.5)
    },
    PATIENCE,
  )

  it(
    "OPEN-3 options are refused with a TypeError of ours or accepted",
    async () => {
      const makers = {
        createMemoryStore: (given: unknown) => createMemoryStore(given as object),
        EngineStore: (given: unknown) => new EngineStore(new MemoryBackend(new MemoryStorage()), given as object),
      }
      const cases = fc.oneof(
        fc.record({ maker: fc.constant("createMemoryStore" as const), given: options({ ...ENGINE, storage }) }),
        fc.record({ maker: fc.constant("EngineStore" as const), given: options(ENGINE) }),
      )
      await inputs.throwAt(600, cases, async ({ maker, given }) => {
        inputs.given++
        let store: Store
        try {
          store = makers[maker](make(given.shape, []))
        } catch (error) {
          isMisuse(error, maker)
          expect(given.good).toBe(false)
          inputs.refused++
          return
        }
        expect(given.good).toBe(true)
        await store.append("a", metaRecord())
        expect(await collect(store.loadAll("a"))).toEqual([metaRecord()])
      })
    },
    PATIENCE,
  )

  it(
    "ID-2 ERROR-1 ids, prefixes and errors are recognised, whatever is given",
    async () => {
      await inputs.throwAt(600, anything, shape => {
        inputs.given++
        const accepts = (check: (value: unknown, backend: string) => void) => {
          try {
            check(make(shape, []), "test")
            return true
          } catch (error) {
            expect(codeOf(error)).toBe("STORE_INVALID_DOC_ID")
            return false
          }
        }
        expect(accepts(checkDocId)).toBe(isId(meant(shape)))
        expect(accepts(checkPrefix)).toBe(isText(meant(shape), 1024))
        expect(isStoreError(make(shape, []))).toBe(false)
        if (!isId(meant(shape))) inputs.refused++
      })
    },
    PATIENCE,
  )

  it(
    "ERROR-1 WRITE-4 whatever a backend throws becomes a StoreError, and the store works afterwards",
    async () => {
      const methods = fc.constantFrom("commit", "readPage", "readMeta", "readIds", "close")
      const cases = fc.record({ method: methods, thrown: anything, late: fc.boolean() })
      await inputs.throwAt(500, cases, async ({ method, thrown, late }) => {
        inputs.given++
        inputs.refused++
        const backend = new ScriptedBackend()
        const store = new EngineStore(backend, { loadGuard: false })
        await store.replace("a", [metaRecord(), entry(1)])
        backend.before = step => {
          if (step.method !== method) return
          if (late) return Promise.reject(make(thrown, []))
          throw make(thrown, [])
        }
        const calls: Record<typeof method, () => Promise<PromiseSettledResult<unknown>[]>> = {
          commit: () => Promise.allSettled([store.append("a", entry(2)), store.delete("b")]),
          readPage: () => Promise.allSettled([collect(store.loadAll("a"))]),
          readMeta: () => Promise.allSettled([store.currentMeta("a")]),
          readIds: () => Promise.allSettled([collect(store.listDocIds())]),
          close: () => Promise.allSettled([store.close()]),
        }
        for (const settled of await within(calls[method](), method)) {
          expect(settled.status).toBe("rejected")
          if (settled.status === "rejected") expect(codeOf(settled.reason)).toBe("STORE_BACKEND")
        }
        backend.before = () => {}
        if (method !== "close") expect(await collect(store.loadAll("a"))).toEqual([metaRecord(), entry(1)])
        await within(store.close(), "close")
      })
    },
    PATIENCE,
  )

  it(
    "verifyStore finds fault with a store that answers anything",
    async () => {
      const answers = fc.record({
        ids: fc.array(fc.oneof(finite, fc.constant({ plain: "a" })), { maxLength: 3 }),
        records: fc.array(finite, { maxLength: 2 }),
        meta: finite,
        fails: fc.constantFrom("listDocIds", "loadAll", "currentMeta", "nothing"),
      })
      await inputs.throwAt(300, answers, async ({ ids, records, meta, fails }) => {
        inputs.given++
        const say = (method: string, shape: Shape) => {
          if (method === fails) throw make(shape, [])
          return make(shape, [])
        }
        const store = {
          listDocIds: async function* () {
            for (const id of ids) yield say("listDocIds", id)
          },
          loadAll: async function* () {
            for (const record of records) yield say("loadAll", record)
          },
          currentMeta: async () => say("currentMeta", meta),
        }
        const report = await within(verifyStore(store as unknown as Store), "verifyStore")
        const isFine = ids.length === 0 || (ids.length === 1 && records.length === 0 && meant(meta) === null)
        if (!isFine) expect(report.findings).not.toEqual([])
      })
    },
    PATIENCE,
  )
})
