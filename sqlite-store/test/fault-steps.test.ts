import { readdirSync, readlinkSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import type { DocId, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entries, entry, metaRecord, rejects, storeError } from "@holdfast/testing"
import Database from "better-sqlite3"
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import {
  createSqliteStore,
  fromBetterSqlite3,
  fromNodeSqlite,
  type SqliteStore,
  verifySqliteStore,
} from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, type Binding } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

/**
 * How a call to the driver fails: before it did anything; the same twice in a row, so that what is done about the first
 * failure fails too; or, as when the disk fails, after the work was done.
 */
const MODES = ["once", "twice", "after its work"] as const
type Mode = (typeof MODES)[number]

/** How many calls to a driver have been made to fail, for the report of `npm run soak`. */
let faults = 0
const started = performance.now()

afterAll(() => {
  if (process.env.HOLDFAST_FAULTS === undefined) return
  writeSoakReport({
    name: "sqlite-faults",
    what: "Every call that an operation makes to the driver of SQLite fails, one after the other: before its work, twice, and after its work.",
    figures: { "faults injected": faults, "lost, torn or leaked": 0 },
    seed: null,
    repeat: "HOLDFAST_FAULTS=all npm run soak:faults -w @holdfast/sqlite-store",
    seconds: Math.round((performance.now() - started) / 1000),
  })
})

/** What a store calls in its driver: every statement prepared, run or set up, BEGIN, COMMIT, ROLLBACK, close. */
class Steps {
  /** How often each text was prepared. */
  readonly prepared = new Map<string, number>()
  strikes = 0
  private at = 0
  private mode: Mode = "once"
  private error = new Error()

  arm(call: number, mode: Mode, error: Error): void {
    Object.assign(this, { at: call, mode, error, strikes: 0 })
  }

  disarm(): void {
    this.at = 0
  }

  /** The driver's object, with every method of it and of its statements made to fail. `sql` is a statement's text. */
  watch<T extends object>(target: T, sql = ""): T {
    return new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== "function") return method
        return (...args: unknown[]) => {
          return this.pass(sql, () => {
            const result: unknown = Reflect.apply(method, target, args)
            return name === "prepare" ? this.statement(result as object, String(args[0])) : result
          })
        }
      },
    })
  }

  private statement(statement: object, sql: string): object {
    this.prepared.set(sql, (this.prepared.get(sql) ?? 0) + 1)
    return this.watch(statement, sql)
  }

  private pass(sql: string, work: () => unknown): unknown {
    if (this.at === 0 || --this.at > 0) return work()
    this.strikes++
    faults++
    if (this.mode === "twice" && this.strikes === 1) this.at = 1
    // SQLite does not begin a transaction and say that it failed.
    if (this.mode === "after its work" && sql !== "BEGIN IMMEDIATE") work()
    throw this.error
  }
}

/** A store over a driver in a database of its own, and what the driver says of the connection. */
function openOver(binding: Binding, steps: Steps) {
  if (binding === "better-sqlite3") {
    const db = new Database(":memory:")
    const open = () => createSqliteStore(fromBetterSqlite3(steps.watch(db)))
    return { open, isOpen: () => db.open, inTransaction: () => db.inTransaction }
  }
  const db = new DatabaseSync(":memory:")
  const open = () => createSqliteStore(fromNodeSqlite(steps.watch(db)))
  return { open, isOpen: () => db.isOpen, inTransaction: () => db.isOpen && db.isTransaction }
}

type State = ReadonlyMap<DocId, readonly string[]>

function label(record: StoreRecord): string {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  const { data } = record.payload
  return typeof data === "string" ? data : `${data.length} bytes`
}

async function stateOf(store: SqliteStore): Promise<State> {
  const state = new Map<DocId, readonly string[]>()
  for (const docId of await collect(store.listDocIds())) {
    state.set(docId, (await collect(store.loadAll(docId))).map(label))
  }
  return state
}

/** One call of an operation: what it does, and what the documents are after it. */
interface Call {
  readonly docId: DocId
  readonly run: (store: SqliteStore) => Promise<unknown>
  readonly apply: (state: State) => State
}

function withDoc(state: State, docId: DocId, change: (labels: readonly string[]) => readonly string[]): State {
  const labels = change(state.get(docId) ?? [])
  const next = new Map([...state].filter(([id]) => id !== docId))
  return labels.length === 0 ? next : next.set(docId, labels)
}

const append = (docId: DocId, record: StoreRecord): Call => ({
  docId,
  run: store => store.append(docId, record),
  apply: state => withDoc(state, docId, labels => [...labels, label(record)]),
})
const replace = (docId: DocId, ...records: StoreRecord[]): Call => ({
  docId,
  run: store => store.replace(docId, records),
  apply: state => withDoc(state, docId, () => records.map(label)),
})
const remove = (docId: DocId): Call => ({
  docId,
  run: store => store.delete(docId),
  apply: state => withDoc(state, docId, () => []),
})
const read = (docId: DocId, run: Call["run"]): Call => ({ docId, run, apply: state => state })

