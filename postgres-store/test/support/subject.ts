import type { Store } from "@holdfast/store-core"
import type { OwnFaultSeam, Subject, SubjectOptions } from "@holdfast/testing"
import { createPostgresStore, type PgAdapter, type PostgresStoreOptions } from "../../src/index.js"
import { Watch } from "./watch.js"

/** Where subjects are made: how a store reaches the database, and how the test does. */
export interface Reach {
  /** An adapter of the kind under test. */
  connect(): PgAdapter | Promise<PgAdapter>
  /** Runs SQL as the owner of everything. */
  sql(text: string): Promise<unknown>
  /** Makes the tables in a schema; default: the store does. */
  readonly createTables?: (schema: string) => Promise<void>
}

const OTHER_TABLES = { meta: "other_meta", records: "other_records" }

let schemas = 0

/** A subject of the conformance suite, with every part, in a schema of its own. */
export async function postgresSubject(reach: Reach): Promise<Subject> {
  const schema = await freshSchema(reach)
  const place = new PostgresPlace(reach, schema)
  await place.openMain()
  return place
}

async function freshSchema(reach: Reach): Promise<string> {
  const schema = `place_${++schemas}`
  await reach.sql(`CREATE SCHEMA ${schema}`)
  await reach.createTables?.(schema)
  return schema
}

class PostgresPlace implements Subject {
  store!: Store
  readonly fault: OwnFaultSeam
  private readonly reach: Reach
  private readonly schema: string
  private readonly watch = new Watch()
  private readonly schemas: string[]

  constructor(reach: Reach, schema: string) {
    this.reach = reach
    this.schema = schema
    this.schemas = [schema]
    this.fault = this.watch.fault
  }

  async openMain(): Promise<void> {
    this.store = await this.open({ schema: this.schema })
  }

  reopen(): Promise<Store> {
    return this.second()
  }

  second(): Promise<Store> {
    return this.open({ schema: this.schema })
  }

  isolated(): Promise<Store> {
    return this.open({ schema: this.schema, tables: OTHER_TABLES })
  }

  async configured(options: SubjectOptions): Promise<Store> {
    const schema = await freshSchema(this.reach)
    this.schemas.push(schema)
    return this.open({ ...options, schema })
  }

  async corrupt(docId: string): Promise<void> {
    const id = `convert_from('\\x${Buffer.from(docId).toString("hex")}', 'UTF8')`
    const of = `doc = (SELECT doc FROM ${this.schema}.holdfast_meta WHERE doc_id = ${id})`
    const records = `${this.schema}.holdfast_records`
    await this.reach.sql(
      `UPDATE ${records} SET kind = 99 WHERE ${of} AND seq = (SELECT max(seq) FROM ${records} WHERE ${of})`,
    )
  }

  commits(): number {
    return this.watch.commits
  }

  async dispose(): Promise<void> {
    for (const schema of this.schemas) await this.reach.sql(`DROP SCHEMA ${schema} CASCADE`)
  }

  private async open(options: PostgresStoreOptions): Promise<Store> {
    const adapter = this.watch.adapter(await this.reach.connect())
    return createPostgresStore(adapter, { createTables: this.reach.createTables === undefined, ...options })
  }
}
