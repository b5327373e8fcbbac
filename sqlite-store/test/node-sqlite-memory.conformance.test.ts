import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { RecordingRunner } from "./support/conformance-report.js"
import { sqliteSubject } from "./support/subject.js"

const NAME = "node:sqlite in memory"
const runner = new RecordingRunner({ describe, it })

await describeStore(NAME, () => sqliteSubject({ binding: "node:sqlite", place: "memory" }), {
  runner,
})
afterAll(() => runner.save("node-sqlite-memory", NAME))
