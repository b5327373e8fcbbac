import { createRequire } from "node:module"
import { type CaseReport, type ConformanceReport, cases } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { conformanceReport, saveConformance } from "../support/conformance-report.js"
import { ask, startWorkerd } from "./workerd.js"

const workerd = await startWorkerd()
const startedAt = new Date().toISOString()
const found: CaseReport[] = []
// Inside, the runtime tells no version.
const fromMiniflare = createRequire(import.meta.resolve("miniflare"))
const runtime = `workerd ${fromMiniflare("workerd/package.json").version}`

afterAll(async () => {
  await workerd.dispose()
  saveConformance("durable-object", conformanceReport("Durable Object", startedAt, runtime, found))
})

describe("Durable Object", () => {
  const tests = cases.map(({ id, rules, title }) => ({ id, title: `${rules.join(" ")} ${title}` }))
  // In no list of cases.
  tests.push({ id: "random-sequences-agree-with-model", title: "ORDER-1 random sequences of calls agree with a model" })
  for (const { id, title } of tests) {
    it(title, async context => {
      const start = performance.now()
      const report = await ask<ConformanceReport>(workerd, "/case", id)
      // Inside, clocks stand still while code runs.
      const durationMs = Math.round(performance.now() - start)
      for (const one of report.cases) {
        found.push({ ...one, durationMs })
        if (one.status === "not run") context.skip(one.reason)
        if (one.status === "failed") throw new Error(one.error)
      }
      if (report.cases.length !== 1) throw new Error(`${report.cases.length} cases ran instead of one`)
    }, 150_000)
  }
})
