import { EngineStore, isStoreError, StoreError, type StoreRecord, type WriteOperation } from "@holdfast/store-core"
import type { Event } from "./document-model.js"
import { findContradiction } from "./document-model.js"
import { Random } from "./random.js"
import { entry, label, metaRecord } from "./records.js"
import { failure, ScriptedBackend, type Step } from "./scripted-backend.js"

const IDS = ["a", "b", "c"]
const CODES = ["STORE_BUSY", "STORE_CONFLICT", "STORE_BACKEND", "STORE_FULL", "STORE_UNAVAILABLE"] as const

/** One random history of calls on one store over a backend that delays, refuses and fails at random. */
export class History {
  private readonly random: Random
  private readonly backend = new ScriptedBackend()
  private readonly store: EngineStore
  private readonly events = new Map<string, Event[]>(IDS.map(id => [id, []]))
  private readonly problems: string[] = []
  private readonly pending = new Set<Promise<unknown>>()
  private readonly failures: number
  private readonly locks: number
  private readonly waits: readonly ("none" | "microtask" | "turn" | "timer")[]
  private count = 0

  constructor(seed: number) {
    this.random = new Random(seed)
    const { random } = this
    this.failures = random.pick([0, 0.05, 0.3])
    this.locks = random.pick([0, 0.2, 0.6])
    this.waits = random.pick([
      ["none"],
      ["microtask"],
      ["turn"],
      ["none", "turn"],
      ["none", "microtask", "turn", "timer"],
    ])
    this.backend.pageRecords = random.pick([1, 2, 5])
    this.backend.emptyPages = random.chance(0.3)
    this.backend.before = step => this.disturb(step, false)
    this.backend.after = step => this.disturb(step, true)
    this.backend.refuse = () =>
      random.chance(this.locks) ? failure(random.pick(["STORE_BUSY", "STORE_CONFLICT"])) : null
    this.store = new EngineStore(this.backend, {
      busyTimeout: random.pick([0, 2, 20]),
      readAhead: random.pick([0, 400, 1_000_000]),
      loadGuard: random.chance(0.5),
    })
  }

  /** Makes the calls, waits for all of them and for `close`, and returns what was wrong. */
  async run(): Promise<readonly string[]> {
    const calls = 5 + this.random.below(40)
    for (let i = 0; i < calls; i++) {
      this.call()
      if (this.random.chance(0.2)) await turn()
      if (this.random.chance(0.1)) await Promise.race([...this.pending, turn()])
    }
    await this.close()
    while (this.pending.size > 0) await Promise.all(this.pending)
    for (const [id, events] of this.events) {
      const contradiction = findContradiction(events)
      if (contradiction !== null) this.problems.push(`${id}: ${contradiction} in ${JSON.stringify(events)}`)
    }
    return [...this.problems, ...this.backend.violations]
  }

  private call(): void {
    const id = this.random.pick(IDS)
    const kind = this.random.below(12)
    if (kind < 5) this.write({ kind: "append", docId: id, records: [this.record(0.25)] })
    else if (kind < 6) this.write({ kind: "replace", docId: id, records: this.records() })
    else if (kind < 7) this.write({ kind: "delete", docId: id })
    else if (kind < 8) this.readMeta(id)
    else if (kind < 11) this.load(id)
    else this.list()
  }

  private record(metaChance: number): StoreRecord {
    if (!this.random.chance(metaChance)) return entry(++this.count)
    const name = this.random.chance(0.85) ? "text" : "other"
    return metaRecord({ replicaType: [name, 1, 0], schemaHash: String(++this.count) })
  }

  private records(): StoreRecord[] {
    return [this.record(1), ...Array.from({ length: this.random.below(8) }, () => this.record(0.1))]
  }

  private write(operation: WriteOperation): void {
    const { store } = this
    const event: Event = { kind: "write", operation, outcome: "pending", unknown: false }
    this.events.get(operation.docId)?.push(event)
    const write = (): Promise<void> => {
      if (operation.kind === "delete") return store.delete(operation.docId)
      if (operation.kind === "replace") return store.replace(operation.docId, [...operation.records])
      return store.append(operation.docId, operation.records[0] as StoreRecord)
    }
    this.follow(
      write().then(
        () => {
          event.outcome = "ok"
        },
        error => {
          event.outcome = this.codeOf(error, operation.docId)
          event.unknown = error.outcome === "unknown"
        },
      ),
    )
  }

