import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore(
  "better-sqlite3 on a file with the write-ahead log",
  () => sqliteSubject({ binding: "better-sqlite3", place: "wal" }),
  { runner },
)
