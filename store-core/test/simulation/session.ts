import {
  type DocId,
  EngineStore,
  isStoreError,
  StoreError,
  type StoreRecord,
  type WriteOperation,
} from "@holdfast/store-core"
import { entry, label, metaRecord } from "../support/records.js"
import type { SimulatedBackend } from "./backend.js"
import type { Clock } from "./clock.js"
import type { Action, Profile, Reading, RecordKind } from "./history.js"

/** What one call was and what became of it. `at` and `replied` are stamps of the clock; infinite when no answer came. */
export type Call = { readonly at: number; replied: number; outcome: string } & (
  | { readonly kind: "write"; readonly operation: WriteOperation; unknown: boolean }
  | { readonly kind: "meta"; found: string | null }
  | { readonly kind: "load"; readonly labels: string[]; complete: boolean }
)

/** One listing; `before` says how many calls had been made on each document when it was asked for. */
export interface Listed {
  readonly at: number
  readonly replied: number
  readonly ids: readonly DocId[]
  readonly before: ReadonlyMap<DocId, number>
}

const PENDING = "pending"

/** What one process does with its store, from when it opens it until it closes it or dies. */
export class Session {
  readonly calls = new Map<DocId, Call[]>()
  readonly listings: Listed[] = []
  readonly problems: string[] = []
  readonly number: number
  readonly backend: SimulatedBackend
  private readonly store: EngineStore
  private readonly pending = new Set<Promise<unknown>>()
  /** An iterator that nobody holds any more is collected at a moment that differs from run to run. */
  private readonly iterators: unknown[] = []
  private isClosing = false
  private readonly clock: Clock

  constructor(number: number, backend: SimulatedBackend, clock: Clock, profile: Profile) {
    this.number = number
    this.backend = backend
    this.clock = clock
    const { busyTimeout, readAhead, loadGuard } = profile
    this.store = new EngineStore(backend, { busyTimeout, readAhead, loadGuard })
  }

  /** Makes the call of an action; `close`, `crash` and `restart` are done by who runs the history. */
  call(action: Action): void {
    const { kind } = action
    if (kind === "append" || kind === "replace") {
      this.write({ kind, docId: action.docId, records: recordsOf(action.name, action.records) })
    } else if (kind === "delete") this.write({ kind, docId: action.docId })
    else if (kind === "meta") this.readMeta(action.docId)
    else if (kind === "load") this.load(action.docId, action.reading)
    else if (kind === "list") this.list()
  }

  /** Closing may fail as everything else may; tried again it comes to its end. */
  close(calm: () => void): void {
    this.isClosing = true
    this.follow(this.closing(calm))
  }

  die(): void {
    this.backend.die()
    this.pending.clear()
  }

