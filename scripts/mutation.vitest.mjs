import { join } from "node:path"
import { defineConfig } from "vitest/config"

const root = join(import.meta.dirname, "..")

/** The configuration of the tests that `scripts/mutation.mjs` runs against each mutant. */
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    // Thousands of random histories or inputs would be run for each mutant, to find what the other tests find at once.
    exclude: ["**/histories.test.ts", "**/bad-input.test.ts", "**/dropped-loads.test.ts"],
    testTimeout: 10_000,
  },
  // Tests import their own package by its name, which would lead to what was built and not to the mutants.
  resolve: { alias: { "@holdfast/store-core": join(root, "store-core/src/index.ts") } },
})
