import {
  type Backend,
  type DocId,
  type DocumentState,
  needsMeta,
  type Outcome,
  type Page,
  type Plan,
  recordBytes,
  type StoreError,
  type StoreMeta,
  type WriteOperation,
} from "@holdfast/store-core"
import type { Random } from "../support/random.js"
import { failure } from "../support/scripted-backend.js"
import type { Clock } from "./clock.js"
import type { Database, Stored } from "./database.js"
import type { Profile } from "./history.js"

/** Where a load goes on: the generation's document number, the next sequence number and the last one. */
interface Position {
  readonly number: number
  readonly next: number
  readonly end: number
  readonly page: number
}

/** A moment at which something may happen to a call: nothing is stored yet, it may be by now, or it is. */
type Moment = "before" | "unsure" | "stored"
type Steps<T> = Generator<Moment, T, void>

const CODES = ["STORE_BUSY", "STORE_CONFLICT", "STORE_BACKEND", "STORE_FULL", "STORE_UNAVAILABLE"] as const
const ALL = ""

/**
 * One process's connection to the simulated database. A call goes on in steps, and between any two of them it may be
 * delayed or fail, the database may go down, and the process may die. Writers collide as on the real databases: on one
 * lock for all, on locks of documents, or on a guess of a document's state that turns out to be old.
 */
export class SimulatedBackend implements Backend<Position> {
  readonly name = "simulated"
  readonly capabilities = { durable: true, multiWriter: true }
  /** What the engine did although `Backend` says that it does not. */
  readonly violations: string[] = []
  /** How many of its calls were made to fail. */
  faults = 0
  isDead = false
  private isClosed = false
  private committing = false
  private readonly reading = new Map<DocId, number>()
  /** Documents as this connection left them: only a guess when others write. */
  private readonly known = new Map<DocId, Stored | null>()
  protected readonly database: Database
  protected readonly session: number
  protected readonly clock: Clock
  private readonly profile: Profile
  private readonly random: Random

  constructor(database: Database, session: number, clock: Clock, profile: Profile, random: Random) {
    this.database = database
    this.session = session
    this.clock = clock
    this.profile = profile
    this.random = random
  }

  /** The process is dead: nothing of it goes on, and the database undoes what it had begun. */
  die(): void {
    this.isDead = true
    this.database.unlock(this.session)
  }

  commit(operations: readonly WriteOperation[], plan: Plan): readonly Outcome[] | Promise<readonly Outcome[]> {
    if (this.committing) this.violations.push("two commits at a time")
    for (const { docId } of operations) {
      if (this.reading.has(docId)) this.violations.push(`commit during a read of ${docId}`)
    }
    this.committing = true
    const over = () => {
      this.committing = false
      if (!this.isDead) this.database.unlock(this.session)
    }
    return this.run(this.transaction(operations, plan), over)
  }

  readPage(docId: DocId, cursor: Position | null): Page<Position> | Promise<Page<Position>> {
    return this.run(
      this.looking(() => this.page(docId, cursor)),
      this.beginRead(cursor === null ? docId : null),
    )
  }

  readMeta(docId: DocId): StoreMeta | null | Promise<StoreMeta | null> {
    return this.run(
      this.looking(() => this.database.get(docId)?.meta ?? null),
      this.beginRead(docId),
    )
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] | Promise<readonly DocId[]> {
    const matches = (id: DocId) => id.startsWith(prefix) && (after === null || id > after)
    return this.run(
      this.looking(() => this.database.ids().filter(matches).slice(0, limit)),
      ignore,
    )
  }

  close(): void | Promise<void> {
    return this.run(this.closing(), ignore)
  }

  /** The transaction of a group. Protected, so that a test can put a wrong one in its place. */
  protected *transaction(operations: readonly WriteOperation[], plan: Plan): Steps<readonly Outcome[]> {
    yield "before"
    if (this.profile.sharing === "one lock" && !this.database.lock(ALL, this.session)) throw failure("STORE_BUSY")
    const skipped = this.skip(operations)
    const taken = operations.filter((_, i) => skipped[i] === null)
    const bases = new Map<DocId, Stored | null>()
    for (const { docId } of taken) bases.set(docId, this.base(docId))
    yield "before"
    const decisions = plan(taken, statesOf(taken, bases))
    yield "before"
    this.checkGuesses(bases)
    yield "unsure"
    this.checkGuesses(bases)
    this.database.commit(this.session, taken, decisions, bases)
    for (const docId of bases.keys()) this.known.set(docId, this.database.get(docId))
    yield "stored"
    const outcomes = decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
    return skipped.map(refusal => refusal ?? outcomes.shift() ?? null)
  }

  /** What is not as it was taken to be has been written by somebody else. */
  protected checkGuesses(bases: ReadonlyMap<DocId, Stored | null>): void {
    const stale = [...bases].some(([docId, base]) => this.database.get(docId) !== base)
    if (stale) throw failure("STORE_CONFLICT")
  }

