import {
  type DocId,
  EngineStore,
  MemoryStorage,
  type Store,
  StoreError,
  type StoreRecord,
  verifyStore,
} from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { batch, entry, label, listIds, load, loadLabels, metaRecord, rest } from "./support/records.js"
import { failure, ScriptedBackend } from "./support/scripted-backend.js"

/**
 * The memory store calls nothing that could fail. What can is a backend, so every call of the engine to the memory
 * store's fails here in turn: before its effect, the same twice in a row, or after it, with nobody knowing.
 */
const MODES = ["before", "twice", "after"] as const
type Mode = (typeof MODES)[number]

/** Whether the backend answers with promises. */
const KINDS = ["at once", "later"] as const
type Kind = (typeof KINDS)[number]

const FIRE = new Error("the memory is on fire")

class Steps {
  readonly backend: ScriptedBackend
  struck = 0
  private at = 0
  private mode: Mode | "locked" = "before"
  private strikesAfter = false

  constructor(storage: MemoryStorage, kind: Kind) {
    this.backend = new ScriptedBackend(storage)
    this.backend.before = () => this.before(kind)
    this.backend.after = () => this.after()
  }

  arm(at: number, mode: Mode | "locked"): void {
    Object.assign(this, { at, mode, struck: 0, strikesAfter: false })
  }

  disarm(): void {
    this.at = 0
  }

  private before(kind: Kind): void | Promise<void> {
    const strikes = this.at > 0 && --this.at === 0
    if (strikes) this.struck++
    if (strikes && this.mode === "twice" && this.struck === 1) this.at = 1
    this.strikesAfter = strikes && this.mode === "after"
    const fail = () => {
      if (strikes && this.mode === "locked") throw failure("STORE_BUSY")
      if (strikes && this.mode !== "after") throw FIRE
    }
    return kind === "at once" ? fail() : new Promise<void>(resolve => setImmediate(resolve)).then(fail)
  }

  private after(): void {
    if (!this.strikesAfter) return
    this.strikesAfter = false
    throw new StoreError("STORE_UNAVAILABLE", FIRE.message, { backend: "scripted", cause: FIRE, outcome: "unknown" })
  }
}

type State = ReadonlyMap<DocId, readonly string[]>

async function stateOf(store: Store): Promise<State> {
  const state = new Map<DocId, readonly string[]>()
  for (const docId of await listIds(store)) state.set(docId, await loadLabels(store, docId))
  return state
}

interface Call {
  readonly docId: DocId
  readonly run: (store: Store) => Promise<unknown>
  readonly apply: (state: State) => State
}

function changing(docId: DocId, run: Call["run"], change: (before: readonly string[]) => readonly string[]): Call {
  const apply = (state: State) => {
    const labels = change(state.get(docId) ?? [])
    const next = new Map([...state].filter(([id]) => id !== docId))
    return labels.length === 0 ? next : next.set(docId, labels)
  }
  return { docId, run, apply }
}

const append = (docId: DocId, record: StoreRecord) =>
  changing(
    docId,
    store => store.append(docId, record),
    before => [...before, label(record)],
  )
const replace = (docId: DocId, records: StoreRecord[]) =>
  changing(
    docId,
    store => store.replace(docId, records),
    () => records.map(label),
  )
const remove = (docId: DocId) =>
  changing(
    docId,
    store => store.delete(docId),
    () => [],
  )
const read = (docId: DocId, run: Call["run"]): Call => ({ docId, run, apply: state => state })
const TWO = metaRecord({ schemaHash: "two" })

const BEFORE: State = new Map([
  ["doc", ["meta:schema-1", "1", "2", "3"]],
  ["kept", ["meta:schema-1", "1"]],
])

const OPERATIONS: Readonly<Record<string, readonly Call[]>> = {
  "an append": [append("doc", entry(4))],
  "an append that creates": [append("new", metaRecord())],
  "a group of appends": [append("doc", entry(4)), append("kept", entry(5)), append("doc", entry(6))],
  "a replace": [replace("doc", batch(7))],
  "a delete": [remove("doc")],
  "a group with everything": [
    append("doc", entry(4)),
    remove("doc"),
    append("kept", entry(5)),
    append("doc", metaRecord()),
    replace("doc", [TWO, entry(8)]),
    append("doc", entry(9)),
    append("new", TWO),
  ],
  "a load beside an append": [append("doc", entry(4)), read("doc", store => loadLabels(store, "doc"))],
  "a load": [read("doc", store => loadLabels(store, "doc"))],
  "a reading of metadata": [read("doc", store => store.currentMeta("doc"))],
}

async function open(kind: Kind) {
  const storage = new MemoryStorage()
  const outside = new EngineStore(new ScriptedBackend(storage))
  await Promise.all([outside.replace("doc", batch(1, 2, 3)), outside.replace("kept", batch(1))])
  const steps = new Steps(storage, kind)
  return { outside, steps, store: new EngineStore(steps.backend) }
}

