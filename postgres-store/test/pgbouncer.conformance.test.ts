import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { findPgBouncer, startPgBouncer } from "./support/pgbouncer.js"
import { postgresSubject } from "./support/subject.js"
import { usualCases } from "./support/usual-cases.js"

const binary = findPgBouncer()

if (binary === null) {
  describe("PgBouncer in transaction mode", () => {
    it.skip("the conformance suite (not run: the Debian package pgbouncer is not installed)", () => {})
  })
} else {
  const database = await createDatabase()
  const bouncer = await startPgBouncer(binary, database.url)
  const pool = database.pool({ connectionString: bouncer.url })
  afterAll(async () => {
    await pool.end()
    await bouncer.stop()
  })
  const reach = { connect: () => fromPool(pool), sql: (text: string) => database.admin.query(text) }
  await describeStore("PgBouncer in transaction mode", () => postgresSubject(reach), {
    runner: { describe, it },
    ...usualCases,
  })
}
