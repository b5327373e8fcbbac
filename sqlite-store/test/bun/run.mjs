// `npm run test:bun`: runs the tests in this folder under Bun and reports their counts like any other suite.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { writeReport } from "../../../scripts/report.mjs"

const folder = mkdtempSync(join(tmpdir(), "sqlite-store-bun-run-"))
try {
  const file = join(folder, "junit.xml")
  const args = ["test", "./test/bun", "--only-failures", "--reporter=junit", `--reporter-outfile=${file}`]
  const run = spawnSync("bun", args, {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  })
  if (run.error) console.log(`bun did not start: ${run.error.message}`)
  // Without a file the suite has no report and counts as not run, which is what happened.
  const counts = countsOf(readFileSync(file, "utf8"))
  // Errors outside of any test show in the exit code alone.
  if (run.status !== 0 && counts.failures.length === 0) counts.failures.push("an error outside of any test")
  writeReport({ suite: "sqlite-store-bun", ...counts })
  process.exitCode = counts.failures.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** @param {string} xml */
function countsOf(xml) {
  const results = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)]
  const having = (/** @type {string} */ tag) =>
    results.filter(([, , body]) => body?.includes(`<${tag}`)).map(([, name]) => String(name))
  const failures = [...having("failure"), ...having("error")]
  const skipped = having("skipped")
  return { passed: results.length - failures.length - skipped.length, failures, skipped }
}