async function check(kind: Kind, calls: readonly Call[], at: number, mode: Mode): Promise<boolean> {
  const { outside, steps, store } = await open(kind)
  steps.arm(at, mode)
  const settled = await Promise.allSettled(calls.map(call => call.run(store)))
  steps.disarm()
  let possible: readonly State[] = [BEFORE]
  for (const [i, one] of settled.entries()) {
    const call = calls[i] as Call
    const applied = possible.map(call.apply)
    if (one.status === "fulfilled") possible = applied
    else {
      expect(one.reason).toMatchObject({ name: "StoreError", docId: call.docId })
      expect(causesOf(one.reason)).toContain(FIRE)
      if (one.reason.outcome === "unknown") possible = [...possible, ...applied]
    }
  }
  const sorted = (state: State) => [...state].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(possible.map(sorted), `${mode} at call ${at}`).toContainEqual(sorted(await stateOf(outside)))
  // The first loads also lift the guard from what could not be read.
  expect(possible.map(sorted)).toContainEqual(sorted(await stateOf(store)))
  expect((await verifyStore(store)).findings).toEqual([])
  await Promise.all([store.replace("doc", batch("again")), store.append("kept", entry("more"))])
  expect(await loadLabels(outside, "doc")).toEqual(["meta:schema-1", "again"])
  await store.close()
  expect(steps.backend.violations).toEqual([])
  return steps.struck > 0
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause)
  return causes
}

async function untilNone(run: (at: number) => Promise<boolean>): Promise<number> {
  for (let at = 1; ; at++) if (!(await run(at))) return at - 1
}

describe.each(KINDS)("with every call to a backend that answers %s failing in turn", kind => {
  it.each(Object.entries(OPERATIONS))(
    "%s is done or not, and nothing else is hurt (WRITE-2, WRITE-3, WRITE-4, ORDER-4)",
    async (_, calls) => {
      for (const mode of MODES) expect(await untilNone(at => check(kind, calls, at, mode))).toBeGreaterThan(0)
    },
  )

  it("a lock at any call is waited for, and nobody notices (SHARE-2)", async () => {
    for (const calls of Object.values(OPERATIONS)) {
      await untilNone(async at => {
        const { outside, steps, store } = await open(kind)
        steps.arm(at, "locked")
        await Promise.all(calls.map(call => call.run(store)))
        const expected = calls.reduce((state, call) => call.apply(state), BEFORE)
        expect(await stateOf(outside)).toEqual(expected)
        return steps.struck > 0
      })
    }
  })

  it("a listing is complete or rejects, and the next one is complete (LIST-4)", async () => {
    const struck = await untilNone(async at => {
      const { steps, store } = await open(kind)
      steps.arm(at, "before")
      const listed = await Promise.allSettled([listIds(store)])
      steps.disarm()
      if (steps.struck > 0) expect(listed).toMatchObject([{ status: "rejected", reason: { code: "STORE_BACKEND" } }])
      else expect(listed).toEqual([{ status: "fulfilled", value: ["doc", "kept"] }])
      expect(await listIds(store)).toEqual(["doc", "kept"])
      return steps.struck > 0
    })
    expect(struck).toBe(1)
  })

  it("a replace that reads ahead leaves an open load whole, or ended by an error (LOAD-3, LOAD-4)", async () => {
    const struck = await untilNone(async at => {
      const { outside, steps, store } = await open(kind)
      await outside.replace("doc", batch(1, 2, 3, 4, 5, 6, 7))
      const iterator = load(store, "doc")
      await iterator.next()
      steps.arm(at, "before")
      const replaced = await outcomeOf(store.replace("doc", [TWO]))
      const [left] = await Promise.allSettled([rest(iterator)])
      if (left.status === "fulfilled") expect(left.value).toEqual(["1", "2", "3", "4", "5", "6", "7"])
      else expect(["STORE_LOAD_SUPERSEDED", "STORE_BACKEND"]).toContain(left.reason.code)
      steps.disarm()
      const found = await loadLabels(outside, "doc")
      expect(found).toEqual(replaced === "ok" ? ["meta:two"] : batch(1, 2, 3, 4, 5, 6, 7).map(label))
      return steps.struck > 0
    })
    expect(struck).toBeGreaterThan(2)
  })

  it("a close that fails can be tried again, and what was called before it is done or not (CLOSE-1, CLOSE-3)", async () => {
    const struck = await untilNone(async at => {
      const { outside, steps, store } = await open(kind)
      steps.arm(at, "before")
      const [appended, closed] = await Promise.all([outcomeOf(store.append("doc", entry(4))), outcomeOf(store.close())])
      steps.disarm()
      expect(await outcomeOf(store.append("doc", entry(5)))).toBe("STORE_CLOSED")
      expect(await outcomeOf(store.close())).toBe("ok")
      expect([appended, closed].filter(one => one === "STORE_BACKEND")).toHaveLength(steps.struck)
      expect((await loadLabels(outside, "doc")).includes("4")).toBe(appended === "ok")
      return steps.struck > 0
    })
    expect(struck).toBe(2)
  })
})
