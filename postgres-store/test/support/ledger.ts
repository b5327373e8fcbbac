import { isStoreError, type Store, type StoreRecord } from "@holdfast/store-core"
import { entry, metaRecord, type Random } from "@holdfast/testing"
import { expect } from "vitest"
import { pause, texts } from "./fixtures.js"

/** What calls that meet a lost connection may reject with. */
const CODES = ["STORE_UNAVAILABLE", "STORE_LOAD_FAILED", "STORE_CONFLICT", "STORE_BUSY", "STORE_META_MISSING"]

export type Fate = "pending" | "stored" | "unknown" | "none"

export async function fateOf(call: Promise<void>): Promise<Fate> {
  try {
    await call
    return "stored"
  } catch (error) {
    if (!isStoreError(error)) throw error
    expect(CODES, error.message).toContain(error.code)
    return error.outcome
  }
}

/** Calls until it does not say that the connection is gone. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt > 1_000 || !isStoreError(error) || !error.retryable || error.outcome === "unknown") throw error
      await pause(10)
    }
  }
}

/** What a failure shows of a text. */
export function short(text: string): string {
  return text.length > 20 ? `${text.slice(0, 8)} ${text.length}` : text
}

let count = 0

/** A text of its own, of any length up to some thousand characters. */
export function freshText(random: Random): string {
  return `${String(++count).padStart(8, "0")} ${"x".repeat(random.int(0, 3000))}`
}

/** Entries that several stores append to one document. */
export class SharedDocument {
  readonly id: string
  acknowledged = 0
  private readonly fates = new Map<string, { readonly writer: Store; fate: Fate }>()

  constructor(id: string) {
    this.id = id
  }

  async append(store: Store, random: Random): Promise<void> {
    const data = freshText(random)
    const text = short(data)
    const one: { readonly writer: Store; fate: Fate } = { writer: store, fate: "pending" }
    this.fates.set(text, one)
    one.fate = await fateOf(store.append(this.id, entry(data)))
    if (one.fate === "stored") this.acknowledged++
  }

  /** To be called with nothing under way: nothing is lost, repeated, reordered or there although it was said not to be. */
  async check(store: Store): Promise<void> {
    const found = (await patiently(() => texts(store, this.id))).map(short)
    expect(new Set(found).size, `${this.id}: nothing twice`).toBe(found.length)
    const there = new Set(found)
    const of = (fate: Fate) => [...this.fates].filter(([, one]) => one.fate === fate).map(([text]) => text)
    expect(
      of("stored").filter(text => !there.has(text)),
      `${this.id}: nothing acknowledged is lost`,
    ).toEqual([])
    expect(
      found.filter(text => of("none").includes(text) || !this.fates.has(text)),
      this.id,
    ).toEqual([])
    for (const writer of new Set([...this.fates.values()].map(one => one.writer))) {
      const own = found.filter(text => this.fates.get(text)?.writer === writer)
      expect(own, `${this.id}: in the order of the calls`).toEqual([...own].sort())
    }
  }
}

/** A document that one store writes in every way. */
export class OwnDocument {
  readonly id: string
  acknowledged = 0
  private readonly store: Store
  /** What the document may be: more than one thing after a write whose outcome is unknown. */
  private possible: readonly (readonly string[])[] = [[]]
  private readonly calls: { readonly after: (before: readonly string[]) => readonly string[]; fate: Fate }[] = []

  constructor(id: string, store: Store) {
    this.id = id
    this.store = store
  }

  async write(random: Random): Promise<void> {
    const { id, store } = this
    const text = freshText(random)
    const label = short(text)
    const dice = random.int(0, 9)
    if (dice < 5) return this.follow(store.append(id, entry(text)), before => [...before, label])
    if (dice < 7) return this.follow(store.append(id, metaRecord({ schemaHash: text })), before => [...before, label])
    if (dice < 9) {
      const records: StoreRecord[] = [metaRecord({ schemaHash: `m${text}` }), entry(text)]
      return this.follow(store.replace(id, records), () => [short(`m${text}`), label])
    }
    return this.follow(store.delete(id), () => [])
  }

  /** To be called with nothing under way. */
  async check(): Promise<void> {
    const found = await patiently(() => this.labels())
    let possible = this.possible
    for (const { after, fate } of this.calls) {
      const applied = possible.map(after)
      if (fate === "stored") possible = applied
      else if (fate === "unknown") possible = unique([...possible, ...applied])
    }
    expect(possible, `${this.id}: as its calls left it: ${this.calls.map(one => one.fate)}`).toContainEqual(found)
    this.possible = [found]
    this.calls.length = 0
  }

  private async follow(call: Promise<void>, after: (before: readonly string[]) => readonly string[]): Promise<void> {
    const one: { readonly after: typeof after; fate: Fate } = { after, fate: "pending" }
    this.calls.push(one)
    one.fate = await fateOf(call)
    if (one.fate === "stored") this.acknowledged++
  }

  private async labels(): Promise<string[]> {
    const labels: string[] = []
    for await (const record of this.store.loadAll(this.id)) {
      labels.push(short(record.kind === "meta" ? record.meta.schemaHash : String(record.payload.data)))
    }
    return labels
  }
}

function unique(states: readonly (readonly string[])[]): (readonly string[])[] {
  return [...new Map(states.map(state => [state.join("\n"), state])).values()]
}
