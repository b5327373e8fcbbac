// `npm start`: builds what the main job needs without a word, then runs it with the arguments given.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { root } from "./workspaces.mjs"

const build = spawnSync("turbo", ["run", "build", "--filter=@holdfast/main-job"], {
  cwd: root,
  encoding: "utf8",
  shell: process.platform === "win32",
})
if (build.status !== 0) {
  process.stderr.write(`The build failed.\n${build.stdout ?? ""}${build.stderr ?? ""}${build.error?.message ?? ""}\n`)
  process.exit(1)
}

const job = spawnSync(process.execPath, [join(root, "main-job/dist/main.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
})
if (job.error) throw job.error
// Ended by a signal: 1 is all that an exit code can say about it everywhere.
process.exitCode = job.status ?? 1
