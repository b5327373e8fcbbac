import type { CaseReport, ConformanceReport } from "@holdfast/testing"
import { afterAll, describe, it } from "vitest"
import { conformanceReport, saveConformance } from "../support/conformance-report.js"
import { ask, startWorkerd } from "./workerd.js"

const workerd = await startWorkerd()
const { cases } = await ask<{ cases: string[] }>(workerd, "/list")
const startedAt = new Date().toISOString()
const found: CaseReport[] = []
let runtime = ""

afterAll(async () => {
  await workerd.dispose()
  saveConformance("durable-object", conformanceReport("Durable Object", startedAt, runtime, found))
})

describe("Durable Object", () => {
  // The comparison with the model is in no list of cases.
  for (const id of [...cases, "random-sequences-agree-with-model"]) {
    it(id, async context => {
      const start = performance.now()
      const report = await ask<ConformanceReport>(workerd, "/case", id)
      runtime = report.runtime
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
