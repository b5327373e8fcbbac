import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { postgresSubject } from "./support/subject.js"
import { storageCases } from "./support/usual-cases.js"

const database = await createDatabase("icu")
const pool = database.pool()
const reach = { connect: () => fromPool(pool), sql: (text: string) => database.admin.query(text) }

await describeStore("a database whose default collation is ICU en-US", () => postgresSubject(reach), {
  runner: { describe, it },
  ...storageCases,
})
