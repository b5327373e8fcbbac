import { show } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import type { StoreFactory } from "../harness.js"
import { checkRunOptions, SUITE_OPTIONS } from "./options.js"
import { type RunCaseOptions, runCase } from "./run-case.js"
import { reasonOf, type SuiteOptions, selectCases } from "./suite.js"

export interface RunConformanceOptions extends RunCaseOptions, SuiteOptions {
  /** Called after each case. */
  readonly onCase?: (result: CaseReport) => void
}

/** What became of one case, as JSON. */
export interface CaseReport {
  readonly id: string
  readonly rules: readonly string[]
  readonly title: string
  readonly status: "passed" | "failed" | "not run"
  /** Why it did not run. */
  readonly reason?: string
  /** The failure, with its stack and causes. */
  readonly error?: string
  readonly durationMs: number
}

/** What became of a run, as JSON. */
export interface ConformanceReport {
  readonly name: string
  /** ISO 8601. */
  readonly startedAt: string
  /** What the runtime calls itself. */
  readonly runtime: string
  readonly passed: number
  readonly failed: number
  readonly notRun: number
  readonly cases: readonly CaseReport[]
}

/**
 * Runs the suite without a test runner, one case after the other: for Durable Objects, pages and scripts. Resolves with
 * the report also when cases failed.
 *
 * @throws TypeError for unknown options and wrong values (by rejecting).
 */
export async function runConformance(
  name: string,
  factory: StoreFactory,
  given: RunConformanceOptions = {},
): Promise<ConformanceReport> {
  const options = checkRunOptions("runConformance", given, ...SUITE_OPTIONS, "onCase")
  const startedAt = new Date().toISOString()
  const reports: CaseReport[] = []
  for (const conformanceCase of selectCases(options)) {
    const report = await reportCase(conformanceCase, factory, options)
    reports.push(report)
    options.onCase?.(report)
  }
  const count = (status: CaseReport["status"]): number => reports.filter(report => report.status === status).length
  return {
    name,
    startedAt,
    runtime: globalThis.navigator?.userAgent ?? "unknown",
    passed: count("passed"),
    failed: count("failed"),
    notRun: count("not run"),
    cases: reports,
  }
}

async function reportCase(
  conformanceCase: ConformanceCase,
  factory: StoreFactory,
  options: RunCaseOptions,
): Promise<CaseReport> {
  const start = performance.now()
  const result = await runCase(conformanceCase, factory, options)
  const { id, rules, title } = conformanceCase
  const report = { id, rules, title, status: result.status, durationMs: Math.round(performance.now() - start) }
  if (result.status === "failed") return { ...report, error: describeError(result.error) }
  if (result.status === "not run") return { ...report, reason: reasonOf(result.needs) }
  return report
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return show(error)
  const own = error.stack?.includes(error.message)
    ? error.stack
    : `${error.name}: ${error.message}\n${error.stack ?? ""}`
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`
}
