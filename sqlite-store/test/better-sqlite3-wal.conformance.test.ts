import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { RecordingRunner } from "./support/conformance-report.js"
import { sqliteSubject } from "./support/subject.js"

const NAME = "better-sqlite3 on a file with the write-ahead log"
const runner = new RecordingRunner({ describe, it })

await describeStore(NAME, () => sqliteSubject({ binding: "better-sqlite3", place: "wal" }), { runner })
afterAll(() => runner.save("better-sqlite3-wal", NAME))
