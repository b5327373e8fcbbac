import { afterAll, expect, it } from "vitest"
import { saveFigures } from "../support/figures.js"
import type { RowsWritten } from "./billing.js"
import { ask, startWorkerd } from "./workerd.js"

const workerd = await startWorkerd()
afterAll(() => workerd.dispose())

it("counts how many rows a write is billed as, beside the textbook's tables", async () => {
  const { store, textbook } = await ask<{ store: RowsWritten; textbook: RowsWritten }>(workerd, "/billing")
  const kinds = Object.keys(store) as (keyof RowsWritten)[]
  const figures = kinds.map(kind => ({ write: kind, store: store[kind], textbook: textbook[kind] }))
  saveFigures("durable-object-rows", figures)
  // Each entry is one row and one key in the index; the textbook's table is its own index.
  expect(store["append one entry"]).toBe(2)
  expect(store["append ten entries in one group"]).toBe(20)
  expect(textbook["append one entry"]).toBe(1)
})
