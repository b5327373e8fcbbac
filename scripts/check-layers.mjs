// Holds the imports of every workspace against the layers: which package may know which, and no cycles between files.
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { root, workspaces } from "./workspaces.mjs"

/**
 * What the source of a package may import from the others. A package that is not listed may import none, so that a new
 * one has to be entered here.
 *
 * @type {Record<string, string[]>}
 */
const layers = {
  "store-core": [],
  "sql-store-core": ["store-core"],
  "sqlite-store": ["store-core", "sql-store-core"],
  "postgres-store": ["store-core", "sql-store-core"],
  "prisma-store": ["store-core", "sql-store-core", "postgres-store"],
  testing: ["store-core"],
}

/**
 * The only files that may import modules of a runtime, or a driver. They are entries of their own: whoever imports the
 * main entry, in a Worker or a browser, must not get them along, so no other file may import them.
 */
const runtimeEntries = ["sqlite-store/src/open.ts", "postgres-store/src/open.ts"]
const runtimeModules = /^((node|bun):|pg$)/

/** Private workspaces stand beside the layers: they may use every backend, but only tests use the suite. */
const applicationMayNotUse = ["testing"]

const problems = []
for (const { folder, manifest } of workspaces()) {
  for (const file of sources(folder, "src")) {
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) {
        checkPackage(folder, manifest.private === true, file, name)
        checkDeclared(manifest, file, name)
      } else checkFile(folder, file, resolve(file, name))
    }
  }
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    checkPackage(folder, manifest.private === true, `${folder}/package.json`, name)
  }
  for (const cycle of cycles(sources(folder, "src"))) problems.push(`cycle: ${cycle.join(" -> ")}`)
}
for (const problem of problems) console.log(problem)
console.log(problems.length === 0 ? "The layers hold." : `${problems.length} imports against the layers`)
process.exitCode = problems.length === 0 ? 0 : 1

/**
 * @param {string} folder
 * @param {boolean} application
 * @param {string} where
 * @param {string} name
 */
function checkPackage(folder, application, where, name) {
  const ours = /^@holdfast\/([^/]+)/.exec(name)?.[1]
  if (application) {
    if (ours && applicationMayNotUse.includes(ours)) problems.push(`${where} imports ${name}, which is for tests`)
    return
  }
  const allowed = ours ? layers[folder]?.includes(ours) : runtimeEntries.includes(where) && runtimeModules.test(name)
  if (!allowed) problems.push(`${where} imports ${name}`)
}

/**
 * @param {string} folder
 * @param {string} file
 * @param {string} imported
 */
function checkFile(folder, file, imported) {
  if (!imported.startsWith(`${folder}/src/`)) problems.push(`${file} leaves src: ${imported}`)
  if (runtimeEntries.includes(imported)) problems.push(`${file} imports ${imported}, which is tied to a runtime`)
}

/**
 * The workspace links every package to every other, so that a missing dependency shows only after publishing.
 *
 * @param {Record<string, any>} manifest
 * @param {string} file
 * @param {string} name
 */
function checkDeclared(manifest, file, name) {
  const ours = /^@holdfast\/[^/]+/.exec(name)?.[0]
  if (ours && !Object.hasOwn(manifest.dependencies ?? {}, ours)) {
    problems.push(`${file} imports ${ours}, which is not among its package's dependencies`)
  }
}

/**
 * Depth first, so that a cycle is reported with the path that closes it.
 *
 * @param {string[]} files
 */
function cycles(files) {
  /** @type {Set<string>} */
  const done = new Set()
  /** @type {string[][]} */
  const found = []
  /** @param {string} file @param {string[]} path */
  const visit = (file, path) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file])
    if (path.includes(file) || done.has(file) || !files.includes(file)) return
    for (const name of importsOf(file)) if (name.startsWith(".")) visit(resolve(file, name), [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return found
}

/**
 * Without what a tool generates, which is not ours to arrange.
 *
 * @param {string[]} parts
 */
function sources(...parts) {
  const files = globSync(join(...parts, "**/*.ts"), { cwd: root, exclude: ["**/generated/**"] })
  return files.map(path => path.replaceAll("\\", "/"))
}

/** @param {string} file @param {string} name */
function resolve(file, name) {
  return normalize(join(dirname(file), name))
    .replaceAll("\\", "/")
    .replace(/\.js$/, ".ts")
}

/**
 * The names in static, dynamic and type imports and in re-exports. Comments are taken out first: an example in one is
 * no import.
 *
 * @param {string} file
 */
function importsOf(file) {
  const text = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")
  const pattern = /(?:^|[^\w.])(?:import\s*\(\s*|import\s+|(?:import|export)\b[^"'`;]*?\bfrom\s*)["']([^"']+)["']/g
  return [...text.matchAll(pattern)].map(match => /** @type {string} */ (match[1]))
}
