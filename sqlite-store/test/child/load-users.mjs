import { createHash } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"

const DOCUMENTS_EACH = 10
/** Entries after which a document is written anew as one, as an editor does now and then. */
const COMPACT_AT = 100

/** Random numbers, the same again for the same seed. */
export function randomOf(seed) {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}

function meta(hash) {
  const syncMode = { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" }
  return { kind: "meta", meta: { replicaType: ["text", 1, 0], syncMode, schemaHash: hash } }
}

/** A record in short. */
function label(record) {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  return `${record.version} ${createHash("sha1").update(record.payload.data).digest("base64").slice(0, 10)}`
}

/**
 * One user of the store, who works on documents of his own, one call after the other or several at a time, and knows
 * what must be in them.
 */
export class User {
  calls = 0
  loaded = 0
  /** What must be stored, by document: the records in short. A document that is missing does not exist. */
  expected = new Map()
  #random
  #count = 0
  #name

  constructor(name, seed) {
    this.#name = name
    this.#random = randomOf(seed)
  }

  /** Documents of every age, so that there is as much to store from the beginning as later. */
  async begin(store) {
    for (let i = 0; i < DOCUMENTS_EACH; i++) await this.#replace(store, this.#docId(i), this.#random(COMPACT_AT))
  }

  async work(store, isOver, pause) {
    while (!isOver()) {
      await this.#act(store, this.#docId(this.#random(DOCUMENTS_EACH)))
      if (pause > 0) await sleep(this.#random(pause))
    }
  }

  /** Loads everything and compares. */
  async verify(store) {
    for (let i = 0; i < DOCUMENTS_EACH; i++) await this.#load(store, this.#docId(i))
  }

  #docId(i) {
    return `user ${this.#name}/document ${i}`
  }

  async #act(store, docId) {
    const known = this.expected.get(docId)
    const dice = this.#random(100)
    if (known === undefined) await this.#replace(store, docId, this.#random(5))
    else if (known.length > COMPACT_AT) await this.#replace(store, docId, 1)
    else if (dice < 80) await this.#append(store, docId, 1 + this.#random(4))
    else if (dice < 90) await this.#load(store, docId)
    else if (dice < 93) await this.#breakOff(store, docId)
    else if (dice < 96) await this.#list(store)
    else if (dice < 98) await store.currentMeta(docId)
    else if (dice < 99) await this.#replace(store, docId, this.#random(COMPACT_AT))
    else {
      await store.delete(docId)
      this.expected.delete(docId)
    }
    this.calls++
  }

  #entry() {
    const version = `${this.#name} ${this.#count++}`
    const size = this.#random(50) === 0 ? this.#random(20_000) : this.#random(400)
    const data = new Uint8Array(size).fill(this.#random(256))
    return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version }
  }

  async #append(store, docId, count) {
    const records = Array.from({ length: count }, () => this.#entry())
    await Promise.all(records.map(record => store.append(docId, record)))
    this.expected.get(docId).push(...records.map(label))
  }

  async #replace(store, docId, count) {
    const records = [meta(`${this.#name} ${this.#count++}`), ...Array.from({ length: count }, () => this.#entry())]
    await store.replace(docId, records)
    this.expected.set(docId, records.map(label))
  }

  async #load(store, docId) {
    const wanted = this.expected.get(docId) ?? []
    let at = 0
    for await (const record of store.loadAll(docId)) {
      if (label(record) !== wanted[at]) throw new Error(`${docId}: record ${at} is ${label(record)}, not ${wanted[at]}`)
      at++
    }
    if (at !== wanted.length) throw new Error(`${docId}: ${at} records, not ${wanted.length}`)
    this.loaded += at
  }

  async #breakOff(store, docId) {
    for await (const _ of store.loadAll(docId)) if (this.#random(3) === 0) return
  }

  async #list(store) {
    const prefix = `user ${this.#name}/`
    const ids = []
    for await (const id of store.listDocIds(prefix)) ids.push(id)
    const wanted = [...this.expected.keys()].sort()
    if (ids.join() !== wanted.join()) throw new Error(`${prefix}: listed ${ids.join()}, not ${wanted.join()}`)
  }
}
