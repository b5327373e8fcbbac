import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "..")

/**
 * @typedef {object} Workspace
 * @property {string} folder relative to the root, with "/" in it for examples
 * @property {Record<string, any>} manifest its package.json
 */

/** @returns {Workspace[]} */
export function workspaces() {
  const { workspaces: patterns } = readManifest(root)
  return globSync(patterns, { cwd: root })
    .map(path => path.replaceAll("\\", "/"))
    .filter(folder => existsSync(join(root, folder, "package.json")))
    .sort()
    .map(folder => ({ folder, manifest: readManifest(join(root, folder)) }))
}

/** Those that are published. */
export function publicPackages() {
  return workspaces().filter(({ manifest }) => manifest.private !== true)
}

/** @param {string} folder */
function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
}
