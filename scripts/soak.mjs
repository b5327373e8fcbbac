// `npm run soak`: every long part, one after the other, and a table at the end. `-- --only NAME` (may be repeated) runs
// some of them, `-- --scale 0.01` makes all of them smaller. Fails when any part does.
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { parseArgs, stripVTControlCharacters } from "node:util"
import { PARTS, reportsOf } from "./soak-parts.mjs"
import { endedFolder, soakFolder } from "./soak-report.mjs"
import { root } from "./workspaces.mjs"

/**
 * @typedef {import("./soak-parts.mjs").Part} Part
 * @typedef {import("./soak-report.mjs").SoakReport} SoakReport
 * @typedef {{ ran: number, full: number, unit: string } | null} Ran
 * @typedef {{ part: string, ended: string, commit: string, failed: boolean, size: Ran }} Ending what this script adds
 */

/** What the test runner says around every line of progress, and npm about its settings. */
const NOISE = ["stderr", "npm warn"]

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, scale: { type: "string", default: "1" } },
})
const scale = Number(values.scale)
if (!(scale > 0)) throw new Error("--scale takes a number above 0, such as 0.01")
const unknown = (values.only ?? []).filter(name => PARTS.every(part => part.name !== name))
if (unknown.length > 0) {
  throw new Error(`no part is called ${unknown.join(", ")}; there are ${PARTS.map(({ name }) => name).join(", ")}`)
}

/**
 * @param {Part} part
 * @returns {Ran}
 */
function sizeOf({ size }) {
  if (size === undefined) return null
  const { full, unit, least } = size
  return { ran: Math.max(Math.min(least, full), Math.round(full * scale)), full, unit }
}

/**
 * Runs a part; what it says goes to a file, and its progress, on standard error, here too.
 *
 * @param {Part} part
 * @param {Ran} size
 */
async function run(part, size) {
  const log = createWriteStream(join(soakFolder, `${part.name}.log`))
  const env = { ...process.env, ...part.env }
  if (part.size !== undefined && size !== null) env[part.size.variable] = String(size.ran)
  const child = spawn("npm", ["run", "--silent", part.script], {
    cwd: join(root, part.workspace),
    env,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  createInterface({ input: child.stderr }).on("line", line => {
    const text = stripVTControlCharacters(line)
    if (text !== "" && NOISE.every(noise => !text.startsWith(noise))) process.stderr.write(`${text}\n`)
  })
  const [code] = await once(child, "close")
  log.end()
  await once(log, "finish")
  return code === 0
}

/**
 * What the part reported, or, where it is a suite of tests, what the suite did; null where something is missing.
 *
 * @param {Part} part
 * @param {number} seconds
 * @returns {SoakReport[] | null}
 */
function reportsBy(part, seconds) {
  const files = part.suite === undefined ? filesOf(part) : [join(root, "reports", `${part.suite.report}.json`)]
  if (!files.every(file => existsSync(file))) return null
  const found = files.map(file => JSON.parse(readFileSync(file, "utf8")))
  if (part.suite === undefined) return found
  const [{ passed, failures, skipped }] = found
  const set = Object.entries(part.env ?? {}).map(([name, value]) => `${name}=${value} `)
  const repeat = `${set.join("")}npm run ${part.script} -w @holdfast/${part.workspace}`
  const figures = { "tests passed": passed, failed: failures.length, skipped: skipped.length }
  return [{ name: part.name, what: part.suite.what, figures, seed: null, repeat, seconds }]
}

/** @param {Part} part */
function filesOf(part) {
  return reportsOf(part).map(name => join(soakFolder, `${name}.json`))
}

/**
 * Runs a part and keeps its reports, with how it ended.
 *
 * @param {Part} part
 * @param {string} commit
 * @returns {Promise<(SoakReport & Ending)[]>}
 */
async function finish(part, commit) {
  const size = sizeOf(part)
  const started = performance.now()
  // What an earlier run has reported must not stand in for this one.
  for (const file of filesOf(part)) rmSync(file, { force: true })
  if (part.suite !== undefined) rmSync(join(root, "reports", `${part.suite.report}.json`), { force: true })
  console.error(`\n== ${part.name}${size === null ? "" : `: ${size.ran} ${size.unit}`}`)
  const isWell = await run(part, size)
  const seconds = Math.round((performance.now() - started) / 1000)
  const reports = isWell ? reportsBy(part, seconds) : null
  const nothing = reportsOf(part).map(name => ({ name, what: "", figures: {}, seed: null, repeat: "", seconds }))
  const ending = { part: part.name, ended: new Date().toISOString(), commit, failed: reports === null, size }
  // A run of the tests in between removes all reports.
  mkdirSync(endedFolder, { recursive: true })
  const ended = (reports ?? nothing).map(report => ({ ...report, ...ending }))
  for (const report of ended) {
    writeFileSync(join(endedFolder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`)
  }
  if (reports === null) console.error(tail(part))
  return ended
}

/** @param {Part} part */
function tail({ name }) {
  const lines = readFileSync(join(soakFolder, `${name}.log`), "utf8")
    .trimEnd()
    .split("\n")
  return `${lines.slice(-40).join("\n")}\n${name} failed; all of it is in reports/soak/${name}.log`
}

/** @param {readonly (SoakReport & Ending)[]} reports */
function printTable(reports) {
  const lines = reports.map(({ name, failed, seconds, figures }) => {
    const shown = Object.entries(figures).slice(0, 3)
    return [
      name,
      failed ? "FAILED" : "ok",
      `${seconds} s`,
      shown.map(([label, value]) => `${value} ${label}`).join(", "),
    ]
  })
  const widths = [0, 1, 2].map(column => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  console.log("")
  for (const line of lines) console.log(line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "))
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function tool(command, ...args) {
  return spawnSync(command, args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" })
}

const build = tool("turbo", "run", "build", "--output-logs=errors-only")
if (build.status !== 0) {
  console.error(`The build failed.\n${build.stdout}${build.stderr}`)
  process.exit(1)
}
mkdirSync(soakFolder, { recursive: true })
const dirty = tool("git", "status", "--porcelain", "--untracked-files=no").stdout === "" ? "" : " and changes"
const commit = tool("git", "rev-parse", "--short", "HEAD").stdout.trim() + dirty

const wanted = PARTS.filter(({ name }) => values.only === undefined || values.only.includes(name))
/** @type {(SoakReport & Ending)[]} */
const reports = []
for (const part of wanted) reports.push(...(await finish(part, commit)))
printTable(reports)
const failed = wanted.map(({ name }) => name).filter(name => reports.some(one => one.part === name && one.failed))
console.log(failed.length === 0 ? "\nAll parts ended well." : `\nFailed: ${failed.join(", ")}`)
process.exitCode = failed.length === 0 ? 0 : 1
