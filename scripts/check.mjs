// `npm run check`: everything that can be found without running the tests. Runs all checks even when one is red.
import { spawnSync } from "node:child_process"
import { root } from "./workspaces.mjs"

const checks = ["check:format", "check:types", "check:layers", "check:unused", "check:spec", "check:packages"]

const failed = checks.filter(check => {
  console.log(`\n== ${check}`)
  const { status } = spawnSync("npm", ["run", "--silent", check], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  })
  return status !== 0
})
console.log(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
