import type { Store } from "@holdfast/store-core"
import type { Subject, SubjectPart } from "./harness.js"

/** One test of the suite, as data: any runner, or none, can run it. */
export interface ConformanceCase {
  /** Stable, kebab-case, unique over the suite, such as `"load-snapshot-survives-replace"`. */
  readonly id: string
  /** A sentence that says what holds. */
  readonly title: string
  /**
   * The rules of SPEC.md it decides, such as `["LOAD-2", "LOAD-4"]`: not those it only builds on, or a report would blame
   * them for what is wrong elsewhere.
   */
  readonly rules: readonly string[]
  /** Parts of the subject it cannot do without. `"durable"` and `"multiWriter"` stand for the capabilities. */
  readonly requires?: readonly SubjectPart[]
  /** Takes much longer than a second on a fast store; runners give it more time. */
  readonly slow?: boolean
  run(context: CaseContext): Promise<void>
}

/** What a case works with. */
export interface CaseContext {
  readonly store: Store
  readonly subject: Subject
  /** The parts the case requires, present. */
  readonly parts: RequiredParts
  /** Another fresh place of data; released with the case. */
  fresh(): Promise<Subject>
}

/** The optional parts of a subject, as functions that are there. A case may only use those it requires. */
export type RequiredParts = Required<Omit<Subject, "store" | "dispose">>
