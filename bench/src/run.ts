import { fork } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { origin } from "./machine.js"
import { PEERS } from "./peers.js"
import { type Place, type Scenario, type TrialResult, targetDrivers } from "./scenario.js"
import { type Summary, summarize } from "./stats.js"
import type { TrialMessage } from "./trial.js"

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
      for (let i = 0; i < scenario.drivers.length; i++) {
        const driver = scenario.drivers[(i + repetition) % scenario.drivers.length] as string
        if (failed.has(driver) || (repetition >= repetitions && !near.has(driver))) continue
        try {
          const result = await trial(scenario.name, driver, { shared, seed: repetition + 1, traces: options.traces })
          for (const [name, value] of named(driver, result)) {
            if (!values.has(name)) values.set(name, [])
            values.get(name)?.push(value)
          }
        } catch (error) {
          if (!(driver in PEERS)) throw error
          failed.add(driver)
        }
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

function named(driver: string, result: TrialResult): [string, number][] {
  if (typeof result === "number") return [[driver, result]]
  return Object.entries(result).map(([name, value]) => [`${driver}: ${name}`, value])
}

async function trial(scenario: string, driver: string, common: Omit<Place, "directory">): Promise<TrialResult> {
  const directory = join(common.shared, "trial")
  mkdirSync(directory)
  try {
    const place: Place = { ...common, directory }
    return await inProcess([scenario, driver, JSON.stringify(place)])
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function inProcess(args: readonly string[]): Promise<TrialResult> {
  const script = fileURLToPath(new URL("./trial.js", import.meta.url))
  return new Promise((resolve, reject) => {
    const child = fork(script, args, { execArgv: ["--expose-gc"] })
    let result: TrialResult | null = null
    child.on("message", message => {
      result = (message as TrialMessage).result
    })
    child.on("error", reject)
    child.on("exit", code => {
      if (code === 0 && result !== null) resolve(result)
      else reject(new Error(`The trial ${args.slice(0, 2).join(", ")} ended with ${code} and no result`))
    })
  })
}