const LARGE = binaryEntry(new Uint8Array(1_000_001))
const TWO = metaRecord({ schemaHash: "two" })

/** What every run begins with. The first document has been appended to, so that its numbers are known. */
const BEFORE: State = new Map([
  ["doc", ["meta schema-1", "a", "b"]],
  ["kept", ["meta schema-1", "a"]],
  ["other", ["meta schema-1", ...entries(15).map(label)]],
])

async function prepare(store: SqliteStore): Promise<void> {
  await store.replace("doc", [metaRecord(), entry("a")])
  await store.append("doc", entry("b"))
  await store.replace("kept", [metaRecord(), entry("a")])
  await store.replace("other", [metaRecord(), ...entries(15)])
}

/** Calls made in one tick, so that writes share a commit. */
const OPERATIONS: Readonly<Record<string, readonly Call[]>> = {
  "an append": [append("doc", entry("c"))],
  "an append of metadata": [append("doc", TWO)],
  "an append that creates": [append("new", metaRecord())],
  "an append of pieces": [append("doc", LARGE)],
  "a replace": [replace("doc", TWO, LARGE, entry("c"))],
  "a replace that creates": [replace("new", metaRecord(), ...entries(20))],
  "a delete": [remove("doc")],
  "a group over neighbours": [
    append("doc", entry("c")),
    append("other", entry("d")),
    append("new", metaRecord()),
    append("new", entry("e")),
    replace("kept", TWO, entry("f")),
    append("doc", entry("g")),
    append("doc", TWO),
  ],
  "a group with everything on one document": [
    append("doc", entry("c")),
    remove("doc"),
    append("doc", metaRecord()),
    append("doc", LARGE),
    replace("doc", TWO),
    append("doc", entry("d")),
  ],
  "a load": [read("doc", store => collect(store.loadAll("doc")))],
  "a load beside an append": [append("doc", entry("c")), read("doc", store => collect(store.loadAll("doc")))],
  "a reading of metadata": [read("doc", store => store.currentMeta("doc"))],
}

/** Runs the calls in one tick; what was called after a failed call may depend on it. */
async function checkOperation(binding: Binding, calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
  const steps = new Steps()
  const { open, isOpen, inTransaction } = openOver(binding, steps)
  const store = open()
  await prepare(store)
  const fault = Object.assign(new Error("the disk is on fire"), {
    code: mode === "after its work" ? "SQLITE_IOERR" : undefined,
  })
  steps.arm(at, mode, fault)
  const settled = await Promise.allSettled(calls.map(call => call.run(store)))
  steps.disarm()
  const what = `${mode} at call ${at}`
  expect(inTransaction(), what).toBe(false)

  let possible: readonly State[] = [BEFORE]
  for (const [i, one] of settled.entries()) {
    const call = calls[i] as Call
    const applied = possible.map(call.apply)
    if (one.status === "fulfilled") possible = applied
    else {
      const error = storeError(one.reason)
      expect(error.docId, what).toBe(call.docId)
      expect(causesOf(error), `${what}: ${error.message}`).toContain(fault)
      if (error.outcome === "unknown") possible = [...possible, ...applied]
    }
  }
  const stored = await stateOf(store)
  expect(possible.map(sorted), what).toContainEqual(sorted(stored))
  expect((await verifySqliteStore(store)).findings, what).toEqual([])

  await Promise.all([store.replace("doc", [metaRecord()]), store.append("kept", entry("more"))])
  await store.append("doc", entry("again"))
  expect(await collect(store.loadAll("doc"))).toEqual([metaRecord(), entry("again")])
  const most = Math.max(...steps.prepared.values())
  expect(most, "how often the same statement was prepared").toBeLessThanOrEqual(1 + steps.strikes)
  await store.close()
  expect(isOpen()).toBe(false)
  return steps.strikes > 0
}

function sorted(state: State): [DocId, readonly string[]][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1))
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause)
  return causes
}

/** Runs `check` with a fault at call 1, 2, 3 … until none struck; returns how many did. */
async function untilNone(check: (at: number) => Promise<boolean>): Promise<number> {
  for (let at = 1; ; at++) if (!(await check(at))) return at - 1
}

