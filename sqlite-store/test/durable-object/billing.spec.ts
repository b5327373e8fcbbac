import { afterAll, expect, it } from "vitest"
import type { RowsWritten } from "./billing.js"
import { ask, startWorkerd } from "./workerd.js"

const workerd = await startWorkerd()
afterAll(() => workerd.dispose())

it("prints how many rows a write is billed as, beside the textbook's tables", async () => {
  const { store, textbook } = await ask<{ store: RowsWritten; textbook: RowsWritten }>(workerd, "/billing")
  const kinds = Object.keys(store) as (keyof RowsWritten)[]
  console.table(Object.fromEntries(kinds.map(kind => [kind, { store: store[kind], textbook: textbook[kind] }])))
  // Each entry is one row and one key in the index; the textbook's table is its own index.
  expect(store["append one entry"]).toBe(2)
  expect(store["append ten entries in one group"]).toBe(20)
  expect(textbook["append one entry"]).toBe(1)
})
