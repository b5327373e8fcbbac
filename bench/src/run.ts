import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { origin } from "./machine.js"
import { PEERS } from "./peers.js"
import { type Place, type Scenario, type TrialResult, targetDrivers } from "./scenario.js"
import { type Summary, summarize } from "./stats.js"
import { TrialProcess } from "./trial-process.js"

export interface RunOptions {
  readonly repetitions: number
  readonly traces: readonly string[]
}

/** The figures of a scenario: by driver, in the scenario's order. */
export interface Figures {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly better: "more" | "less"
  readonly settings: Readonly<Record<string, unknown>>
  readonly origin: ReturnType<typeof origin>
  readonly drivers: Readonly<Record<string, Summary>>
  /** Of what one would take instead, those that could not do the work at all. */
  readonly failed: readonly string[]
}

/**
 * Runs the trials of a scenario. Every repetition has one trial of each driver, beginning with another one each time,
 * so that what else the machine does strikes all of them alike.
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Figures> {
  const shared = mkdtempSync(join(tmpdir(), "holdfast-bench-"))
  const values = new Map<string, number[]>(scenario.drivers.map(driver => [driver, []]))
  const failed = new Set<string>()
  const repetitions = scenario.repetitions ?? options.repetitions
  const all = Math.max(repetitions, scenario.minRepetitions ?? 0)
  const near = new Set(targetDrivers(scenario))
  try {
    await scenario.prepare?.(shared, scenario.drivers)
    for (let repetition = 0; repetition < all; repetition++) {
      const first = repetition % scenario.drivers.length
      const drivers = [...scenario.drivers.slice(first), ...scenario.drivers.slice(0, first)].filter(
        driver => !failed.has(driver) && (repetition < repetitions || near.has(driver)),
      )
      const common = { shared, seed: repetition + 1, traces: options.traces }
      for (const [driver, result] of await repeat(scenario, drivers, common)) {
        if (result === null) failed.add(driver)
        else for (const [name, value] of named(driver, result)) values.set(name, [...(values.get(name) ?? []), value])
      }
    }
  } finally {
    await scenario.cleanUp?.()
    rmSync(shared, { recursive: true })
  }
  const measured = [...values].filter(([, list]) => list.length > 0)
  const drivers = Object.fromEntries(measured.map(([name, list]) => [name, summarize(list)]))
  const { name, title, unit, better, settings } = scenario
  return { name, title, unit, better, settings, origin: origin(), drivers, failed: [...failed] }
}

/**
 * One trial of each driver, one after the other or in turns; null for what one would take instead and that could not do the
 * work.
 */
async function repeat(
  scenario: Scenario,
  drivers: readonly string[],
  common: Omit<Place, "directory">,
): Promise<Map<string, TrialResult | null>> {
  const results = new Map<string, TrialResult | null>()
  const directory = (driver: string) => join(common.shared, `trial-${drivers.indexOf(driver)}`)
  let running = drivers.map(driver => {
    mkdirSync(directory(driver))
    return { driver, trial: new TrialProcess(scenario.name, driver, { ...common, directory: directory(driver) }) }
  })
  try {
    while (running.length > 0) {
      const goingOn: typeof running = []
      for (const one of running) {
        try {
          const result = await one.trial.goOn()
          if (result === null) goingOn.push(one)
          else results.set(one.driver, result)
        } catch (error) {
          if (!(one.driver in PEERS)) throw error
          results.set(one.driver, null)
        }
      }
      running = goingOn
    }
  } finally {
    for (const { trial } of running) trial.kill()
    for (const driver of drivers) rmSync(directory(driver), { recursive: true })
  }
  return results
}

function named(driver: string, result: TrialResult): [string, number][] {
  if (typeof result === "number") return [[driver, result]]
  return Object.entries(result).map(([name, value]) => [`${driver}: ${name}`, value])
}
