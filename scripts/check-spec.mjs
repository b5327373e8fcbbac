// `npm run check:spec`, after a build: every rule of SPEC.md has a case in the suite, and every case names its rules.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./workspaces.mjs"

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {readonly string[]} rules
 *
 * @typedef {Readonly<Record<string, readonly { file: string, title: string }[]>>} Elsewhere
 */

/** @param {string} spec */
export function rulesOf(spec) {
  return [...spec.matchAll(/^- \*\*([A-Z]+-\d+)\*\*/gm)].map(([, rule]) => String(rule))
}

/**
 * What is wrong, one line each.
 *
 * @param {readonly string[]} rules
 * @param {readonly Case[]} cases
 * @param {Elsewhere} elsewhere rules that tests of a package hold, which are named by file and title
 * @param {(file: string) => string | null} read null for a file that is not there
 */
export function problemsOf(rules, cases, elsewhere, read) {
  const known = new Set(rules)
  const covered = new Set(cases.flatMap(one => one.rules))
  const problems = repeated(rules).map(rule => `SPEC.md has the rule ${rule} twice`)
  for (const id of repeated(cases.map(one => one.id))) problems.push(`two cases have the id ${id}`)
  for (const { id, rules: named } of cases) {
    if (named.length === 0) problems.push(`case ${id} names no rule`)
    for (const rule of named) if (!known.has(rule)) problems.push(`case ${id} names ${rule}, which is not in SPEC.md`)
  }
  for (const rule of rules) {
    if (!covered.has(rule) && !Object.hasOwn(elsewhere, rule)) problems.push(`rule ${rule} has no case`)
  }
  for (const [rule, tests] of Object.entries(elsewhere)) {
    if (!known.has(rule)) problems.push(`elsewhere.ts names ${rule}, which is not in SPEC.md`)
    if (covered.has(rule)) problems.push(`elsewhere.ts names ${rule}, which has a case`)
    if (tests.length === 0) problems.push(`elsewhere.ts names no test for ${rule}`)
    for (const { file, title } of tests) {
      const text = read(file)
      if (text === null) problems.push(`elsewhere.ts names ${file} for ${rule}, which is not there`)
      else if (!text.includes(title))
        problems.push(`${file} has no test "${title}", which elsewhere.ts names for ${rule}`)
    }
  }
  return problems
}

/** @param {readonly string[]} names */
function repeated(names) {
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))]
}

/** @param {string} name a module of the built suite */
async function built(name) {
  const path = join(root, "testing", "dist", name)
  if (!existsSync(path)) throw new Error("The suite is not built. Run `npm run build` first.")
  return import(pathToFileURL(path).href)
}

/** @param {string} file */
function readIfThere(file) {
  const path = join(root, file)
  return existsSync(path) ? readFileSync(path, "utf8") : null
}

if (import.meta.main) {
  const rules = rulesOf(readFileSync(join(root, "SPEC.md"), "utf8"))
  const { cases } = await built("index.js")
  const { elsewhere } = await built("elsewhere.js")
  const problems = problemsOf(rules, cases, elsewhere, readIfThere)
  if (rules.length === 0) problems.push("no rule was found in SPEC.md")
  for (const problem of problems) console.log(problem)
  if (problems.length === 0) console.log(`${rules.length} rules, ${cases.length} cases: every rule is tested.`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
