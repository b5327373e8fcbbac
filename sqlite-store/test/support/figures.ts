import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../reports/figures")

/** Saves what a test counted, for the documentation. */
export function saveFigures(file: string, figures: readonly Readonly<Record<string, string | number>>[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(figures, null, 2)}\n`)
}