describe.each(BINDINGS)("with every call to %s failing in turn", binding => {
  describe.each(MODES)("%s", mode => {
    it.each(Object.entries(OPERATIONS))(
      "%s is done or not, and nothing else is hurt (WRITE-2, WRITE-3, WRITE-4, ORDER-4)",
      async (_, calls) => {
        expect(await untilNone(at => checkOperation(binding, calls, at, mode))).toBeGreaterThan(0)
      },
    )
  })

  it("a locked database at any call is tried again, and nobody notices", async () => {
    for (const calls of Object.values(OPERATIONS)) {
      await untilNone(async at => {
        const steps = new Steps()
        const store = openOver(binding, steps).open()
        await prepare(store)
        steps.arm(at, "once", Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }))
        await Promise.all(calls.map(call => call.run(store)))
        steps.disarm()
        expect(sorted(await stateOf(store))).toEqual(
          sorted(calls.reduce<State>((state, call) => call.apply(state), BEFORE)),
        )
        expect((await verifySqliteStore(store)).findings).toEqual([])
        await store.close()
        return steps.strikes > 0
      })
    }
  })

  it("a listing is complete or rejects, and the next one is complete (LIST-4)", async () => {
    const struck = await untilNone(async at => {
      const steps = new Steps()
      const store = openOver(binding, steps).open()
      await prepare(store)
      for (const prefix of [undefined, "d"]) {
        steps.arm(at, "once", new Error("the disk is on fire"))
        const [listed] = await Promise.allSettled([collect(store.listDocIds(prefix))])
        steps.disarm()
        if (listed.status === "fulfilled") expect(listed.value).toEqual(prefix === "d" ? ["doc"] : [...BEFORE.keys()])
        else expect(storeError(listed.reason).code).toBe("STORE_BACKEND")
        expect(await collect(store.listDocIds())).toEqual([...BEFORE.keys()])
      }
      expect((await verifySqliteStore(store)).findings).toEqual([])
      await store.close()
      return steps.strikes > 0
    })
    expect(struck).toBeGreaterThan(0)
  })

  it("a replace that has to read ahead for an open load leaves the load whole or ended by an error (LOAD-3, LOAD-4)", async () => {
    const struck = await untilNone(async at => {
      const steps = new Steps()
      const store = openOver(binding, steps).open()
      const records = [metaRecord(), ...entries(400)]
      await store.replace("doc", records)
      const load = store.loadAll("doc")[Symbol.asyncIterator]()
      const first = await load.next()
      steps.arm(at, "once", new Error("the disk is on fire"))
      const [replaced] = await Promise.allSettled([store.replace("doc", [TWO])])
      steps.disarm()
      const [rest] = await Promise.allSettled([collect({ [Symbol.asyncIterator]: () => load })])
      if (rest.status === "fulfilled") expect([first.value, ...rest.value]).toEqual(records)
      else expect(["STORE_LOAD_SUPERSEDED", "STORE_BACKEND"]).toContain(storeError(rest.reason).code)
      expect(await collect(store.loadAll("doc"))).toEqual(replaced.status === "fulfilled" ? [TWO] : records)
      expect((await verifySqliteStore(store)).findings).toEqual([])
      await store.close()
      return steps.strikes > 0
    })
    expect(struck).toBeGreaterThan(0)
  })

  it("a close stores what was called before, rejects with a code, and can be called again (CLOSE-1, CLOSE-3)", async () => {
    const struck = await untilNone(async at => {
      const steps = new Steps()
      const { open, isOpen } = openOver(binding, steps)
      const store = open()
      await prepare(store)
      steps.arm(at, "once", new Error("the disk is on fire"))
      const [appended, closed] = await Promise.allSettled([store.append("doc", TWO), store.close()])
      steps.disarm()
      if (closed.status === "rejected") {
        expect(storeError(closed.reason).code).toBe("STORE_BACKEND")
        expect([appended.status, isOpen()]).toEqual(["fulfilled", true])
      } else if (steps.strikes > 0) expect(appended.status).toBe("rejected")
      await rejects(store.append("doc", entry("late")), "STORE_CLOSED")
      await store.close()
      expect(isOpen()).toBe(false)
      return steps.strikes > 0
    })
    expect(struck).toBeGreaterThan(0)
  })
})

describe("openSqliteStore with every call to the driver failing in turn", () => {
  let dir: TempDir

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => {
    vi.restoreAllMocks()
    dir.remove()
  })

  /** Files of the directory that this process has open. */
  function openFiles(): string[] {
    const targets = readdirSync("/proc/self/fd").map(fd => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        // The descriptor of the listing itself.
        return ""
      }
    })
    return targets.filter(target => target.startsWith(dir.path))
  }

  it.each(["a new file", "an existing store"])(
    "%s opens, or rejects with a code and is left closed and as it was (OPEN-1)",
    async place => {
      const struck = await untilNone(async at => {
        const path = dir.file(`${at}.db`)
        if (place === "an existing store") {
          const store = await openSqliteStore(path, { durability: "normal" })
          await prepare(store)
          await store.close()
        }
        const steps = new Steps()
        const { prepare: original } = DatabaseSync.prototype
        vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (this: DatabaseSync, sql: string) {
          return steps.watch({ prepare: () => original.call(this, sql) }).prepare()
        })
        steps.arm(at, "once", new Error("the disk is on fire"))
        const [opened] = await Promise.allSettled([openSqliteStore(path, { durability: "normal" })])
        steps.disarm()
        vi.restoreAllMocks()
        if (opened.status === "fulfilled") await opened.value.close()
        else expect(storeError(opened.reason)).toMatchObject({ code: "STORE_BACKEND", outcome: "none" })
        expect(openFiles()).toEqual([])
        const store = await openSqliteStore(path, { durability: "normal" })
        expect(sorted(await stateOf(store))).toEqual(place === "a new file" ? [] : sorted(BEFORE))
        expect((await verifySqliteStore(store)).findings).toEqual([])
        await store.close()
        return steps.strikes > 0
      })
      expect(struck).toBeGreaterThan(10)
    },
  )
})
