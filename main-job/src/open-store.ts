import { mkdtempSync, statSync } from "node:fs"
import { readdir, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { PGlite } from "@electric-sql/pglite"
import { createPostgresStore, fromPglite } from "@holdfast/postgres-store"
import { openPostgresStore } from "@holdfast/postgres-store/open"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import { createMemoryStore, MemoryStorage, type Store } from "@holdfast/store-core"
import { JobError, oneLine } from "./errors.js"

/** Somewhere documents are kept. */
export interface Place {
  /** What `--store` would have to say to mean this place, wherever it is read. */
  readonly spec: string
  /** The same as people may see it: without a password. */
  readonly name: string
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
  postgres: { usage: "postgres:URL", place: postgresPlace },
  pglite: { usage: "pglite:DIR", place: pglitePlace },
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
  const spec = `sqlite:${path}`
  return {
    spec,
    name: spec,
    shared: true,
    open: () => naming(path, () => openSqlite(path)),
    bytesOnDisk: () => sizeOf([path, `${path}-wal`, `${path}-shm`]),
  }
}

async function openSqlite(path: string): Promise<Store> {
  refuseForeign(path)
  return openSqliteStore(path)
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

/** `postgres:URL`, or a URL as it is: that begins with the same word. */
function postgresPlace(rest: string): Place {
  const url = rest.startsWith("//") ? `postgres:${rest}` : rest
  return {
    spec: `postgres:${url}`,
    name: `postgres:${withoutPassword(url)}`,
    shared: true,
    open: () => naming(withoutPassword(url), () => openPostgresStore(url, { createTables: true })),
    bytesOnDisk: async () => null,
  }
}

/** An embedded Postgres. One process at a time may have it open, which is all the job needs. */
function pglitePlace(directory: string): Place {
  const path = resolve(directory)
  const spec = `pglite:${path}`
  return {
    spec,
    name: spec,
    shared: true,
    open: () => naming(path, () => openPglite(path)),
    bytesOnDisk: async () => {
      const names = await readdir(path, { recursive: true }).catch(() => [])
      return sizeOf(names.map(name => join(path, name)))
    },
  }
}

async function openPglite(path: string): Promise<Store> {
  const database = await PGlite.create(path)
  const adapter = fromPglite(database)
  return createPostgresStore({ ...adapter, close: () => database.close() }, { createTables: true })
}

/** Not every error says where it comes from. */
async function naming(place: string, open: () => Promise<Store>): Promise<Store> {
  try {
    return await open()
  } catch (error) {
    const message = oneLine(error)
    throw new JobError(message.includes(place) ? message : `cannot use ${place}: ${message}`, { cause: error })
  }
}

function withoutPassword(url: string): string {
  return url.replace(/:[^:@/]*@/, "@")
}

function memoryPlace(): Place {
  const storage = new MemoryStorage()
  return {
    spec: "memory",
    name: "memory",
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
