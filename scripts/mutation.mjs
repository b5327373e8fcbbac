// `npm run mutation`: changes the pure modules of store-core and sql-store-core in every small way there is and runs their
// tests on each change; one that no test notices has survived, and is printed. Writes `reports/soak/mutation.json`. With
// names of packages, only those; what the last run found and nothing has touched since is not tried again.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Stryker } from "@stryker-mutator/core"
import { writeSoakReport } from "./soak-report.mjs"
import { root } from "./workspaces.mjs"

/** What has no I/O and no concurrency in it; the rest of the engine is tried by simulation. */
const MODULES = {
  "sql-store-core": ["*.ts"],
  "store-core": [
    "{doc-id,errors,memory-store,options,records,text,verify}.ts",
    "engine/{access,call-queue,event-loop,listing,load-guard,options,paged-iterator,plan,retry}.ts",
  ],
}

const SURVIVED = ["Survived", "NoCoverage"]

const folder = join(root, "reports", "mutation")
const known = /** @type {(keyof typeof MODULES)[]} */ (Object.keys(MODULES))
const given = process.argv.slice(2)
const packages = given.length === 0 ? known : known.filter(name => given.includes(name))
if (packages.length < given.length) throw new Error(`mutation.mjs knows ${known.join(" and ")}`)

process.chdir(root)
mkdirSync(folder, { recursive: true })
const started = performance.now()
let survived = 0
for (const name of packages) survived += await run(name)
report()
console.log(survived === 0 ? "\nNo mutant survived." : `\n${survived} mutants survived; they are printed above.`)
process.exitCode = survived === 0 ? 0 : 1

/**
 * @param {keyof typeof MODULES} name
 * @returns {Promise<number>} how many survived
 */
async function run(name) {
  const incrementalFile = join(folder, `${name}.incremental.json`)
  writeKnown(name, incrementalFile)
  const stryker = new Stryker({
    mutate: MODULES[name].map(files => `${name}/src/${files}`),
    // The tests of a package need its folder, what is built of store-core, and the configuration at the root.
    ignorePatterns: ["**", "!scripts/**", "!*.json", "!store-core/**", "!store-core/dist/**", "!sql-store-core/**"],
    testRunner: "vitest",
    vitest: { configFile: "scripts/mutation.vitest.mjs", dir: `${name}/test`, related: false },
    plugins: ["@stryker-mutator/vitest-runner", join(root, "scripts/mutation-ignorer.mjs")],
    ignorers: ["prose"],
    coverageAnalysis: "perTest",
    incremental: true,
    incrementalFile,
    concurrency: 1,
    symlinkNodeModules: true,
    reporters: ["progress-append-only", "clear-text"],
    clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
    tempDirName: ".stryker-tmp",
  })
  const results = await stryker.runMutationTest()
  renameSync(incrementalFile, resultsOf(name))
  return results.filter(({ status }) => SURVIVED.includes(status)).length
}

/** @param {string} name */
function resultsOf(name) {
  return join(folder, `${name}.json`)
}

/**
 * Writes what is known of the last run, without what survived: that is tried again, since a test may be new that Stryker
 * does not know to have to do with it.
 *
 * @param {string} name
 * @param {string} file
 */
function writeKnown(name, file) {
  rmSync(file, { force: true })
  if (!existsSync(resultsOf(name))) return
  const result = JSON.parse(readFileSync(resultsOf(name), "utf8"))
  for (const module of Object.values(result.files)) {
    module.mutants = module.mutants.filter((/** @type {any} */ { status }) => !SURVIVED.includes(status))
  }
  writeFileSync(file, JSON.stringify(result))
}

/** The scores of the last run of each package. */
function report() {
  /** @type {Record<string, number | string>} */
  const figures = {}
  for (const name of known) {
    const file = resultsOf(name)
    if (!existsSync(file)) continue
    const { files } = JSON.parse(readFileSync(file, "utf8"))
    /** @type {string[]} */
    const all = Object.values(files).flatMap(({ mutants }) => mutants.map((/** @type {any} */ { status }) => status))
    const count = (/** @type {string[]} */ ...statuses) => all.filter(status => statuses.includes(status)).length
    const found = count("Killed", "Timeout")
    const missed = count(...SURVIVED)
    figures[`${name}: mutants found`] = found
    figures[`${name}: survived`] = missed
    figures[`${name}: score`] = `${((100 * found) / (found + missed)).toFixed(2)} %`
    figures[`${name}: not counted, with a reason in place or the wording of a message`] = count("Ignored")
  }
  writeSoakReport({
    name: "mutation",
    what: "Every small change of the pure modules, one at a time: how many make a test fail.",
    figures,
    seed: null,
    repeat: "npm run mutation",
    seconds: Math.round((performance.now() - started) / 1000),
  })
}
