import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore(
  "an adapter with four methods and nothing more",
  () => sqliteSubject({ binding: "node:sqlite", place: "wal", adapter: "plain" }),
  { runner, modelSequences: 0 },
)
