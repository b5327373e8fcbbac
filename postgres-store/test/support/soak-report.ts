import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface SoakReport {
  readonly name: string
  /** One sentence: what was shown. */
  readonly what: string
  readonly figures: Readonly<Record<string, number | string>>
  readonly seed: string | null
  /** The command that repeats it. */
  readonly repeat: string
  readonly seconds: number
}

/** What a long run found, beside what the other packages' long runs did. */
export function writeSoakReport(report: SoakReport): void {
  const folder = join(import.meta.dirname, "../../../reports/soak")
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

/** Says on standard error how far a long run is. */
export function sayProgress(text: string): void {
  process.stderr.write(`${text}\n`)
}
