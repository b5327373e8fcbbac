/**
 * Writes the figures of a run into the documentation: `node publish.js [FILE]`, by default reports/bench/results.json. The table
 * goes into docs/benchmarks.md, the charts beside it, the results into bench/results.json.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { barChart, THEME_NAMES } from "./chart.js"
import type { machine } from "./machine.js"
import { LAYOUTS, PEERS } from "./peers.js"
import { judge, round } from "./report.js"
import type { Figures } from "./run.js"
import { scenarios } from "./scenarios/index.js"

type Results = ReturnType<typeof machine> & { readonly scenarios: readonly Figures[] }

/** The scenarios that get a chart. */
const CHARTS = ["append-many", "ticks", "load-large", "postgres-ticks"]

const file = process.argv[2] ?? "reports/bench/results.json"
const results = JSON.parse(readFileSync(file, "utf8")) as Results
refuseParts(results)
mkdirSync("docs/benchmarks", { recursive: true })
for (const figures of results.scenarios.filter(({ name }) => CHARTS.includes(name))) {
  for (const theme of THEME_NAMES) {
    writeFileSync(`docs/benchmarks/${figures.name}-${theme}.svg`, barChart(figures, theme))
  }
}
writeFileSync("docs/benchmarks.md", page(results))
copyFileSync(file, "bench/results.json")

/** A page of a few scenarios would say of all that everything was reached, and one of the targets' drivers that nobody is ahead. */
function refuseParts({ scenarios: measured }: Results): void {
  const lacking = scenarios.flatMap(({ name, drivers, needsTraces }) => {
    const figures = measured.find(one => one.name === name)
    if (figures === undefined) return needsTraces === true ? [] : [name]
    const found = [...Object.keys(figures.drivers), ...figures.failed]
    return drivers
      .filter(driver => !found.some(key => key === driver || key.startsWith(`${driver}: `)))
      .map(driver => `${name}: ${driver}`)
  })
  if (lacking.length === 0) return
  console.error(`${file} lacks ${lacking.join(", ")}. Measure them first: npm run bench`)
  process.exit(1)
}

function page({ machine, versions, scenarios: measured }: Results): string {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `<!-- Written by \`npm run bench:publish\` from bench/results.json. -->

# Benchmarks

${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}; ${used.join(", ")}.
Medians of trials, each in a process of its own, the drivers in turn; behind them the least, the greatest, and how many: near a
target its drivers get more. On SQLite all but \`node:sqlite\` use better-sqlite3, and durability is normal where nothing else is said.

\`raw\` is the engine by hand: the same tables, no checks, and a statement for each call where the title says nothing else; on SQLite with
prepared statements, on Postgres where it says so. Holdfast can be ahead of it where it puts several rows or calls into one statement. Below a table is what has to be
reached, with the bound in brackets. How it is measured: [bench/README.md](../bench/README.md); what was tried, and why a figure is not
better: [bench/NOTES.md](../bench/NOTES.md).

${missedOnes(measured)}

${ahead(measured)}
${measured.map(section).join("\n")}`
}

/** Where others are ahead, by the medians; nobody needs to look for it. */
function ahead(measured: readonly Figures[]): string {
  const lines = measured.flatMap(({ name, better, drivers }) => {
    const faster = Object.entries(drivers).flatMap(([driver, { median }]) => {
      const [peer = "", what] = driver.split(": ")
      const ours = drivers[what === undefined ? "holdfast" : `holdfast: ${what}`]?.median
      if (!(peer in PEERS || peer in LAYOUTS) || ours === undefined) return []
      const factor = better === "more" ? median / ours : ours / median
      return factor > 1.005 ? [`${driver} ${round(factor)} times`] : []
    })
    return faster.length === 0 ? [] : [`- [${name}](#${name}): ${faster.join("; ")}`]
  })
  const all = { ...PEERS, ...LAYOUTS }
  const named = new Set(measured.flatMap(({ drivers }) => Object.keys(drivers).map(driver => driver.split(": ")[0])))
  const shown = Object.entries(all).filter(([peer]) => named.has(peer))
  return `## Where others are ahead

Stores that an application could take instead, the plain way of writing one, and other ways to lay out the same tables in SQLite;
against \`holdfast\` with better-sqlite3.

${lines.length === 0 ? "Nowhere." : lines.join("\n")}

What they are:

${shown.map(([peer, what]) => `- **${peer}**: ${what}`).join("\n")}
`
}

/** What was not reached, at the top. */
function missedOnes(measured: readonly Figures[]): string {
  const missed = measured.flatMap(figures => {
    const some = verdictsOf(figures).filter(({ met }) => !met)
    return some.map(({ text }) => `[${figures.name}](#${figures.name}) (${text})`)
  })
  return missed.length === 0 ? "Everything was reached." : `Missed: ${missed.join("; ")}.`
}

function verdictsOf(figures: Figures) {
  const scenario = scenarios.find(({ name }) => name === figures.name)
  return scenario === undefined ? [] : judge(scenario, figures)
}

function section(figures: Figures): string {
  const rows = Object.entries(figures.drivers).map(([name, { median, min, max, values }]) => {
    return `| ${name} | ${round(median)} | ${round(min)} to ${round(max)} | ${values.length} |`
  })
  const failures = figures.failed.map(name => `| ${name} | failed | | |`)
  const targets = verdictsOf(figures).map(({ text, met }) => `- ${text}${met ? "" : ": **missed**"}`)
  return `## ${figures.name}

${figures.title}. Measured ${figures.origin.date} at ${figures.origin.commit}.

${CHARTS.includes(figures.name) ? `${picture(figures)}\n\n` : ""}| | ${figures.unit} | | trials |
| --- | ---: | --- | ---: |
${[...rows, ...failures].join("\n")}
${targets.length === 0 ? "" : `\n${targets.join("\n")}\n`}`
}

function picture({ name, title }: Figures): string {
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="benchmarks/${name}-dark.svg">
  <img alt="${title}" src="benchmarks/${name}-light.svg">
</picture>`
}
