// Generates the client from prisma/schema.prisma.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const cli = join(import.meta.dirname, "..", "..", "node_modules", "prisma", "build", "index.js")
// Generating needs no schema engine, but Prisma would download one; a program that is there keeps it from that.
const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
const args = [cli, "generate", "--schema", join("prisma", "schema.prisma")]
const { status, stdout, stderr } = spawnSync(process.execPath, args, {
  cwd: import.meta.dirname,
  env,
  encoding: "utf8",
})
if (status !== 0) throw new Error(`prisma generate failed:\n${stdout}${stderr}`)
