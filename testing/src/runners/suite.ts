import type { ConformanceCase } from "../case.js"
import { cases } from "../cases/index.js"
import { modelCase } from "../model.js"

export interface SuiteOptions {
  /** Ids of cases or of rules: only these cases run. A name that nothing has is a `TypeError`. */
  readonly only?: readonly string[]
  /** How many random sequences are compared with the model (default 500, 0: none). */
  readonly modelSequences?: number
}

/** The cases to run: those of the suite and the comparison with the model. */
export function selectCases(options: SuiteOptions): readonly ConformanceCase[] {
  const sequences = options.modelSequences ?? 500
  const all = sequences > 0 ? [...cases, modelCase(sequences)] : cases
  const { only } = options
  if (only === undefined) return all
  for (const name of only) {
    if (!all.some(one => isNamed(one, name))) throw new TypeError(`only: there is no case and no rule "${name}"`)
  }
  return all.filter(one => only.some(name => isNamed(one, name)))
}

function isNamed(conformanceCase: ConformanceCase, name: string): boolean {
  return conformanceCase.id === name || conformanceCase.rules.includes(name)
}

/** Such as `"LOAD-1 LOAD-2 a load yields …"`. */
export function titleOf(conformanceCase: ConformanceCase): string {
  return `${conformanceCase.rules.join(" ")} ${conformanceCase.title}`
}

/** Why a case did not run. */
export function reasonOf(needs: readonly string[]): string {
  return `needs ${needs.join(", ")}`
}
