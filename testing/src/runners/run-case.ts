import type { StoreCapabilities } from "@holdfast/store-core"
import { show, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import type { StoreFactory, SubjectPart } from "../harness.js"
import { missingParts, Places, partsOf, requiredParts } from "./subject.js"
import { listenForUnhandled } from "./unhandled.js"

export interface RunCaseOptions {
  /** What the store can do, for stores that do not say so themselves with a property `capabilities`. */
  readonly capabilities?: Partial<StoreCapabilities>
  /** Milliseconds a case may take (default 30,000); slow cases get four times as much. */
  readonly timeout?: number
}

/** What became of a case; `needs` are the parts that were missing. */
export type CaseResult =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly error: unknown }
  | { readonly status: "not run"; readonly needs: readonly SubjectPart[] }

/** The milliseconds a case may take. */
export function timeoutOf(conformanceCase: ConformanceCase, options: RunCaseOptions): number {
  return (options.timeout ?? 30_000) * (conformanceCase.slow === true ? 4 : 1)
}

/**
 * Runs one case on a fresh subject, closes the stores it made and releases the subject. Never rejects: a case that fails
 * or takes too long, a rejection nobody handled and a subject that cannot be made or released are all `failed`.
 */
export async function runCase(
  conformanceCase: ConformanceCase,
  factory: StoreFactory,
  options: RunCaseOptions = {},
): Promise<CaseResult> {
  const unhandled = listenForUnhandled()
  const places = new Places(factory)
  const failures: unknown[] = []
  let needs: readonly SubjectPart[] = []
  try {
    const timeout = timeoutOf(conformanceCase, options)
    const run = runOn(places, conformanceCase, options)
    needs = await within(run, timeout, `case ${conformanceCase.id}`)
  } catch (error) {
    failures.push(error)
  }
  try {
    await places.release()
  } catch (error) {
    failures.push(error)
  }
  for (const reason of await unhandled()) {
    failures.push(new Error(`unhandled rejection: ${show(reason)}`, { cause: reason }))
  }
  if (failures.length > 0) return { status: "failed", error: failures[0] }
  return needs.length > 0 ? { status: "not run", needs } : { status: "passed" }
}

async function runOn(places: Places, conformanceCase: ConformanceCase, options: RunCaseOptions) {
  const subject = await places.fresh()
  const needs = missingParts(conformanceCase, partsOf(subject, options.capabilities))
  if (needs.length === 0) {
    const parts = requiredParts(conformanceCase, subject)
    await conformanceCase.run({ store: subject.store, subject, parts, fresh: () => places.fresh() })
  }
  return needs
}
