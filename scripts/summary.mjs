import { readReports } from "./report.mjs"
import { workspaces } from "./workspaces.mjs"

/**
 * Prints the skipped tests by name, what is wrong with the set of reports, and last one line with the counts over all
 * suites.
 *
 * @returns {boolean} whether everything expected ran and nothing failed
 */
export function printSummary() {
  const reports = readReports()
  const ran = reports.map(report => report.suite)
  const problems = []
  for (const suite of expectedSuites()) {
    const report = reports.find(candidate => candidate.suite === suite)
    if (report === undefined) problems.push(`suite ${suite} wrote no report: it did not run to its end`)
    else if (report.passed + report.failures.length === 0) problems.push(`suite ${suite} ran no test`)
  }
  for (const suite of ran) {
    if (!expectedSuites().includes(suite)) problems.push(`suite ${suite} reported but no package.json has its script`)
  }
  for (const { suite, skipped } of reports) for (const name of skipped) console.log(`skipped: ${suite}: ${name}`)
  for (const { suite, failures } of reports) for (const failure of failures) console.log(`failed: ${suite}: ${failure}`)
  for (const problem of problems) console.log(`problem: ${problem}`)

  const passed = sum(reports.map(report => report.passed))
  // A suite that is missing counts as a failure, so that the line alone never looks better than the run was.
  const failed = sum(reports.map(report => report.failures.length)) + problems.length
  const skipped = sum(reports.map(report => report.skipped.length))
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
  return failed === 0
}

/** `test` of a workspace is the suite named after its folder, `test:bun` the suite `<folder>-bun`. */
function expectedSuites() {
  return workspaces().flatMap(({ folder, manifest }) => {
    const name = folder.replaceAll("/", "-")
    return Object.keys(manifest.scripts ?? {})
      .filter(script => script === "test" || script.startsWith("test:"))
      .map(script => name + script.slice("test".length).replace(":", "-"))
  })
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
