import type { Figures } from "./run.js"
import type { Scenario } from "./scenario.js"
import type { Summary } from "./stats.js"

/** Whether a target is met, and with which figure. */
export interface Verdict {
  readonly text: string
  readonly value: number
  readonly met: boolean
}

/** Holds the medians against the scenario's targets. */
export function judge(scenario: Pick<Scenario, "targets" | "better">, figures: Figures): Verdict[] {
  return (scenario.targets ?? []).map(target => {
    const against = bestOf(target.against ?? [], figures)
    const value = medianOf(target.driver, figures) / (against?.median ?? 1)
    const met =
      value >= (target.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (target.atMost ?? Number.POSITIVE_INFINITY)
    const limit = target.atLeast === undefined ? `at most ${target.atMost}` : `at least ${target.atLeast}`
    const name = against === null ? target.driver : `${target.driver} / ${against.name}`
    return { text: `${name}: ${round(value)} (${limit})`, value, met }
  })
}

function bestOf(names: readonly string[], figures: Figures): { name: string; median: number } | null {
  let best: { name: string; median: number } | null = null
  for (const name of names) {
    const median = medianOf(name, figures)
    const isBetter = best === null || (figures.better === "more" ? median > best.median : median < best.median)
    if (isBetter) best = { name, median }
  }
  return best
}

function medianOf(driver: string, figures: Figures): number {
  return figures.drivers[driver]?.median ?? Number.NaN
}

/** For the terminal. */
export function show(figures: Figures, verdicts: readonly Verdict[]): string {
  const rows = Object.entries(figures.drivers).map(([name, summary]) => line(name, summary, figures.unit))
  const targets = verdicts.map(({ text, met }) => `  ${met ? "ok    " : "MISSED"} ${text}`)
  for (const name of figures.failed) rows.push(`  ${name.padEnd(28)} failed`)
  return [`\n${figures.name}: ${figures.title}`, ...rows, ...targets].join("\n")
}

function line(name: string, { median, min, max }: Summary, unit: string): string {
  return `  ${name.padEnd(28)} ${round(median).padStart(11)} ${unit}  (${round(min)} to ${round(max)})`
}

/** Three digits are more than a measurement is worth. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return "none"
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: Math.min(digits, 6) })
}
