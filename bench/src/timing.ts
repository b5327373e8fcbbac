import { turn } from "./turns.js"

/** How long a trial goes on before the others of its repetition have their turn, in milliseconds. */
const TURN = 100

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

/** Between two turns no time goes by. */
async function repeat(step: () => number | Promise<number>, milliseconds: number) {
  let operations = 0
  let took = 0
  do {
    await turn()
    const began = performance.now()
    const end = began + Math.min(TURN, milliseconds - took)
    do {
      const done = step()
      operations += typeof done === "number" ? done : await done
    } while (performance.now() < end)
    took += performance.now() - began
  } while (took < milliseconds)
  return { operations, took }
}

/** Does `operation` for each number below `count`; waits only for what answers with a promise. */
export async function each(count: number, operation: (at: number) => unknown): Promise<number> {
  for (let at = 0; at < count; at++) {
    const pending = operation(at)
    if (pending instanceof Promise) await pending
  }
  return count
}
