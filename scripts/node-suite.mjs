// Runs a workspace's `test/*.test.ts` under node:test and reports their counts: `node scripts/node-suite.mjs <suite>`.
import { globSync } from "node:fs"
import { resolve } from "node:path"
import { run } from "node:test"
import { spec } from "node:test/reporters"
import { describeFailure, writeReport } from "./report.mjs"

const suite = process.argv[2]
if (suite === undefined) throw new Error("node-suite.mjs needs the name of the suite")

let passed = 0
/** @type {string[]} */
const skipped = []
/** @type {string[]} */
const failures = []

const events = run({ files: globSync("test/**/*.test.ts").map(file => resolve(file)), concurrency: 2 })
events.on("test:pass", ({ details, name, skip }) => {
  // Node counts a `describe` too, and gives it out as passed.
  if (details.type === "suite") return
  if (skip === undefined) passed++
  else skipped.push(name)
})
events.on("test:fail", ({ details, name }) => {
  // A suite fails with each of its tests; only one that failed by itself must not count as nothing.
  const { failureType } = /** @type {{ failureType?: string }} */ (details.error)
  if (failureType === "subtestsFailed") return
  failures.push(describeFailure(name, details.error))
})
events.on("end", () => {
  writeReport({ suite, passed, failures, skipped })
  if (failures.length > 0) process.exitCode = 1
})
events.compose(spec).pipe(process.stdout)
