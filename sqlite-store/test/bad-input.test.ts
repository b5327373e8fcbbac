import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { DocId, StoreRecord } from "@holdfast/store-core"
import Database from "better-sqlite3"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import {
  attackStore,
  attacks,
  codeOf,
  type Documents,
  expectDocuments,
  within,
  write,
  writes,
} from "../../store-core/test/support/bad-input/attack.js"
import { finite, isMisuse, type Option, options, settle } from "../../store-core/test/support/bad-input/functions.js"
import { Inputs, PATIENCE } from "../../store-core/test/support/bad-input/runs.js"
import { make, meant, type Shape } from "../../store-core/test/support/bad-input/shapes.js"
import { count, flag, tables } from "../../store-core/test/support/bad-input/usual-options.js"
import {
  createSqliteStore,
  fromBetterSqlite3,
  fromBunSqlite,
  fromDurableObject,
  fromNodeSqlite,
  fromSqlJs,
  SqliteStore,
  type StoreTransaction,
  transact,
  verifySqliteStore,
} from "../src/index.js"
import { openSqliteStore } from "../src/open.js"

const inputs = new Inputs("sqlite-store", 3000)
const directory = mkdtempSync(join(tmpdir(), "bad-input-"))
afterAll(() => {
  inputs.report()
  rmSync(directory, { recursive: true, force: true })
})

const ENGINE = { readAhead: count, busyTimeout: count, loadGuard: flag, tables }

const open = () => createSqliteStore(fromBetterSqlite3(new Database(":memory:")))

