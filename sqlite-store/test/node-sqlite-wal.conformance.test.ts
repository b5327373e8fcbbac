import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore(
  "node:sqlite on a file with the write-ahead log",
  () => sqliteSubject({ binding: "node:sqlite", place: "wal" }),
  { runner },
)