  /** Which operations somebody else is in the way of; those behind them on the same document too. */
  private skip(operations: readonly WriteOperation[]): (StoreError | null)[] {
    const held = new Map<DocId, StoreError>()
    return operations.map(({ docId }) => {
      const isFree = this.profile.sharing !== "locks" || this.database.lock(docId, this.session)
      const unlucky = this.random.chance(this.profile.locks)
      const before = held.get(docId)
      if (before !== undefined) return before
      if (isFree && !unlucky) return null
      const refusal = failure(this.random.pick(["STORE_BUSY", "STORE_CONFLICT"]))
      held.set(docId, refusal)
      return refusal
    })
  }

  private base(docId: DocId): Stored | null {
    const guess = this.profile.sharing === "guesses" ? this.known.get(docId) : undefined
    return guess === undefined ? this.database.get(docId) : guess
  }

  private *looking<T>(look: () => T): Steps<T> {
    yield "before"
    const seen = look()
    yield "before"
    return seen
  }

  private *closing(): Steps<void> {
    yield "before"
    this.isClosed = true
  }

  private page(docId: DocId, cursor: Position | null): Page<Position> {
    const stored = this.database.get(docId)
    if (cursor === null && stored === null) return { records: [], bytes: 0, next: null }
    const isGone =
      stored === null || (cursor !== null && (stored.number !== cursor.number || stored.first > cursor.next))
    if (isGone) throw failure("STORE_LOAD_SUPERSEDED")
    const { number, first } = stored
    const { next, end, page } = cursor ?? { next: first, end: first + stored.records.length, page: 0 }
    const size = this.profile.emptyPages && page % 2 === 1 ? 0 : this.profile.pageRecords
    const records = stored.records.slice(next - first, Math.min(next + size, end) - first)
    const reached = next + records.length
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0)
    return { records, bytes, next: reached < end ? { number, next: reached, end, page: page + 1 } : null }
  }

  private beginRead(docId: DocId | null): () => void {
    if (docId === null) return ignore
    this.reading.set(docId, (this.reading.get(docId) ?? 0) + 1)
    return () => {
      const left = (this.reading.get(docId) ?? 0) - 1
      if (left === 0) this.reading.delete(docId)
      else this.reading.set(docId, left)
    }
  }

  /** Goes through the steps, without a promise as long as nothing is waited for. */
  private run<T>(steps: Steps<T>, over: () => void): T | Promise<T> {
    if (this.isClosed) this.violations.push("used after it was closed")
    const epoch = this.database.epoch
    const go = (): T | Promise<T> => {
      for (;;) {
        if (this.isDead) return new Promise(ignore)
        const { done, value } = steps.next()
        if (done === true) return value
        const wait = this.wait()
        if (wait === null) this.disturb(value, epoch)
        else {
          return wait.then(() => {
            if (!this.isDead) this.disturb(value, epoch)
            return go()
          })
        }
      }
    }
    const failed = (error: unknown): never => {
      this.known.clear()
      throw error
    }
    let result: T | Promise<T>
    try {
      result = go()
    } catch (error) {
      over()
      return failed(error)
    }
    if (result instanceof Promise) return result.catch(failed).finally(over)
    over()
    return result
  }

  private wait(): Promise<void> | null {
    const wait = this.random.pick(this.profile.waits)
    if (wait === "none") return null
    if (wait === "microtask") return Promise.resolve()
    return this.clock.sleep(wait === "turn" ? 0 : this.random.below(5) / 2)
  }

  private disturb(moment: Moment, epoch: number): void {
    if (epoch !== this.database.epoch) throw failure("STORE_UNAVAILABLE", moment === "before" ? "none" : "unknown")
    if (!this.random.chance(this.profile.failures)) return
    this.faults++
    // What is done already cannot be said not to have happened, except where that is not known.
    if (moment === "stored" || this.random.chance(moment === "unsure" ? 0.3 : 0)) {
      throw failure(this.random.pick(["STORE_UNAVAILABLE", "STORE_BACKEND", "STORE_BUSY"]), "unknown")
    }
    if (this.random.chance(0.1)) throw new Error("not a StoreError")
    throw failure(this.random.pick(CODES))
  }
}

/** What a plan is told: metadata only where it takes some. */
function statesOf(
  operations: readonly WriteOperation[],
  bases: ReadonlyMap<DocId, Stored | null>,
): Map<DocId, DocumentState> {
  const needed = new Set(operations.filter(needsMeta).map(({ docId }) => docId))
  const states = new Map<DocId, DocumentState>()
  for (const [docId, base] of bases) {
    states.set(docId, base === null ? null : { meta: needed.has(docId) ? base.meta : "unread" })
  }
  return states
}

function ignore(): void {}
