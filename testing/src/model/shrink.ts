import type { Step } from "./steps.js"

/** How many tries, and how long, a shorter sequence is looked for: one that hangs takes long to fail. */
const MOST_TRIES = 300
const MOST_TIME = 20_000

/**
 * Leaves out what the failure does not need: halves first, then quarters, down to single steps, as long as that helps; then
 * awaits what need not be left un-awaited. `fails` says whether a sequence still fails.
 */
export async function shrink(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  const end = performance.now() + MOST_TIME
  let tries = 0
  const stillFails = async (candidate: readonly Step[]): Promise<boolean> =>
    tries++ < MOST_TRIES && performance.now() < end && (await fails(candidate))

  let best = steps
  for (let size = Math.ceil(best.length / 2); size >= 1; ) {
    const before = best.length
    for (let from = best.length - size; from > -size; from -= size) {
      const candidate = best.toSpliced(Math.max(from, 0), size)
      if (await stillFails(candidate)) best = candidate
    }
    // A step that others needed may be needless once they are gone.
    if (size > 1) size = Math.ceil(size / 2)
    else if (best.length === before) break
  }
  for (const [i, step] of best.entries()) {
    if (!("awaited" in step) || step.awaited) continue
    const candidate = best.with(i, { ...step, awaited: true })
    if (await stillFails(candidate)) best = candidate
  }
  return best
}