  /** Resolves when every call has been answered, unless the process is dead. */
  async settled(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending)
  }

  private write(operation: WriteOperation): void {
    const { store } = this
    const call: Call = { ...this.begin(), kind: "write", operation, unknown: false }
    this.keep(operation.docId, call)
    const write = (): Promise<void> => {
      if (operation.kind === "delete") return store.delete(operation.docId)
      if (operation.kind === "replace") return store.replace(operation.docId, [...operation.records])
      return store.append(operation.docId, operation.records[0] as StoreRecord)
    }
    this.answer(write(), call, operation.docId, () => {})
  }

  private readMeta(docId: DocId): void {
    const call: Call = { ...this.begin(), kind: "meta", found: null }
    this.keep(docId, call)
    this.answer(this.store.currentMeta(docId), call, docId, meta => {
      call.found = meta === null ? null : meta.schemaHash
    })
  }

  private load(docId: DocId, { steps, ahead, pause, breakOff }: Reading): void {
    const iterator = this.store.loadAll(docId)[Symbol.asyncIterator]()
    this.iterators.push(iterator)
    const call: Call = { ...this.begin(), kind: "load", labels: [], complete: false }
    this.keep(docId, call)
    const step = () =>
      iterator.next().then(
        result => {
          this.reply(call)
          if (call.outcome !== "ok" && call.outcome !== PENDING) this.report("a step after an error did not report it")
          else if (result.done === true) call.complete = true
          else if (call.complete) this.report("a record after the end")
          else call.labels.push(label(result.value))
          if (call.outcome === PENDING) call.outcome = "ok"
        },
        error => {
          this.reply(call)
          if (call.complete) this.report("an error after the end")
          const code = this.codeOf(error, docId)
          if (call.outcome !== "ok" && call.outcome !== PENDING && call.outcome !== code) {
            this.report(`${call.outcome} became ${code}`)
          }
          call.outcome = code
        },
      )
    const consume = async (first: Promise<void>[]) => {
      await Promise.all(first)
      for (let i = 1; i < steps && !call.complete && call.outcome === "ok"; i++) {
        if (pause !== null) await this.clock.sleep(pause)
        await Promise.all(Array.from({ length: ahead }, step))
      }
      if (!breakOff || call.complete) return
      await iterator.return?.()
      await iterator.next().catch(() => {})
    }
    this.follow(consume(Array.from({ length: ahead }, step)))
  }

  private list(): void {
    const iterator = this.store.listDocIds()[Symbol.asyncIterator]()
    const at = this.clock.stamp()
    const before = new Map([...this.calls].map(([docId, calls]) => [docId, calls.length]))
    const consume = async () => {
      const ids: DocId[] = []
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) ids.push(next.value)
      this.listings.push({ at, replied: this.clock.stamp(), ids, before })
    }
    this.follow(consume().catch(error => this.codeOf(error, undefined)))
  }

  private async closing(calm: () => void): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await Promise.all([this.store.close(), this.store.close()])
        return
      } catch (error) {
        this.codeOf(error, undefined)
        if (attempt === 4) return this.report("closing again did not close")
        if (attempt === 3) calm()
      }
    }
  }

  private begin() {
    return { at: this.clock.stamp(), replied: Number.POSITIVE_INFINITY, outcome: PENDING }
  }

  private keep(docId: DocId, call: Call): void {
    const calls = this.calls.get(docId)
    if (calls === undefined) this.calls.set(docId, [call])
    else calls.push(call)
  }

  private reply(call: Call): void {
    if (call.replied === Number.POSITIVE_INFINITY) call.replied = this.clock.stamp()
  }

  private answer<T>(promise: Promise<T>, call: Call, docId: DocId, take: (value: T) => void): void {
    const done = promise.then(
      value => {
        this.reply(call)
        call.outcome = "ok"
        take(value)
      },
      error => {
        this.reply(call)
        call.outcome = this.codeOf(error, docId)
        if (call.kind === "write") call.unknown = isStoreError(error) && error.outcome === "unknown"
      },
    )
    this.follow(done)
  }

  private codeOf(error: unknown, docId: DocId | undefined): string {
    if (!(error instanceof StoreError) || !isStoreError(error)) {
      this.report(`not a StoreError: ${String(error)}`)
      return "STORE_BACKEND"
    }
    if (error.code === "STORE_CLOSED" && !this.isClosing) this.report("closed by nobody")
    if (docId !== undefined && error.docId !== docId && error.code !== "STORE_CLOSED") {
      this.report(`${error.code} of ${docId} names ${error.docId}`)
    }
    return error.code
  }

  private report(problem: string): void {
    this.problems.push(`process ${this.number}: ${problem}`)
  }

  private follow(work: Promise<unknown>): void {
    this.pending.add(work)
    void work.finally(() => this.pending.delete(work))
  }
}

function recordsOf(name: number, kinds: readonly RecordKind[]): StoreRecord[] {
  return kinds.map((kind, i) => {
    if (kind === "entry") return entry(`${name}.${i}`)
    return metaRecord({ replicaType: [kind === "meta" ? "text" : "other", 1, 0], schemaHash: `${name}.${i}` })
  })
}
