import type { Decision, WriteOperation, Written } from "@holdfast/store-core"
import type { Step } from "./plan.js"

/** Tells the numbers of each operation's rows, from the steps that `planSteps` made of the operations. */
export function tellWritten(
  operations: readonly WriteOperation[],
  decisions: readonly Decision[],
  steps: readonly Step[],
  written: Written,
): void {
  const inserts = steps.filter(step => step.kind === "insert")
  let at = 0
  for (const [i, operation] of operations.entries()) {
    const { kind } = decisions[i] as Decision
    if (kind !== "create" && kind !== "append" && kind !== "replace") continue
    // Each of them has one, in the order of the operations.
    const { first, rows } = inserts[at++] as (typeof inserts)[number]
    written(operation, first, first + rows.length - 1)
  }
}
