import { createMemoryStore } from "@holdfast/store-core"
import { afterAll, describe, expect, it } from "vitest"
import { attackStore, attacks } from "./support/bad-input/attack.js"
import { Inputs, PATIENCE } from "./support/bad-input/runs.js"

const inputs = new Inputs("store-core", 6000)
afterAll(() => inputs.report())

describe("bad input to the memory store", () => {
  it(
    "ID-2 RECORD-1 RECORD-3 WRITE-2 every method refuses with a code or does it right, and leaves no trace of what it refused",
    async () => {
      await inputs.throwAt(4000, attacks(12), async attack => {
        inputs.given += attack.calls.length
        inputs.refused += await attackStore(createMemoryStore(), attack)
      })
      expect(inputs.refused).toBeGreaterThan(inputs.given / 10)
      expect(inputs.refused).toBeLessThan(inputs.given / 1.5)
    },
    PATIENCE,
  )
})
