import { turn } from "./turns.js"

/**
 * How long a trial goes on before the others of its repetition have their turn, in milliseconds, and how long it does so before that
 * without being measured: after a pause commits are a tenth quicker than those of a program that goes on, and what has to be
 * planned is a tenth slower.
 */
const TURN = 500
const LEAD_IN = 200

/** How long a step is repeated, in milliseconds: first unmeasured, so that code and caches are warm. */
export interface Duration {
  readonly warm: number
  readonly measured: number
}

export const SHORT: Duration = { warm: 300, measured: 500 }

/** Repeats `step`, which says how many operations it did, and returns operations per second. */
export async function rate(
  step: () => number | Promise<number>,
  { warm, measured }: Duration = SHORT,
): Promise<number> {
  await repeat(step, warm)
  const { operations, took } = await repeat(step, measured)
  return operations / (took / 1000)
}

/** Neither what a turn begins with nor the time between two counts. */
async function repeat(step: () => number | Promise<number>, milliseconds: number) {
  let operations = 0
  let took = 0
  do {
    if (await turn()) await go(step, LEAD_IN)
    const { operations: done, took: time } = await go(step, Math.min(TURN, milliseconds - took))
    operations += done
    took += time
  } while (took < milliseconds)
  return { operations, took }
}

async function go(step: () => number | Promise<number>, milliseconds: number) {
  let operations = 0
  const began = performance.now()
  do {
    const done = step()
    operations += typeof done === "number" ? done : await done
  } while (performance.now() < began + milliseconds)
  return { operations, took: performance.now() - began }
}

/** Does `operation` for each number below `count`; waits only for what answers with a promise. */
export async function each(count: number, operation: (at: number) => unknown): Promise<number> {
  for (let at = 0; at < count; at++) {
    const pending = operation(at)
    if (pending instanceof Promise) await pending
  }
  return count
}
