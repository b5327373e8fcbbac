import type { AdapterUnderCheck } from "./adapter-checks/adapter-check.js"
import { statementChecks } from "./adapter-checks/statements.js"
import { transactionChecks } from "./adapter-checks/transactions.js"
import { valueChecks } from "./adapter-checks/values.js"
import { show } from "./assert.js"

export type { AdapterUnderCheck } from "./adapter-checks/adapter-check.js"

/** In an order in which the first that fails is likely the cause of those that fail later. */
const checks = [...statementChecks, ...valueChecks, ...transactionChecks]

/** One thing the store needs of a SQLite adapter, and whether this one has it. */
export interface AdapterFinding {
  /** Stable, such as `"iterations-independent"`. */
  readonly name: string
  readonly ok: boolean
  /** What was seen instead. */
  readonly problem?: string
  /** What to change. */
  readonly remedy?: string
}

/**
 * Tries everything the SQLite store needs of a binding, in about a second, and says by name what is wrong: for authors of
 * an adapter, before they run the whole suite on it.
 *
 * ```ts
 * const findings = await checkSqliteAdapter(() => fromMyDriver(openMyDriver(":memory:")))
 * for (const { name, ok, problem, remedy } of findings) if (!ok) console.log(name, problem, remedy)
 * ```
 *
 * `makeAdapter` is called for each check, so that one that goes wrong does not spoil the next. The database may be the
 * same each time: the checks use the tables `holdfast_check` and `holdfast_check_other`, which they drop first.
 * What needs two connections (locks, durability) is not tried here but by the suite.
 */
export async function checkSqliteAdapter(
  makeAdapter: () => AdapterUnderCheck | Promise<AdapterUnderCheck>,
): Promise<readonly AdapterFinding[]> {
  const findings: AdapterFinding[] = []
  for (const { name, remedy, run } of checks) {
    try {
      const adapter = await makeAdapter()
      try {
        run(adapter)
      } finally {
        closeQuietly(adapter)
      }
      findings.push({ name, ok: true })
    } catch (error) {
      findings.push({ name, ok: false, problem: error instanceof Error ? error.message : show(error), remedy })
    }
  }
  return findings
}

/** Errors of `close` belong to the check about it; an adapter that has none fails the check about the methods. */
function closeQuietly(adapter: Partial<AdapterUnderCheck> | null | undefined): void {
  try {
    adapter?.close?.()
  } catch {}
}
