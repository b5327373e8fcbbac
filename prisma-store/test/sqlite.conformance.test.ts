import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/sqlite-subject.js"

await describeStore("Prisma on SQLite", () => sqliteSubject(), { runner: { describe, it } })
