// Packs every public package, installs the tarballs into an empty project, and uses them there as a stranger would.
import { spawnSync } from "node:child_process"
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { publicPackages, root } from "./workspaces.mjs"

class CheckFailed extends Error {}

const tool = /** @param {string} name */ name => join(root, "node_modules/.bin", name)
const packages = publicPackages()
/** Every import a stranger can write: `@holdfast/x` and its sub-paths. */
const entries = packages.flatMap(workspace => modules(workspace).map(path => workspace.manifest.name + path.slice(1)))

const project = mkdtempSync(join(tmpdir(), "holdfast-packages-"))
try {
  check()
  console.log(`Packed, installed, imported and type-checked: ${entries.join(", ")}`)
} catch (error) {
  console.log(error instanceof CheckFailed ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

function check() {
  run(root, tool("turbo"), "run", "build")
  packages.forEach(noStaleOutput)
  const tarballs = packages.map(pack)
  write("package.json", JSON.stringify({ name: "stranger", private: true, type: "module" }))
  // Offline: whatever is missing from the tarballs would otherwise be fetched and the gap not seen.
  run(project, "npm", "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", ...tarballs)
  for (const [i, tarball] of tarballs.entries()) {
    const workspace = /** @type {import("./workspaces.mjs").Workspace} */ (packages[i])
    run(project, tool("publint"), "run", tarball, "--strict")
    run(project, tool("attw"), tarball, "--profile", "esm-only", "--quiet", "--entrypoints", ...modules(workspace))
  }
  write("run.mjs", `${imports(entries)}\n${entries.map((_, i) => `Object.values(m${i})`).join("\n")}\n`)
  run(project, process.execPath, "run.mjs")
  typeCheck("nodenext", "nodenext")
  typeCheck("esnext", "bundler")
}

/**
 * The exports that are modules; a plain path is a file to copy, such as a schema.
 *
 * @param {import("./workspaces.mjs").Workspace} workspace
 * @returns {string[]}
 */
function modules({ manifest }) {
  return Object.keys(manifest.exports).filter(path => typeof manifest.exports[path] !== "string")
}

/**
 * A file in dist whose source is gone would be published: `tsc -b` never removes one.
 *
 * @param {import("./workspaces.mjs").Workspace} workspace
 */
function noStaleOutput({ folder }) {
  for (const file of globSync("**/*.js", { cwd: join(root, folder, "dist") })) {
    const source = join(folder, "src", file.replace(/\.js$/, ".ts"))
    if (!existsSync(join(root, source))) fail(`${folder}/dist/${file} has no source: run npm run clean`)
  }
}

/**
 * @param {import("./workspaces.mjs").Workspace} workspace
 * @returns {string} the path of the tarball
 */
function pack({ folder, manifest }) {
  const target = join(project, "tarballs", folder)
  mkdirSync(target, { recursive: true })
  run(join(root, folder), "npm", "pack", "--silent", "--pack-destination", target)
  const [tarball] = readdirSync(target)
  if (tarball === undefined) fail(`npm pack made no tarball of ${manifest.name}`)
  return join(target, /** @type {string} */ (tarball))
}

/**
 * Declarations must stand on their own: no Node types, no skipLibCheck to hide behind.
 *
 * @param {string} module
 * @param {string} moduleResolution
 */
function typeCheck(module, moduleResolution) {
  write("check.ts", `${imports(entries)}\nexport { ${entries.map((_, i) => `m${i}`).join(", ")} }\n`)
  const lib = ["es2024", "esnext.disposable"]
  const compilerOptions = { module, moduleResolution, target: "es2024", lib, types: [], strict: true, noEmit: true }
  write(
    "tsconfig.json",
    JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false }, files: ["check.ts"] }),
  )
  run(project, tool("tsc"), "-p", ".")
}

/** @param {string[]} names */
function imports(names) {
  return names.map((name, i) => `import * as m${i} from "${name}"`).join("\n")
}

/** @param {string} name @param {string} text */
function write(name, text) {
  writeFileSync(join(project, name), text)
}

/**
 * Runs a command without a word, and ends the check with its output when it fails.
 *
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 */
function run(cwd, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  })
  if (status !== 0) fail(`${command} ${args.join(" ")}\n${stdout}${stderr}${error?.message ?? ""}`)
}

/** @param {string} message */
function fail(message) {
  throw new CheckFailed(message)
}
