import type { History, Profile } from "./history.js"
import { type Connect, run } from "./run.js"

/** How often a shorter history is tried: taking something away changes what the backend does to everything after it. */
const LUCKS = 4
const MOST_RUNS = 4000

/** What makes a history simpler, one thing at a time. */
const SIMPLER: readonly Partial<Profile>[] = [
  { waits: ["none"] },
  { waits: ["turn"] },
  { failures: 0 },
  { locks: 0 },
  { drift: 0 },
  { emptyPages: false },
  { pageRecords: 5 },
  { loadGuard: false },
  { readAhead: 1_000_000 },
  { busyTimeout: 0 },
]

/**
 * The shortest history found that goes wrong too, by leaving out actions and circumstances as long as any can be left
 * out. The same for the same history.
 */
export async function shrink(failing: History, connect?: Connect): Promise<History> {
  let runs = 0
  let best = failing
  const improve = async (shorter: History): Promise<boolean> => {
    for (let i = 0; i < LUCKS && runs < MOST_RUNS; i++) {
      const candidate = { ...shorter, luck: shorter.luck + i }
      runs++
      if ((await run(candidate, connect)).problems.length === 0) continue
      best = candidate
      return true
    }
    return false
  }
  for (let before = ""; before !== JSON.stringify({ ...best, luck: 0 }); ) {
    before = JSON.stringify({ ...best, luck: 0 })
    await leaveOutActions(() => best, improve)
    for (const simpler of SIMPLER) {
      const profile = { ...best.profile, ...simpler }
      if (JSON.stringify(profile) !== JSON.stringify(best.profile)) await improve({ ...best, profile })
    }
    await joinProcesses(() => best, improve)
    for (let i = 0; i < best.actions.length; i++) {
      const actions = best.actions.map((action, at) => (at === i ? { ...action, gap: null } : action))
      if (best.actions[i]?.gap !== null) await improve({ ...best, actions })
    }
  }
  return best
}

async function leaveOutActions(best: () => History, improve: (shorter: History) => Promise<boolean>): Promise<void> {
  for (let size = Math.ceil(best().actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best().actions.length; ) {
      const history = best()
      const actions = history.actions.filter((_, i) => i < from || i >= from + size)
      if (!(await improve({ ...history, actions }))) from += size
    }
  }
}

/** Everything in one process, or, where that does not go wrong, in processes without gaps in their numbers. */
async function joinProcesses(best: () => History, improve: (shorter: History) => Promise<boolean>): Promise<void> {
  for (let processes = 1; processes < best().profile.processes; processes++) {
    const { profile, actions, luck } = best()
    const moved = actions.map(action => ({ ...action, process: Math.min(action.process, processes - 1) }))
    if (await improve({ luck, profile: { ...profile, processes }, actions: moved })) return
  }
}
