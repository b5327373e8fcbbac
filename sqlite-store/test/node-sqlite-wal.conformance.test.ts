import { describeStore } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { RecordingRunner } from "./support/conformance-report.js"
import { sqliteSubject } from "./support/subject.js"

const NAME = "node:sqlite on a file with the write-ahead log"
const runner = new RecordingRunner({ describe, it })

await describeStore(NAME, () => sqliteSubject({ binding: "node:sqlite", place: "wal" }), { runner })
afterAll(() => runner.save("node-sqlite-wal", NAME))
