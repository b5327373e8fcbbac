import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { createTablesSql, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"
import { storageCases } from "./support/usual-cases.js"

const PARTITIONS = 16

const database = await createDatabase()
const pool = database.pool()
const reach = {
  connect: () => fromPool(pool),
  sql: (text: string) => database.admin.query(text),
  createTables: async (schema: string) => {
    for (const stem of ["holdfast", "other"]) {
      const records = `${stem}_records`
      const sql = createTablesSql({ schema, tables: { meta: `${stem}_meta`, records } })
      // Without the function, so that the suite runs once over the statement that takes its place.
      const tables = sql.slice(0, sql.indexOf("-- Optional:"))
      await database.admin.query(tables.replace(/\);\s*$/, ") PARTITION BY HASH (doc);"))
      for (let i = 0; i < PARTITIONS; i++) {
        const part = `${schema}.${records}_${i} PARTITION OF ${schema}.${records}`
        await database.admin.query(`CREATE TABLE ${part} FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${i})`)
      }
    }
  },
}

await describeStore("records partitioned 16 ways", () => postgresSubject(reach), {
  runner: { describe, it },
  ...storageCases,
})
