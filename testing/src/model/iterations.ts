import type { StoreRecord } from "@holdfast/store-core"
import { deepEqual, ok, rejects, show } from "../assert.js"
import { compareUtf8, isValidId, type Reference } from "./reference.js"
import { spoil } from "./spoil.js"

/** An iteration under test. What a call has to yield is fixed when it is made, not when it answers. */
export interface Iteration {
  /** Calls `next()`; the promise rejects when the answer is not the right one. */
  next(): Promise<void>
  /** Reads to the end. Nothing else may be called afterwards. */
  rest(): Promise<void>
  leave(): Promise<void>
  /** Whether a `next()` that was called completes though `close` is called right after it. */
  readonly oneCall: boolean
  /** There is nothing left to be predicted about it. */
  readonly finished: boolean
  /** The store is being closed. */
  closed(): void
}

abstract class Base<T> {
  protected readonly iterator: AsyncIterator<T>
  protected isClosed = false
  protected readonly isValid: boolean
  finished = false

  constructor(iterable: AsyncIterable<T>, isValid: boolean) {
    this.isValid = isValid
    this.iterator = iterable[Symbol.asyncIterator]()
  }

  async leave(): Promise<void> {
    this.finished = true
    const answer = await this.iterator.return?.()
    if (answer !== undefined) ok(answer.done === true, "done of the answer to return()")
  }

  /** With an argument that is not valid either, the rules do not say which of the two errors comes. */
  closed(): void {
    this.isClosed = true
    if (!this.isValid) this.finished = true
  }

  protected async fails(code: "STORE_CLOSED" | "STORE_INVALID_DOC_ID"): Promise<void> {
    this.finished = true
    await rejects(this.iterator.next(), code)
  }
}

/** A load: has to yield the records there were at its first `next()`. */
export class LoadIteration extends Base<StoreRecord> implements Iteration {
  readonly oneCall = true
  readonly #id: string
  readonly #reference: Reference
  #snapshot: readonly StoreRecord[] | null = null
  #at = 0

  constructor(iterable: AsyncIterable<StoreRecord>, id: string, reference: Reference) {
    super(iterable, isValidId(id))
    this.#id = id
    this.#reference = reference
  }

  async next(): Promise<void> {
    if (this.isClosed) return this.fails("STORE_CLOSED")
    if (!this.isValid) return this.fails("STORE_INVALID_DOC_ID")
    this.#snapshot ??= this.#reference.records(this.#id)
    const expected = this.#snapshot[this.#at++]
    this.finished = expected === undefined
    const answer = await this.iterator.next()
    deepEqual(answer.done ? "the end" : answer.value, expected ?? "the end", "next record")
    spoil(answer.value)
  }

  async rest(): Promise<void> {
    while (!this.finished) await this.next()
  }
}

/** A listing: ids that exist throughout have to be in it, ids that come or go may (LIST-4). */
export class ListIteration extends Base<string> implements Iteration {
  readonly oneCall = false
  readonly #prefix: string
  readonly #reference: Reference
  /** Existed since the start. */
  #must: Set<string> | null = null
  /** Existed at some time since the start. */
  readonly #may = new Set<string>()
  #last: string | null = null
  readonly #seen = new Set<string>()

  constructor(iterable: AsyncIterable<string>, prefix: string, reference: Reference) {
    super(iterable, prefix === "" || isValidId(prefix))
    this.#prefix = prefix
    this.#reference = reference
  }

  /** The documents there are have changed. */
  changed(): void {
    if (this.#must === null) return
    const now = new Set(this.#reference.ids(this.#prefix))
    for (const id of this.#must) if (!now.has(id)) this.#must.delete(id)
    for (const id of now) this.#may.add(id)
  }

  async next(): Promise<void> {
    if (this.isClosed) return this.fails("STORE_CLOSED")
    if (!this.isValid) return this.fails("STORE_INVALID_DOC_ID")
    if (this.#must === null) {
      this.#must = new Set(this.#reference.ids(this.#prefix))
      this.changed()
    }
    const answer = await this.iterator.next()
    if (!answer.done) return this.#takes(answer.value)
    this.finished = true
    const missed = [...this.#must].filter(id => !this.#seen.has(id))
    deepEqual(missed, [], "ids that existed throughout and were not listed")
  }

  async rest(): Promise<void> {
    while (!this.finished) await this.next()
  }

  #takes(id: string): void {
    const shown = show(id)
    ok(this.#may.has(id), `${shown} was listed and has the prefix and existed since the listing began`)
    ok(this.#last === null || compareUtf8(this.#last, id) < 0, `${shown} comes after ${show(this.#last)}`)
    this.#last = id
    this.#seen.add(id)
  }
}
