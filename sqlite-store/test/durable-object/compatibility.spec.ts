import { expect, it } from "vitest"
import { startWorkerd } from "./workerd.js"

/** The compatibility date from which on a worker has `FinalizationRegistry` and `WeakRef`. */
const EARLIEST = "2025-05-05"

async function answer(compatibilityDate: string, compatibilityFlags: string[] = []): Promise<string> {
  const workerd = await startWorkerd({ compatibilityDate, compatibilityFlags })
  try {
    const response = await workerd.dispatchFetch("http://tests/billing")
    return response.ok ? "works" : await response.text()
  } finally {
    await workerd.dispose()
  }
}

it("works from the earliest compatibility date on, and before it with a flag", async () => {
  const before = new Date(Date.parse(EARLIEST) - 86_400_000).toISOString().slice(0, 10)
  expect(await answer(EARLIEST)).toBe("works")
  expect(await answer(before)).toContain("FinalizationRegistry is not defined")
  expect(await answer(before, ["enable_weak_ref"])).toBe("works")
})
