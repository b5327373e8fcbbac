import { createTablesSql } from "@holdfast/postgres-store"
import { PrismaPg } from "@prisma/adapter-pg"
import type { TestDatabase } from "../../../postgres-store/test/support/database.js"
import { PrismaClient } from "../generated/postgresql/client.js"
import { Watch } from "./watch.js"

const OTHER_TABLES = { meta: "other_meta", records: "other_records" }

let schemas = 0

/** A schema of its own with the tables of both pairs of models and one of the application's, and clients on it. */
export class PostgresPlace {
  readonly watch = new Watch()
  private readonly database: TestDatabase
  private readonly schemas: string[] = []
  private readonly clients: PrismaClient[] = []

  constructor(database: TestDatabase) {
    this.database = database
  }

  async create(): Promise<string> {
    const schema = `place_${++schemas}`
    this.schemas.push(schema)
    await this.sql(`CREATE SCHEMA ${schema};
CREATE TABLE ${schema}."Note" (id serial PRIMARY KEY, title text NOT NULL UNIQUE);
${createTablesSql({ schema })}
${createTablesSql({ schema, tables: OTHER_TABLES })}`)
    return schema
  }

  /** Runs SQL as the owner of everything, past Prisma. */
  sql(text: string, values: unknown[] = []) {
    return values.length === 0 ? this.database.admin.query(text) : this.database.admin.query(text, values)
  }

  /** Another client whose statements find the tables of the schema. */
  client(schema: string, config: { max?: number; connectionString?: string } = {}): PrismaClient {
    const { watch } = this
    class Watched extends PrismaPg {
      override async connect() {
        const adapter = await super.connect()
        watch.adapter(adapter)
        return adapter
      }
    }
    const options = `-c search_path=${schema}`
    const connection = { connectionString: this.database.url, options, max: 4, ...config }
    const adapter = new Watched(connection, { schema })
    const client = new PrismaClient({ adapter })
    this.clients.push(client)
    return client
  }

  async dispose(): Promise<void> {
    for (const client of this.clients) await client.$disconnect()
    for (const schema of this.schemas) await this.sql(`DROP SCHEMA ${schema} CASCADE`)
  }
}
