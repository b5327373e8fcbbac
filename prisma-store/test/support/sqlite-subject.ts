import type { Store } from "@holdfast/store-core"
import type { OwnFaultSeam, Subject, SubjectOptions } from "@holdfast/testing"
import { createPrismaStore, type ModelNames, type PrismaStoreOptions } from "../../src/index.js"
import type { PrismaClient } from "../generated/sqlite/client.js"
import { SqlitePlace } from "./sqlite.js"

const PAIRS = {
  default: { models: {}, tables: ["holdfast_meta", "holdfast_records"] },
  own: { models: { meta: "Text", records: "TextRow" }, tables: ["other_meta", "other_records"] },
} as const

/** A subject of the conformance suite, with every part, on the models of the given names. */
export async function sqliteSubject(pair: keyof typeof PAIRS = "default"): Promise<Subject> {
  const subject = new SqliteSubject(pair)
  await subject.openMain()
  return subject
}

class SqliteSubject implements Subject {
  store!: Store
  readonly fault: OwnFaultSeam
  private readonly place = new SqlitePlace()
  private readonly pair: keyof typeof PAIRS
  private main!: PrismaClient
  private files = 0

  constructor(pair: keyof typeof PAIRS) {
    this.pair = pair
    this.fault = this.place.watch.fault
  }

  async openMain(): Promise<void> {
    await this.place.create()
    this.main = this.place.client()
    this.store = await this.open(this.main)
  }

  reopen(): Promise<Store> {
    return this.second()
  }

  second(): Promise<Store> {
    return this.open(this.place.client())
  }

  isolated(): Promise<Store> {
    return this.open(this.main, {}, PAIRS[this.pair === "own" ? "default" : "own"].models)
  }

  async configured(options: SubjectOptions): Promise<Store> {
    const name = `configured-${++this.files}.db`
    await this.place.create(name)
    return this.open(this.place.client(name), options)
  }

  async corrupt(docId: string): Promise<void> {
    const [meta, records] = PAIRS[this.pair].tables
    const of = `doc = (SELECT doc FROM ${meta} WHERE doc_id = ?)`
    const sql = `UPDATE ${records} SET kind = 99 WHERE ${of} AND seq = (SELECT max(seq) FROM ${records} WHERE ${of})`
    const changed = await this.place.own(undefined, db => db.prepare(sql).run(docId, docId).changes)
    if (changed !== 1) throw new Error(`${changed} rows made nonsense instead of one`)
  }

  commits(): number {
    return this.place.watch.commits
  }

  dispose(): Promise<void> {
    return this.place.dispose()
  }

  private open(
    client: PrismaClient,
    options: Omit<PrismaStoreOptions, "client" | "models"> = {},
    models: ModelNames = PAIRS[this.pair].models,
  ): Promise<Store> {
    return createPrismaStore({ ...options, client, models })
  }
}
