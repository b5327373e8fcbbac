import { describeStore } from "@holdfast/testing"
import { describe, it } from "vitest"
import { sqliteSubject } from "./support/subject.js"

const runner = { describe, it }

await describeStore("node:sqlite in memory", () => sqliteSubject({ binding: "node:sqlite", place: "memory" }), {
  runner,
})
