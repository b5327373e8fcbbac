// `npm run docs:runtimes`, after `npm test`: writes the tables of docs/runtimes.md from what the suites reported.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./workspaces.mjs"

/**
 * A run of the suite: the report's file, and the package of the driver where the runtime does not bring it.
 *
 * @type {readonly { file: string, driver?: string }[]}
 */
const RUNS = [
  { file: "better-sqlite3-wal", driver: "better-sqlite3" },
  { file: "better-sqlite3-rollback-journal", driver: "better-sqlite3" },
  { file: "better-sqlite3-memory", driver: "better-sqlite3" },
  { file: "node-sqlite-wal" },
  { file: "node-sqlite-memory" },
  { file: "bun-file" },
  { file: "bun-memory" },
  { file: "durable-object" },
  { file: "sql-js", driver: "sql.js" },
  { file: "memory" },
]

/**
 * @typedef {{ id: string, title: string, status: string, reason?: string }} Case
 * @typedef {{ name: string, runtime: string, passed: number, failed: number, notRun: number, cases: Case[] }} Report
 * @typedef {{ write: string, store: number, textbook: number }} Rows
 */

/** @param {string} path below the folder of reports */
function readReport(path) {
  const file = join(root, "reports", path)
  if (!existsSync(file)) throw new Error(`reports/${path} is missing. Run \`npm test\` first.`)
  return JSON.parse(readFileSync(file, "utf8"))
}

/** The comparison with the model is a case of every run and in no list. */
export async function suiteIds() {
  const { cases } = await import(pathToFileURL(join(root, "testing", "dist", "index.js")).href)
  return [...cases.map((/** @type {Case} */ one) => one.id), "random-sequences-agree-with-model"].sort()
}

/**
 * The table of runs, and why what did not pass did not.
 *
 * @param {readonly { report: Report, versions: string }[]} runs
 */
export function runtimeTable(runs) {
  const lines = ["| store | runs on | cases | passed | failed | not run |", "| --- | --- | --: | --: | --: | --: |"]
  for (const { report, versions } of runs) {
    const { name, passed, failed, notRun, cases } = report
    lines.push(`| ${name} | ${versions} | ${cases.length} | ${passed} | ${failed} | ${notRun} |`)
  }
  const others = runs.flatMap(({ report }) =>
    report.cases
      .filter(one => one.status !== "passed")
      .map(({ id, status, reason }) => `- ${report.name}: \`${id}\` ${status}${reason ? ` (${reason})` : ""}`),
  )
  return [...lines, ...(others.length > 0 ? ["", ...others] : [])].join("\n")
}

/** @param {readonly Rows[]} rows */
export function rowsTable(rows) {
  const lines = rows.map(({ write, store, textbook }) => `| ${write} | ${store} | ${textbook} |`)
  return ["| write | Holdfast | textbook |", "| --- | --: | --: |", ...lines].join("\n")
}

/**
 * Puts a text between the marks of that name.
 *
 * @param {string} document
 * @param {string} name
 * @param {string} text
 */
export function replaceBetween(document, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/runtimes.md lacks the marks ${begin} and ${end}`)
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`
}

/** @param {readonly string[]} ids */
function readRuns(ids) {
  const require = createRequire(join(root, "sqlite-store", "package.json"))
  return RUNS.map(({ file, driver }) => {
    /** @type {Report} */
    const report = readReport(`conformance/${file}.json`)
    const ran = report.cases.map(one => one.id).sort()
    if (JSON.stringify(ran) !== JSON.stringify(ids)) {
      throw new Error(`reports/conformance/${file}.json has other cases than the suite. Run \`npm test\` again.`)
    }
    const version = driver === undefined ? "" : `, ${driver} ${manifestOf(require, driver).version}`
    return { report, versions: report.runtime + version }
  })
}

/**
 * @param {NodeJS.Require} require
 * @param {string} name
 */
function manifestOf(require, name) {
  const folder = require.resolve.paths(name)?.find(folder => existsSync(join(folder, name, "package.json")))
  return JSON.parse(readFileSync(join(folder ?? root, name, "package.json"), "utf8"))
}

if (import.meta.main) {
  const path = join(root, "docs", "runtimes.md")
  const table = runtimeTable(readRuns(await suiteIds()))
  const rows = rowsTable(readReport("figures/durable-object-rows.json"))
  const document = readFileSync(path, "utf8")
  writeFileSync(path, replaceBetween(replaceBetween(document, "conformance", table), "rows-written", rows))
  console.log(table)
}
