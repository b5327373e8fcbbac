import type { Store } from "@holdfast/store-core"
import type { OwnFaultSeam, Subject, SubjectOptions } from "@holdfast/testing"
import type { TestDatabase } from "../../../postgres-store/test/support/database.js"
import { createPrismaStore, type ModelNames, type PrismaStoreOptions } from "../../src/index.js"
import type { PrismaClient } from "../generated/postgresql/client.js"
import { PostgresPlace } from "./postgres.js"

const OTHER_MODELS: ModelNames = { meta: "Text", records: "TextRow" }

/** A subject of the conformance suite, with every part, in a schema of its own. */
export async function postgresSubject(database: TestDatabase): Promise<Subject> {
  const subject = new PostgresSubject(new PostgresPlace(database))
  await subject.openMain()
  return subject
}

class PostgresSubject implements Subject {
  store!: Store
  readonly fault: OwnFaultSeam
  private readonly place: PostgresPlace
  private schema = ""
  private main!: PrismaClient
  private other: PrismaClient | null = null

  constructor(place: PostgresPlace) {
    this.place = place
    this.fault = place.watch.fault
  }

  async openMain(): Promise<void> {
    this.schema = await this.place.create()
    this.main = this.place.client(this.schema)
    this.store = await this.open({ client: this.main })
  }

  reopen(): Promise<Store> {
    return this.second()
  }

  second(): Promise<Store> {
    // One more client for all of them: each has a pool of connections.
    this.other ??= this.place.client(this.schema)
    return this.open({ client: this.other })
  }

  isolated(): Promise<Store> {
    return this.open({ client: this.main, models: OTHER_MODELS })
  }

  async configured(options: SubjectOptions): Promise<Store> {
    return this.open({ ...options, client: this.place.client(await this.place.create()) })
  }

  async corrupt(docId: string): Promise<void> {
    const of = `doc = (SELECT doc FROM ${this.schema}.holdfast_meta WHERE doc_id = $1)`
    const records = `${this.schema}.holdfast_records`
    const last = `seq = (SELECT max(seq) FROM ${records} WHERE ${of})`
    const { rowCount } = await this.place.sql(`UPDATE ${records} SET kind = 99 WHERE ${of} AND ${last}`, [docId])
    if (rowCount !== 1) throw new Error(`${rowCount} rows made nonsense instead of one`)
  }

  commits(): number {
    return this.place.watch.commits
  }

  dispose(): Promise<void> {
    return this.place.dispose()
  }

  private open(options: PrismaStoreOptions): Promise<Store> {
    return createPrismaStore(options)
  }
}
