// `npm test`: builds, runs every suite, and ends with the counts over all of them.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { clearReports } from "./report.mjs"
import { printSummary } from "./summary.mjs"
import { root } from "./workspaces.mjs"

const { tasks } = JSON.parse(readFileSync(join(root, "turbo.json"), "utf8"))
const suites = Object.keys(tasks).filter(task => task === "test" || task.startsWith("test:"))

clearReports()
// --continue=dependencies-successful: one red suite must not hide the results of the others.
const run = spawnSync("turbo", ["run", ...suites, "--concurrency=2", "--continue=dependencies-successful"], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
  shell: process.platform === "win32",
})
if (run.error) console.log(`turbo did not start: ${run.error.message}`)
const complete = printSummary()
process.exitCode = run.status === 0 && complete ? 0 : 1
