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
  const began = performance.now()
  const operations = await repeat(step, measured)
  return operations / ((performance.now() - began) / 1000)
}

async function repeat(step: () => number | Promise<number>, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  let operations = 0
  do {
    const done = step()
    operations += typeof done === "number" ? done : await done
  } while (performance.now() < end)
  return operations
}

/** Does `operation` for each number below `count`; waits only for what answers with a promise. */
export async function each(count: number, operation: (at: number) => unknown): Promise<number> {
  for (let at = 0; at < count; at++) {
    const pending = operation(at)
    if (pending instanceof Promise) await pending
  }
  return count
}
