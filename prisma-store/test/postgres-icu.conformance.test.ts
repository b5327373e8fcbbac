import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { storageCases } from "../../postgres-store/test/support/usual-cases.js"
import { postgresSubject } from "./support/postgres-subject.js"

const database = await createDatabase("icu")

await describeStore("Prisma on PostgreSQL, ICU", () => postgresSubject(database), {
  runner: { describe, it },
  ...storageCases,
})
