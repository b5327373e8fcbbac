import type { ConformanceCase } from "../case.js"
import type { StoreFactory } from "../harness.js"
import { findRunner, type TestRunner } from "./find-runner.js"
import { checkRunOptions, SUITE_OPTIONS } from "./options.js"
import { type RunCaseOptions, runCase, timeoutOf } from "./run-case.js"
import { makeSubject, missingParts, partsOf } from "./subject.js"
import { reasonOf, type SuiteOptions, selectCases, titleOf } from "./suite.js"

export interface DescribeStoreOptions extends RunCaseOptions, SuiteOptions {
  /** `{ describe, it }` of the test runner. Default: what is global, else those of `bun:test` or `node:test`. */
  readonly runner?: TestRunner
}

/** What releasing stores and places may take on top of a case, in milliseconds. */
const RELEASE_TIME = 15_000

/**
 * Registers a test for every case of the suite, for vitest, `node:test`, `bun:test` and whatever has their `describe`
 * and `it`:
 *
 * ```ts
 * await describeStore("my store", () => new MyStore(), { runner: { describe, it } })
 * ```
 *
 * Await it at the top level of the test file: it first makes one subject, and releases it, to know which parts there are.
 * So whatever the factory needs must be there before the call, not be made in a `before` hook. Cases that need a part
 * which is missing are registered as skipped tests that name it.
 *
 * @throws TypeError for unknown options and wrong values (by rejecting).
 */
export async function describeStore(
  name: string,
  factory: StoreFactory,
  given: DescribeStoreOptions = {},
): Promise<void> {
  const options = checkRunOptions("describeStore", given, ...SUITE_OPTIONS, "runner")
  const { describe, it } = options.runner ?? (await findRunner())
  const cases = selectCases(options)
  const parts = await findParts(factory, options)
  describe(name, () => {
    for (const conformanceCase of cases) {
      const title = titleOf(conformanceCase)
      const needs = missingParts(conformanceCase, parts)
      if (needs.length > 0) it.skip(`${title} (not run: ${reasonOf(needs)})`, () => {})
      else
        it(title, () => passes(conformanceCase, factory, options), timeoutOf(conformanceCase, options) + RELEASE_TIME)
    }
  })
}

async function findParts(factory: StoreFactory, options: DescribeStoreOptions) {
  const subject = await makeSubject(factory)
  try {
    return partsOf(subject, options.capabilities)
  } finally {
    await subject.store.close()
    await subject.dispose?.()
  }
}

async function passes(conformanceCase: ConformanceCase, factory: StoreFactory, options: RunCaseOptions): Promise<void> {
  const result = await runCase(conformanceCase, factory, options)
  if (result.status === "failed") throw result.error
  if (result.status === "not run") {
    throw new Error(`the factory made a subject without a part that its first one had: ${reasonOf(result.needs)}`)
  }
}
