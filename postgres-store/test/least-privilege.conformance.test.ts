import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { createTablesSql, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"
import { storageCases } from "./support/usual-cases.js"

const database = await createDatabase()
const role = `${database.name}_writer`
await database.admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'writer'`)
afterAll(async () => {
  await database.admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
})
const pool = database.pool({ user: role, password: "writer", connectionString: undefined, ...addressOf(database.url) })
const reach = {
  connect: () => fromPool(pool),
  sql: (text: string) => database.admin.query(text),
  createTables: async (schema: string) => {
    for (const stem of ["holdfast", "other"]) {
      const tables = { meta: `${stem}_meta`, records: `${stem}_records` }
      await database.admin.query(createTablesSql({ schema, tables }))
      for (const table of [tables.meta, tables.records]) {
        await database.admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.${table} TO ${role}`)
      }
    }
    await database.admin.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
  },
}

await describeStore("a role that may only select, insert, update and delete", () => postgresSubject(reach), {
  runner: { describe, it },
  ...storageCases,
})

function addressOf(url: string) {
  const { hostname, port, pathname } = new URL(url)
  return { host: hostname, port: Number(port), database: pathname.slice(1) }
}
