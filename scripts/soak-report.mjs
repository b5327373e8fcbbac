import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * What one part of `npm run soak` has done, written when it ended well.
 *
 * @typedef {object} SoakReport
 * @property {string} name the part's name, and the file's
 * @property {string} what what was tried, in one sentence
 * @property {Readonly<Record<string, number | string>>} figures
 * @property {string | null} seed where random choices began
 * @property {string} repeat the command that does the same again
 * @property {number} seconds
 */

export const soakFolder = join(import.meta.dirname, "..", "reports", "soak")

/** Where `npm run soak` keeps the reports with how each part ended, which a part run by itself does not write over. */
export const endedFolder = join(soakFolder, "ended")

/** @param {SoakReport} report */
export function writeSoakReport(report) {
  mkdirSync(soakFolder, { recursive: true })
  writeFileSync(join(soakFolder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`)
}
