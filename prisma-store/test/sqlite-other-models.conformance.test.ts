import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/sqlite-subject.js"

await describeStore("Prisma on SQLite, own models", () => sqliteSubject("own"), { runner: { describe, it } })
