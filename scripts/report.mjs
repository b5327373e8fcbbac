import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * What one suite, run by whatever runner, has to say at its end.
 *
 * @typedef {object} Report
 * @property {string} suite the workspace's folder, followed by `-<runner>` when the npm script is `test:<runner>`
 * @property {number} passed
 * @property {string[]} failures what failed, by name and with the error's first line; errors outside of any test included
 * @property {string[]} skipped the names of the tests that did not run
 */

const folder = join(import.meta.dirname, "..", "reports")

/** Removes the reports of earlier runs, which would otherwise stand in for a suite that did not run. */
export function clearReports() {
  rmSync(folder, { recursive: true, force: true })
}

/** @param {Report} report */
export function writeReport(report) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${report.suite}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

/** @returns {Report[]} ordered by suite */
export function readReports() {
  mkdirSync(folder, { recursive: true })
  return readdirSync(folder)
    .filter(name => name.endsWith(".json"))
    .sort()
    .map(name => JSON.parse(readFileSync(join(folder, name), "utf8")))
}

/**
 * @param {string} name
 * @param {{ message?: string } | undefined} error
 */
export function describeFailure(name, error) {
  return `${name}: ${error?.message?.split("\n")[0] ?? "no reason given"}`
}
