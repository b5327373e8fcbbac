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

/** A store is filled in transactions of so many records. */
const TICK = 1000

/** The same ids for every driver and trial. */
export function filledIds({ documents }: Contents): string[] {
  return documentIds(documents, seeded(1))
}

/** Fills a store for each driver that has data of its own. */
export async function fillFor(shared: string, drivers: readonly string[], contents: Contents): Promise<void> {
  for (const name of new Set(drivers.map(ownerOf))) await fill(name, join(shared, name), contents)
}

/** Where the data is that `fillFor` made for the driver: all drivers with the tables of Holdfast use the same. */
export function filledDirectory(shared: string, driver: string): string {
  return join(shared, ownerOf(driver))
}

function ownerOf(driver: string): string {
  return (SQLITE as readonly string[]).includes(driver) ? "holdfast" : driver
}

async function fill(name: string, directory: string, contents: Contents): Promise<void> {
  mkdirSync(directory)
  const driver = await openDriver(name, directory, "normal")
  const ids = filledIds(contents)
  const data = payloads(contents.bytes, seeded(2))
  await driver.create(ids)
  const appending = ids.slice(0, contents.withRecords)
  let tick: string[] = []
  for (let record = 0; record < contents.records; record++) {
    for (const id of appending) {
      tick.push(id)
      if (tick.length < TICK) continue
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
