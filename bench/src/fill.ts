import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { pick } from "./drivers/driver.js"
import { openDriver, SQLITE } from "./drivers/open.js"
import { documentIds, payloads, seeded } from "./random.js"

/** What a store is filled with. */
export interface Contents {
  readonly documents: number
  /** So many of the documents, the first ones, get records; the others have only their metadata. */
  readonly withRecords: number
  /** How many each of these gets, one by one in turn, so that no document lies in one place. */
  readonly records: number
  readonly bytes: number
}

/** A store is filled in transactions of so many records; by hand of more, so that a page of the index is written less often. */
const TICK = 1000
const TICK_BY_HAND = 20_000

/** Drivers that keep no promise for each record of a tick. */
const BY_HAND: readonly string[] = ["raw", "packed", "clustered", "textbook"]

/** The same ids for every driver and trial. */
export function filledIds({ documents }: Contents): string[] {
  return documentIds(documents, seeded(1))
}

/** Fills a store for each driver that has data of its own, with that driver. */
export async function fillFor(shared: string, drivers: readonly string[], contents: Contents): Promise<void> {
  for (const name of new Set(drivers.map(ownerOf))) {
    mkdirSync(join(shared, name))
    await fill(name, join(shared, name), contents)
  }
}

/** The same, but Holdfast's records are inserted by hand: where millions are only there to be read or to be many. */
export async function fillQuickly(shared: string, drivers: readonly string[], contents: Contents): Promise<void> {
  for (const name of new Set(drivers.map(ownerOf))) {
    const directory = join(shared, name)
    mkdirSync(directory)
    if (name === "holdfast") await (await openDriver(name, directory, "normal")).close()
    await fill(name === "holdfast" ? "raw" : name, directory, contents)
  }
}

/** Where the data is that `fillFor` made for the driver: all drivers with the tables of Holdfast use the same. */
export function filledDirectory(shared: string, driver: string): string {
  return join(shared, ownerOf(driver))
}

function ownerOf(driver: string): string {
  return (SQLITE as readonly string[]).includes(driver) ? "holdfast" : driver
}

async function fill(name: string, directory: string, contents: Contents): Promise<void> {
  const driver = await openDriver(name, directory, "normal")
  const ids = filledIds(contents)
  const data = payloads(contents.bytes, seeded(2))
  await driver.create(ids)
  const appending = ids.slice(0, contents.withRecords)
  const most = BY_HAND.includes(name) ? TICK_BY_HAND : TICK
  let tick: string[] = []
  for (let record = 0; record < contents.records; record++) {
    for (const id of appending) {
      tick.push(id)
      if (tick.length < most) continue
      await driver.appendToEach(tick, data, String(record))
      tick = []
    }
  }
  if (tick.length > 0) await driver.appendToEach(tick, data, "last")
  await driver.close()
}

/** One of the documents with records. */
export function pickDocument(ids: readonly string[], { withRecords }: Contents, random: () => number): string {
  return pick(ids, Math.floor(random() * withRecords))
}
