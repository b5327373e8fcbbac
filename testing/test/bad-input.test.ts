import { createMemoryStore } from "@holdfast/store-core"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { within } from "../../store-core/test/support/bad-input/attack.js"
import { finite, isMisuse, type Option, options, settle } from "../../store-core/test/support/bad-input/functions.js"
import { Inputs, PATIENCE } from "../../store-core/test/support/bad-input/runs.js"
import { make, type Shape } from "../../store-core/test/support/bad-input/shapes.js"
import { checkSqliteAdapter, runConformance, runModelCheck } from "../src/index.js"

const inputs = new Inputs("testing", 200)
afterAll(() => inputs.report())

const ONE_CASE = ["append-creates"]
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

const MODEL: Record<string, Option> = {
  sequences: { good: fc.nat(2), accepts: isCount },
  operations: { good: fc.nat(5), accepts: isCount },
  seed: { good: fc.nat(), accepts: Number.isSafeInteger },
}
const SUITE: Record<string, Option> = {
  capabilities: {
    good: fc.constant({ durable: false }),
    accepts: value => {
      if (typeof value !== "object" || value === null) return false
      const { durable, multiWriter } = value as Record<string, unknown>
      return [durable, multiWriter].every(one => one === undefined || typeof one === "boolean")
    },
  },
  timeout: { good: fc.constant(5000), accepts: value => typeof value === "number" && value > 0 && value <= 5e8 },
  modelSequences: { good: fc.nat(3), accepts: isCount },
}

describe("bad input to the suite", () => {
  it(
    "options are refused with a TypeError of ours or accepted",
    async () => {
      const cases = fc.oneof(
        fc.record({ call: fc.constant("runConformance" as const), given: options(SUITE) }),
        fc.record({ call: fc.constant("runModelCheck" as const), given: options(MODEL) }),
      )
      await inputs.throwAt(120, cases, async ({ call, given: { shape, good } }) => {
        inputs.given++
        const functions = {
          runConformance: () =>
            runConformance("store", () => createMemoryStore(), make(withOneCase(shape), []) as object),
          runModelCheck: () => runModelCheck("store", () => createMemoryStore(), make(shape, []) as object),
        }
        // What it was not told to leave out it would run.
        if (good && !isObject(shape)) return
        const made = await within(settle<unknown>(functions[call]), call)
        if ("value" in made) {
          expect(good).toBe(true)
          if (call === "runConformance") expect(made.value).toMatchObject({ passed: 1, failed: 0, notRun: 0 })
          return
        }
        inputs.refused++
        isMisuse(made.error, call)
        expect(good).toBe(false)
      })
    },
    PATIENCE,
  )

  it(
    "factories and adapters that are none, or make none, fail and are reported",
    async () => {
      const cases = fc.record({
        call: fc.constantFrom("runConformance" as const, "checkSqliteAdapter" as const),
        shape: finite,
        made: fc.boolean(),
      })
      await inputs.throwAt(80, cases, async ({ call, shape, made }) => {
        inputs.given++
        inputs.refused++
        const factory = (made ? () => make(shape, []) : make(shape, [])) as never
        if (call === "runConformance") {
          const report = await within(runConformance("store", factory, { only: ONE_CASE, timeout: 500 }), call)
          expect(report).toMatchObject({ passed: 0, failed: 1 })
        } else {
          const findings = await within(checkSqliteAdapter(factory), call)
          expect(findings.filter(({ ok }) => ok)).toEqual([])
        }
      })
    },
    PATIENCE,
  )
})

function isObject(shape: Shape): shape is Extract<Shape, { readonly fields: unknown }> {
  return shape !== "throws" && "fields" in shape
}

function withOneCase(shape: Shape): Shape {
  return isObject(shape) ? { ...shape, fields: { ...shape.fields, only: { plain: ONE_CASE } } } : shape
}