  private readMeta(id: string): void {
    const event: Event = { kind: "meta", outcome: "pending", found: null }
    this.events.get(id)?.push(event)
    this.follow(
      this.store.currentMeta(id).then(
        meta => {
          event.outcome = "ok"
          event.found = meta === null ? null : meta.schemaHash
        },
        error => {
          event.outcome = this.codeOf(error, id)
        },
      ),
    )
  }

  private load(id: string): void {
    const event: Event = { kind: "load", outcome: "ok", labels: [], complete: false }
    this.events.get(id)?.push(event)
    const iterator = this.store.loadAll(id)[Symbol.asyncIterator]()
    const steps = this.random.pick([1, 2, 3, 100])
    const ahead = this.random.pick([1, 1, 2, 4])
    let ended = false
    const step = () =>
      iterator.next().then(
        result => {
          if (event.outcome !== "ok") this.problems.push("a step after an error did not report it again")
          if (result.done === true) {
            if (!ended) event.complete = event.outcome === "ok"
          } else if (event.complete) this.problems.push("a record after the end")
          else event.labels.push(label(result.value))
        },
        error => {
          if (event.complete) this.problems.push("an error after the end")
          const code = this.codeOf(error, id)
          if (event.outcome !== "ok" && event.outcome !== code) this.problems.push(`${event.outcome} became ${code}`)
          event.outcome = code
        },
      )
    const consume = async (first: Promise<void>[]) => {
      await Promise.all(first)
      for (let i = 0; i < steps && !event.complete && event.outcome === "ok"; i++) {
        if (this.random.chance(0.2)) await turn()
        await Promise.all(Array.from({ length: ahead }, step))
      }
      if (this.random.chance(0.2)) {
        ended = true
        await iterator.return?.()
        await step()
      }
    }
    this.follow(consume(Array.from({ length: ahead }, step)))
  }

  private list(): void {
    const iterator = this.store.listDocIds()[Symbol.asyncIterator]()
    const consume = async () => {
      const ids: string[] = []
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) ids.push(next.value)
      if (ids.join() !== [...new Set(ids)].sort().join()) this.problems.push(`listed ${ids.join()}`)
    }
    this.follow(consume().catch(error => this.codeOf(error, undefined)))
  }

  /** Closing may fail as everything else may; tried again it comes to its end. */
  private async close(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const closing = [this.store.close(), this.store.close()]
        this.call()
        await Promise.all(closing)
        break
      } catch (error) {
        this.codeOf(error, undefined)
        if (attempt === 4) {
          this.problems.push("closing again did not close")
          return
        }
        if (attempt === 3) this.backend.before = () => {}
        if (attempt === 3) this.backend.after = () => {}
      }
    }
    const before = this.backend.steps.length
    this.call()
    await turn()
    if (this.backend.steps.length !== before) this.problems.push("the backend was used after it was closed")
  }

  private disturb(step: Step, after: boolean): void | Promise<void> {
    const wait = this.random.pick(this.waits)
    const fail = () => {
      if (!this.random.chance(this.failures)) return
      // What the backend has done already cannot be said not to have happened, except where that is not known.
      if (after && step.method === "commit") throw failure("STORE_UNAVAILABLE", "unknown")
      if (step.method === "commit" && this.random.chance(0.1)) throw failure("STORE_UNAVAILABLE", "unknown")
      if (this.random.chance(0.1)) throw new Error("not a StoreError")
      throw failure(this.random.pick(CODES))
    }
    if (wait === "none") return fail()
    if (wait === "microtask") return Promise.resolve().then(fail)
    if (wait === "turn") return turn().then(fail)
    return new Promise<void>(resolve => setTimeout(resolve, this.random.below(3))).then(fail)
  }

  private codeOf(error: unknown, id: string | undefined): string {
    if (!(error instanceof StoreError) || !isStoreError(error)) {
      this.problems.push(`not a StoreError: ${String(error)}`)
      return "STORE_BACKEND"
    }
    if (id !== undefined && error.docId !== id && error.code !== "STORE_CLOSED") {
      this.problems.push(`${error.code} of ${id} names ${error.docId}`)
    }
    return error.code
  }

  private follow(work: Promise<unknown>): void {
    this.pending.add(work)
    void work.finally(() => this.pending.delete(work))
  }
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
