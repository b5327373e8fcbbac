import "./clock.js"
import { createHistory, type History } from "./history.js"
import { type Figures, run } from "./run.js"
import { shrink } from "./shrink.js"

/** How many histories are run between two reports. */
const BATCH = 500

/** What a worker tells: what happened in a batch, and the first seed that went wrong. */
export interface Batch extends Figures {
  readonly histories: number
  readonly failed: number | null
}

/** Runs the histories of the seeds from `first` to below `end`, up to the first that goes wrong. */
export async function runSeeds(first: number, end: number, tell: (batch: Batch) => void): Promise<void> {
  for (let from = first; from < end; from += BATCH) {
    const sum = { histories: 0, calls: 0, acknowledged: 0, faults: 0, crashes: 0 }
    let failed: number | null = null
    for (let seed = from; seed < Math.min(from + BATCH, end) && failed === null; seed++) {
      const { problems, figures } = await run(createHistory(seed))
      sum.histories++
      for (const name of ["calls", "acknowledged", "faults", "crashes"] as const) sum[name] += figures[name]
      if (problems.length > 0) failed = seed
    }
    tell({ ...sum, failed })
    if (failed !== null) return
  }
}

/** Runs one history again, shortens it as far as it goes wrong, and says all about it. Returns whether it was right. */
export async function explain(history: History): Promise<boolean> {
  const { problems } = await run(history)
  console.log(`${history.actions.length} actions, ${problems.length} problems`)
  for (const problem of problems) console.log(`  ${problem}`)
  if (problems.length === 0) return true
  const shortest = await shrink(history)
  console.log(`\nThe shortest history found that goes wrong, of ${shortest.actions.length} actions:`)
  console.log(`  ${JSON.stringify(shortest.profile)}`)
  for (const action of shortest.actions) console.log(`  ${JSON.stringify(action)}`)
  for (const problem of (await run(shortest)).problems) console.log(`  ${problem}`)
  console.log(`\nRun it again with: npm run simulate -w @holdfast/store-core -- '${JSON.stringify(shortest)}'`)
  return false
}

/** The history of a seed, or one that was printed whole. */
export function parseHistory(text: string): History {
  return text.startsWith("{") ? (JSON.parse(text) as History) : createHistory(Number(text))
}
