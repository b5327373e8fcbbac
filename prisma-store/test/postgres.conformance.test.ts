import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { fewerSequences } from "../../postgres-store/test/support/usual-cases.js"
import { postgresSubject } from "./support/postgres-subject.js"

const database = await createDatabase("bytes")

await describeStore("Prisma on PostgreSQL", () => postgresSubject(database), {
  runner: { describe, it },
  ...fewerSequences,
})
