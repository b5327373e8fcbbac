import { join } from "node:path"
import type { Driver, Durability } from "./driver.js"
import { openHoldfast, storeDriver } from "./holdfast.js"
import { naiveDriver } from "./naive.js"
import { rawDriver } from "./raw.js"

/** Holdfast on both bindings, and the same rows by hand. */
export const SQLITE = ["holdfast", "raw", "holdfast node:sqlite", "raw node:sqlite"] as const

/** What one would take instead. */
export const OTHERS = ["textbook", "naive", "classic-level", "lmdb", "automerge-nodefs"] as const

/** Loaded when one is opened: every trial is a process, and most need none of them. */
const peers = () => import("./peers.js")

const OPENERS: Record<string, (directory: string, durability: Durability) => Driver | Promise<Driver>> = {
  holdfast: (directory, durability) => storeDriver(openHoldfast("better-sqlite3", database(directory), durability)),
  raw: (directory, durability) => rawDriver("better-sqlite3", "log", database(directory), durability),
  "holdfast node:sqlite": (directory, durability) =>
    storeDriver(openHoldfast("node:sqlite", database(directory), durability)),
  "raw node:sqlite": (directory, durability) => rawDriver("node:sqlite", "log", database(directory), durability),
  packed: (directory, durability) => rawDriver("better-sqlite3", "packed", database(directory), durability),
  clustered: (directory, durability) => rawDriver("better-sqlite3", "clustered", database(directory), durability),
  textbook: (directory, durability) => rawDriver("better-sqlite3", "textbook", database(directory), durability),
  naive: (directory, durability) => naiveDriver("better-sqlite3", database(directory), durability),
  "classic-level": async (directory, durability) => (await peers()).levelDriver(directory, durability),
  lmdb: async (directory, durability) => (await peers()).lmdbDriver(directory, durability),
  "automerge-nodefs": async directory => (await peers()).automergeDriver(directory),
}

export function database(directory: string): string {
  return join(directory, "bench.db")
}

/** Opens a driver on its data in the directory, empty or filled by the same driver before. */
export async function openDriver(name: string, directory: string, durability: Durability): Promise<Driver> {
  const opener = OPENERS[name]
  if (opener === undefined) throw new Error(`There is no driver "${name}"`)
  return opener(directory, durability)
}
