import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A new directory for database files, and how to remove it. */
export interface TempDir {
  readonly path: string
  file(name?: string): string
  remove(): void
}

export function tempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), "sqlite-store-"))
  return {
    path,
    file: (name = "store.db") => join(path, name),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
