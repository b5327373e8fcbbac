/**
 * Writes the figures of a run into the documentation: `node publish.js [FILE]`, by default reports/bench.json. The table
 * goes into docs/benchmarks.md, the charts beside it, the results into bench/results.json.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { barChart, THEME_NAMES } from "./chart.js"
import type { machine } from "./machine.js"
import { PEERS } from "./peers.js"
import { judge, round } from "./report.js"
import type { Figures } from "./run.js"
import { scenarios } from "./scenarios/index.js"

type Results = ReturnType<typeof machine> & { readonly scenarios: readonly Figures[] }

/** The scenarios that get a chart. */
const CHARTS = ["append-many", "ticks", "load-large", "postgres-ticks"]

const file = process.argv[2] ?? "reports/bench.json"
const results = JSON.parse(readFileSync(file, "utf8")) as Results
mkdirSync("docs/benchmarks", { recursive: true })
for (const figures of results.scenarios.filter(({ name }) => CHARTS.includes(name))) {
  for (const theme of THEME_NAMES) {
    writeFileSync(`docs/benchmarks/${figures.name}-${theme}.svg`, barChart(figures, theme))
  }
}
writeFileSync("docs/benchmarks.md", page(results))
copyFileSync(file, "bench/results.json")

function page({ date, machine, versions, scenarios: measured }: Results): string {
  const fewest = Math.min(
    ...measured.flatMap(({ drivers }) => Object.values(drivers).map(({ values }) => values.length)),
  )
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `<!-- Written by \`npm run bench:publish\` from bench/results.json. -->

# Benchmarks

${date}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}; ${used.join(", ")}.
Medians of at least ${fewest} trials, each in a process of its own, the drivers in turn; in brackets the least and the greatest.
\`raw\` is the engine by hand: the same tables, prepared statements, no checks. How it is measured:
[bench/README.md](../bench/README.md).

${ahead(measured)}
${measured.map(section).join("\n")}`
}

/** Where others are ahead, by the medians; nobody needs to look for it. */
function ahead(measured: readonly Figures[]): string {
  const lines = measured.flatMap(({ name, better, drivers }) => {
    const ours = drivers.holdfast?.median
    if (ours === undefined) return []
    const faster = Object.entries(drivers).flatMap(([peer, { median }]) => {
      const factor = better === "more" ? median / ours : ours / median
      return peer in PEERS && factor > 1 ? [`${peer} ${round(factor)} times`] : []
    })
    return faster.length === 0 ? [] : [`- [${name}](#${name}): ${faster.join(", ")}`]
  })
  const peers = Object.keys(PEERS).filter(peer => measured.some(({ drivers }) => peer in drivers))
  return `## Where others are ahead

${lines.length === 0 ? "Nowhere in this run." : lines.join("\n")}

What they are:

${peers.map(peer => `- **${peer}**: ${PEERS[peer]}`).join("\n")}
`
}

function section(figures: Figures): string {
  const rows = Object.entries(figures.drivers).map(([name, { median, min, max }]) => {
    return `| ${name} | ${round(median)} | ${round(min)} to ${round(max)} |`
  })
  const failures = figures.failed.map(name => `| ${name} | failed | |`)
  const scenario = scenarios.find(({ name }) => name === figures.name)
  const verdicts = scenario === undefined ? [] : judge(scenario, figures)
  const targets = verdicts.map(({ text, met }) => `- ${text}${met ? "" : ": **missed**"}`)
  return `## ${figures.name}

${figures.title}.

${CHARTS.includes(figures.name) ? `${picture(figures)}\n\n` : ""}| | ${figures.unit} | |
| --- | ---: | --- |
${[...rows, ...failures].join("\n")}
${targets.length === 0 ? "" : `\n${targets.join("\n")}\n`}`
}

function picture({ name, title }: Figures): string {
  return `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="benchmarks/${name}-dark.svg">
  <img alt="${title}" src="benchmarks/${name}-light.svg">
</picture>`
}
