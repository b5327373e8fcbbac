import type { Store, StoreErrorCode } from "@holdfast/store-core"
import { collect, deepEqual, equal, quote, rejects, within } from "../assert.js"
import type { Subject } from "../harness.js"
import { type Iteration, ListIteration, LoadIteration } from "./iterations.js"
import { Reference } from "./reference.js"
import { spoil, spoilMeta } from "./spoil.js"
import { makeRecord, type Step, type WriteStep } from "./steps.js"

/** A place and the store now open on it. */
export interface Place {
  readonly subject: Subject
  store: Store
}

/** Where a store left the model: at this step, or after the last one. */
export interface Mismatch {
  readonly step: number
  readonly error: Error
}

/** No answer takes this many milliseconds on small data. */
const ANSWER_TIMEOUT = 10_000

/**
 * Does the steps on the store and on the reference and compares every answer; then compares everything stored. `base`
 * begins all ids, to keep the sequences on one place apart. Returns the first mismatch, or null.
 */
export function replay(steps: readonly Step[], place: Place, base: string): Promise<Mismatch | null> {
  return new Replay(place, base).run(steps)
}

class Replay {
  readonly #place: Place
  readonly #base: string
  readonly #reference = new Reference()
  readonly #ids = new Set<string>()
  readonly #iterations = new Map<number, Iteration>()
  readonly #listings: ListIteration[] = []
  /** Answers nobody waits for yet; those of several calls, which `close` may interrupt, apart. */
  #answers: Promise<void>[] = []
  #long: Promise<void>[] = []
  #mismatch: Mismatch | null = null
  #step = 0

  constructor(place: Place, base: string) {
    this.#place = place
    this.#base = base
  }

  async run(steps: readonly Step[]): Promise<Mismatch | null> {
    for (const [index, step] of steps.entries()) {
      this.#step = index
      const among = this.#isLong(step) ? this.#long : this.#answers
      const answer = this.#watch(() => this.#do(step))
      // Nothing is awaited between un-awaited steps: they have to be calls of one tick.
      if (waits(step)) await answer
      else among.push(answer)
      if (this.#mismatch !== null) break
    }
    await this.#settle()
    this.#step = steps.length
    if (this.#mismatch === null) await this.#watch(() => this.#compareAll())
    return this.#mismatch
  }

  /** Notes the first error; never rejects. */
  async #watch(run: () => Promise<void>): Promise<void> {
    const step = this.#step
    try {
      await within(run(), ANSWER_TIMEOUT, "the answer")
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      this.#mismatch ??= { step, error }
    }
  }

  async #do(step: Step): Promise<void> {
    switch (step.op) {
      case "settle":
        return this.#settle()
      case "turn":
        return new Promise(resolve => setTimeout(resolve, 0))
      case "reopen":
        return this.#reopen()
      case "load":
      case "list":
        return this.#open(step)
      case "next":
      case "rest":
      case "leave":
        return this.#iterate(step)
      case "currentMeta":
        return this.#currentMeta(this.#id(step))
      default:
        return this.#write(step)
    }
  }

  #id(step: { id: string }): string {
    const id = this.#base + step.id
    this.#ids.add(id)
    return id
  }

  async #write(step: WriteStep): Promise<void> {
    const { store } = this.#place
    const id = this.#id(step)
    switch (step.op) {
      case "append": {
        const given = makeRecord(step.record)
        const promise = store.append(id, given)
        spoil(given)
        return this.#outcome(promise, this.#reference.append(id, makeRecord(step.record)))
      }
      case "replace": {
        const given = step.records.map(makeRecord)
        const promise = store.replace(id, given)
        given.forEach(spoil)
        given.length = 0
        return this.#outcome(promise, this.#reference.replace(id, step.records.map(makeRecord)))
      }
      case "delete":
        return this.#outcome(store.delete(id), this.#reference.delete(id))
    }
  }

  #outcome(promise: Promise<void>, code: StoreErrorCode | null): Promise<void> {
    for (const listing of this.#listings) listing.changed()
    return settles(promise, code)
  }

  async #currentMeta(id: string): Promise<void> {
    const promise = this.#place.store.currentMeta(id)
    if (!id.isWellFormed()) return void (await rejects(promise, "STORE_INVALID_DOC_ID"))
    const expected = this.#reference.currentMeta(id)
    const meta = await promise
    deepEqual(meta, expected, "currentMeta")
    if (meta !== null) spoilMeta(meta)
  }

  async #open(step: Step & { op: "load" | "list" }): Promise<void> {
    const { store } = this.#place
    if (step.op === "load") {
      const id = this.#id(step)
      this.#iterations.set(step.iteration, new LoadIteration(store.loadAll(id), id, this.#reference))
      return
    }
    const prefix = this.#base + step.id
    const listing = new ListIteration(store.listDocIds(prefix), prefix, this.#reference)
    this.#listings.push(listing)
    this.#iterations.set(step.iteration, listing)
  }

  async #iterate(step: Step & { op: "next" | "rest" | "leave" }): Promise<void> {
    const iteration = this.#iterations.get(step.iteration)
    if (iteration === undefined || iteration.finished) return
    // What follows a call that reads to the end, or leaves, is not a call anybody makes.
    if (step.op !== "next") this.#iterations.delete(step.iteration)
    await iteration[step.op]()
  }

  #isLong(step: Step): boolean {
    if (step.op === "next") return this.#iterations.get(step.iteration)?.oneCall === false
    return step.op === "rest" || step.op === "leave"
  }

  async #reopen(): Promise<void> {
    await Promise.all(this.#long)
    const closing = this.#place.store.close()
    for (const iteration of this.#iterations.values()) iteration.closed()
    await closing
    const { reopen } = this.#place.subject
    if (reopen !== undefined) this.#place.store = await reopen()
  }

  async #settle(): Promise<void> {
    await Promise.all([...this.#answers, ...this.#long])
    this.#answers = []
    this.#long = []
  }

  async #compareAll(): Promise<void> {
    const { store } = this.#place
    for (const id of [...this.#ids].filter(id => id.isWellFormed())) {
      const records = await collect(store.loadAll(id))
      deepEqual(records, this.#reference.records(id), `at the end, the records of ${quote(id)}`)
      deepEqual(await store.currentMeta(id), this.#reference.currentMeta(id), `at the end, currentMeta of ${quote(id)}`)
    }
    const ids = await collect(store.listDocIds(this.#base))
    deepEqual(ids, this.#reference.ids(this.#base), "at the end, the listing")
  }
}

function waits(step: Step): boolean {
  return "awaited" in step ? step.awaited : step.op === "settle" || step.op === "turn" || step.op === "reopen"
}

async function settles(promise: Promise<void>, code: StoreErrorCode | null): Promise<void> {
  if (code === null) equal(await promise, undefined, "what the write resolved with")
  else await rejects(promise, code, { outcome: "none" })
}
