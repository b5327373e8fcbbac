import { configDefaults } from "vitest/config"
import { describeFailure, writeReport } from "./report.mjs"

/**
 * The vitest configuration of one package.
 *
 * @param {string} suite the name the suite reports under: the package's folder
 * @returns {import("vitest/config").ViteUserConfig}
 */
export function suiteConfig(suite) {
  return {
    test: {
      include: ["test/**/*.test.ts"],
      exclude: configDefaults.exclude,
      // Two suites run at a time; more workers than cores only makes tests wait and time out.
      maxWorkers: 2,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      // A suite without tests is reported as missing by scripts/summary.mjs, which says which one.
      passWithNoTests: true,
      dangerouslyIgnoreUnhandledErrors: false,
      reporters: ["default", countingReporter(suite)],
    },
  }
}

/**
 * @param {string} suite
 * @returns {import("vitest/node").Reporter}
 */
function countingReporter(suite) {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      let passed = 0
      const failures = unhandledErrors.map(error => describeFailure("outside of any test", error))
      const skipped = []
      for (const module of modules) {
        // A file that could not be loaded has errors and no tests: it must not count as nothing.
        for (const error of module.errors()) failures.push(describeFailure(module.relativeModuleId, error))
        for (const test of module.children.allTests()) {
          const { state, errors } = test.result()
          if (state === "passed") passed++
          else if (state === "failed") failures.push(describeFailure(test.fullName, errors[0]))
          else skipped.push(test.fullName)
        }
        for (const group of module.children.allSuites()) {
          for (const error of group.errors()) failures.push(describeFailure(group.fullName, error))
        }
      }
      writeReport({ suite, passed, failures, skipped })
    },
  }
}
