import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore("better-sqlite3 in memory", () => sqliteSubject({ binding: "better-sqlite3", place: "memory" }), {
  runner,
})
