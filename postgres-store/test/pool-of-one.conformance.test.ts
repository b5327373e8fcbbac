import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"
import { usualCases } from "./support/usual-cases.js"

const database = await createDatabase()
const pool = database.pool({ max: 1 })
const reach = {
  connect: () => fromPool(pool, { preparedStatements: true }),
  sql: (text: string) => database.admin.query(text),
}

await describeStore("pg Pool of one connection with prepared statements", () => postgresSubject(reach), {
  runner: { describe, it },
  ...usualCases,
})