describe("bad input to the SQLite store", () => {
  it(
    "ID-2 RECORD-1 RECORD-3 WRITE-2 every method refuses with a code or does it right, and leaves no trace of what it refused",
    async () => {
      await inputs.throwAt(1500, attacks(12), async attack => {
        const store = open()
        inputs.given += attack.calls.length
        inputs.refused += await attackStore(store, attack)
        await store.close()
      })
    },
    PATIENCE,
  )

  it(
    "WRITE-2 transact stores all it accepted, or nothing when it throws, whatever it was given",
    async () => {
      const cases = fc.record({
        calls: fc.array(writes, { maxLength: 8 }),
        ends: fc.constantFrom("well", "throws", "late"),
      })
      await inputs.throwAt(600, cases, async ({ calls, ends }) => {
        const store = open()
        const documents: Documents = new Map()
        inputs.given += calls.length + 1
        const work = (tx: StoreTransaction) => {
          for (const one of calls) {
            const expected = write(one, documents)
            try {
              tx[one.call](make(one.id, []) as DocId, make(one.given, []) as StoreRecord & StoreRecord[])
              expect(expected).toEqual({ answer: undefined })
            } catch (error) {
              expect(expected).toContain(codeOf(error))
              inputs.refused++
            }
          }
          if (ends === "throws") throw new RangeError("over")
          return ends === "late" ? Promise.resolve() : undefined
        }
        if (ends === "well") transact(store, work)
        else {
          expect(() => transact(store, work)).toThrow(ends === "late" ? TypeError : RangeError)
          documents.clear()
        }
        await expectDocuments(store, documents)
        expect((await verifySqliteStore(store)).findings).toEqual([])
        await store.close()
      })
    },
    PATIENCE,
  )

  it("OPEN-3 connections of another driver, and what is none, are refused with the name of the right kind", () => {
    const better = new Database(":memory:")
    const node = new DatabaseSync(":memory:")
    for (const wrong of [undefined, null, "x.db", 7, {}, node]) {
      expect(() => fromBetterSqlite3(wrong as never)).toThrow(
        "fromBetterSqlite3: this is not a Database of better-sqlite3",
      )
    }
    for (const wrong of [undefined, null, "x.db", 7, {}, better]) {
      expect(() => fromNodeSqlite(wrong as never)).toThrow("fromNodeSqlite: this is not a DatabaseSync of node:sqlite")
    }
    better.close()
    node.close()
  })

  it(
    "OPEN-3 options are refused with a TypeError of ours or accepted",
    async () => {
      const adapter = () => fromBetterSqlite3(new Database(":memory:"))
      const durability: Option = {
        good: fc.constantFrom("full", "normal"),
        accepts: value => value === "full" || value === "normal",
      }
      const one = <Name extends string>(maker: Name, known: Readonly<Record<string, Option>>) =>
        fc.record({ maker: fc.constant(maker), given: options(known) })
      const cases = fc.oneof(
        one("createSqliteStore", ENGINE),
        one("openSqliteStore", { ...ENGINE, durability }),
        one("fromBetterSqlite3", { lent: flag, exclusive: flag }),
        one("fromNodeSqlite", { lent: flag, exclusive: flag }),
      )
      await inputs.throwAt(400, cases, async ({ maker, given: { shape, good } }) => {
        inputs.given++
        const given = make(shape, []) as object
        const make_ = {
          createSqliteStore: () => createSqliteStore(adapter(), given),
          openSqliteStore: () => openSqliteStore(":memory:", given),
          fromBetterSqlite3: () => createSqliteStore(fromBetterSqlite3(new Database(":memory:"), given)),
          fromNodeSqlite: () => createSqliteStore(fromNodeSqlite(new DatabaseSync(":memory:"), given)),
        }
        const made = await settle(make_[maker])
        if ("error" in made) isMisuse(made.error, maker, "tables")
        expect("value" in made, String((made as { error?: unknown }).error)).toBe(good)
        if ("value" in made) {
          await attackStore(made.value, { calls: [], atOnce: false })
          await made.value.close()
        } else inputs.refused++
      })
    },
    PATIENCE,
  )

  it(
    "databases, adapters, stores and paths that are none are refused with a TypeError or a StoreError",
    async () => {
      const functions = {
        createSqliteStore: (value: never) => createSqliteStore(value),
        SqliteStore: (value: never) => new SqliteStore(value),
        fromBetterSqlite3: (value: never) => createSqliteStore(fromBetterSqlite3(value)),
        fromNodeSqlite: (value: never) => createSqliteStore(fromNodeSqlite(value)),
        fromBunSqlite: (value: never) => createSqliteStore(fromBunSqlite(value)),
        fromSqlJs: (value: never) => createSqliteStore(fromSqlJs(value)),
        fromDurableObject: (value: never) => createSqliteStore(fromDurableObject(value)),
        transact: (value: never) => transact(value, () => {}),
        work: (value: never) => transact(open(), value),
        verifySqliteStore: (value: never) => verifySqliteStore(value),
        openSqliteStore: (value: never) => openSqliteStore(typeof value === "string" ? fileName(value) : value),
      }
      const cases = fc.record({
        call: fc.constantFrom(...(Object.keys(functions) as (keyof typeof functions)[])),
        shape: finite,
      })
      await inputs.throwAt(500, cases, async ({ call, shape }) => {
        inputs.given++
        const isWork = call === "work" && isFunction(shape)
        const made = await within(
          settle(() => functions[call](make(shape, []) as never)),
          call,
        )
        if ("value" in made) {
          // What a function answers that does nothing, and a file name that will do.
          expect(isWork || (call === "openSqliteStore" && typeof meant(shape) === "string")).toBe(true)
          if (made.value instanceof SqliteStore) await settle(() => (made.value as SqliteStore).close())
          return
        }
        inputs.refused++
        // What a function throws that is given to `transact` is passed on.
        if (!isWork && !(made.error instanceof TypeError)) codeOf(made.error)
      })
    },
    PATIENCE,
  )
})

function fileName(text: string): string {
  return text === "" ? text : join(directory, text.replaceAll(/[/\\.]/g, "_"))
}

function isFunction(shape: Shape): boolean {
  return typeof make(shape, []) === "function"
}
