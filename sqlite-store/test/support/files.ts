import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** Every file below a directory with a hash of its bytes: equal before and after means that nothing was touched. */
export function hashesIn(directory: string): Record<string, string> {
  const names = existsSync(directory) ? (readdirSync(directory, { recursive: true }) as string[]) : []
  const files = names.filter(name => statSync(join(directory, name)).isFile())
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(directory, name)))
      .digest("hex")
  return Object.fromEntries(files.sort().map(name => [name, hash(name)]))
}
