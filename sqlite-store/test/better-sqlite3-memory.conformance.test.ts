import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { RecordingRunner } from "./support/conformance-report.js"
import { sqliteSubject } from "./support/subject.js"

const NAME = "better-sqlite3 in memory"
const runner = new RecordingRunner({ describe, it })

await describeStore(NAME, () => sqliteSubject({ binding: "better-sqlite3", place: "memory" }), {
  runner,
})
afterAll(() => runner.save("better-sqlite3-memory", NAME))
