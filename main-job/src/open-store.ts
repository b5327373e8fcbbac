import { mkdtempSync, statSync } from "node:fs"
import { stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import { createMemoryStore, MemoryStorage, type Store } from "@holdfast/store-core"
import { JobError, oneLine } from "./errors.js"

/** Somewhere documents are kept. */
export interface Place {
  /** What `--store` would have to say to mean this place, wherever it is read. */
  readonly spec: string
  /** Whether another process that opens `spec` finds the same documents. */
  readonly shared: boolean
  /** Opens the place; each call gives a store of its own, which the caller closes. */
  open(): Promise<Store>
  /** What it takes on disk while no store is open, `null` where there is no disk. */
  bytesOnDisk(): Promise<number | null>
}

/** What `--store` accepts: the part before the colon picks how the rest is opened. */
const SCHEMES: Readonly<Record<string, { readonly usage: string; place(rest: string): Place }>> = {
  sqlite: { usage: "sqlite:FILE", place: sqlitePlace },
  memory: { usage: "memory", place: memoryPlace },
}

export const STORE_USAGE = Object.values(SCHEMES)
  .map(scheme => scheme.usage)
  .join(" or ")

/** The place a `--store` argument names, or `null` when it names none. Opens nothing. */
export function findPlace(spec: string): Place | null {
  const colon = spec.indexOf(":")
  const name = colon === -1 ? spec : spec.slice(0, colon)
  const rest = colon === -1 ? "" : spec.slice(colon + 1)
  const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined
  if (scheme === undefined) return null
  const complete = scheme.usage.includes(":") ? rest !== "" : colon === -1
  return complete ? scheme.place(rest) : null
}

/** A new SQLite file of its own. */
export function temporaryPlace(): Place {
  return sqlitePlace(join(mkdtempSync(join(tmpdir(), "holdfast-")), "main-job.sqlite"))
}

function sqlitePlace(file: string): Place {
  const path = resolve(file)
  return {
    spec: `sqlite:${path}`,
    shared: true,
    open: () => openSqlite(path),
    bytesOnDisk: () => sizeOf([path, `${path}-wal`, `${path}-shm`]),
  }
}

async function openSqlite(path: string): Promise<Store> {
  try {
    refuseForeign(path)
    return await openSqliteStore(path)
  } catch (error) {
    const message = oneLine(error)
    // Not every error says which file it is about.
    throw new JobError(message.includes(path) ? message : `cannot use ${path}: ${message}`, { cause: error })
  }
}

/**
 * A store may live in the database of an application, beside its tables, and opening one would make it there. That is
 * for applications to decide: a demonstration given the wrong file must leave it alone.
 */
function refuseForeign(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return
  const database = new DatabaseSync(path)
  try {
    const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    const tables = rows.map(({ name }) => String(name))
    if (tables.length > 0 && !tables.includes("holdfast_meta")) {
      throw new JobError(`${path} is the database of another application, with tables of its own: ${tables.join(", ")}`)
    }
  } finally {
    database.close()
  }
}

function memoryPlace(): Place {
  const storage = new MemoryStorage()
  return {
    spec: "memory",
    shared: false,
    open: async () => createMemoryStore({ storage }),
    bytesOnDisk: async () => null,
  }
}

/** Of those that exist: SQLite removes its side files when the last connection closes. */
async function sizeOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths.map(path =>
      stat(path)
        .then(({ size }) => size)
        .catch(() => 0),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
