import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { storageCases } from "../../postgres-store/test/support/usual-cases.js"
import { sqliteSubject } from "./support/sqlite-subject.js"

await describeStore("Prisma on SQLite, own models", () => sqliteSubject("own"), {
  runner: { describe, it },
  ...storageCases,
})
