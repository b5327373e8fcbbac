import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore(
  "better-sqlite3 on a file with a rollback journal",
  () => sqliteSubject({ binding: "better-sqlite3", place: "rollback-journal" }),
  { runner },
)
