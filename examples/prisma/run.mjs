// Installs what is missing, generates the client and runs the example: `npm start`.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"

const here = import.meta.dirname
const root = join(here, "..", "..")
const bin = join(root, "node_modules", ".bin")

if (!existsSync(join(bin, "prisma"))) run("npm", ["ci"], root)
if (!existsSync(join(root, "prisma-store", "dist"))) run("npm", ["exec", "--", "tsc", "-b", "prisma-store"], root)
run(join(bin, "node"), ["generate.mjs"], here)
run(join(bin, "node"), [join("src", "main.ts")], here)

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" })
  if (status !== 0) process.exit(status ?? 1)
}
