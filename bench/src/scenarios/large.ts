import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { pick } from "../drivers/driver.js"
import { database, openDriver } from "../drivers/open.js"
import { type Contents, filledDirectory, filledIds, fillFor, fillQuickly, pickDocument } from "../fill.js"
import { payloads, seeded } from "../random.js"
import type { Place, Scenario } from "../scenario.js"
import { quantile } from "../stats.js"
import { each, rate } from "../timing.js"

const MILLION: Contents = { documents: 1000, withRecords: 1000, records: 1000, bytes: 200 }
const SCATTERED: Contents = { documents: 10_000, withRecords: 10_000, records: 100, bytes: 200 }
const ONE: Contents = { documents: 1, withRecords: 1, records: 1_000_000, bytes: 200 }

/** Documents that are written to, in a small store and in a large one. */
const STORES: Readonly<Record<string, Contents>> = {
  "10,000 records": { documents: 1000, withRecords: 1000, records: 10, bytes: 200 },
  "5,000,000 records": { documents: 5000, withRecords: 5000, records: 1000, bytes: 200 },
}

export const large: readonly Scenario[] = [
  {
    name: "large-store",
    title: "Awaited appends of 200 B to 1000 documents in turn, in a small store and in a large one",
    unit: "records/s",
    better: "more",
    drivers: Object.keys(STORES),
    prepare: async shared => {
      for (const [name, contents] of Object.entries(STORES)) {
        mkdirSync(join(shared, name))
        await fillQuickly(join(shared, name), ["holdfast"], contents)
      }
    },
    trial: appendsTo,
    targets: [{ driver: "5,000,000 records", against: ["10,000 records"], atLeast: 0.75 }],
    minRepetitions: 9,
    settings: { stores: STORES, durability: "normal" },
  },
  {
    name: "cold-load",
    title:
      "Opening a file that is not in memory, with code that is, and loading a document of 100 scattered records out of 1,000,000",
    unit: "ms",
    better: "less",
    drivers: ["holdfast", "raw", "textbook"],
    prepare: (shared, drivers) => fillQuickly(shared, drivers, SCATTERED),
    trial: coldLoad,
    targets: [{ driver: "holdfast", atMost: 20 }],
    minRepetitions: 11,
    settings: { ...SCATTERED },
  },
  {
    name: "file-size",
    title: "File after 1,000,000 appends of 200 B to 1000 documents with ids of 36 characters",
    unit: "MiB",
    better: "less",
    drivers: ["holdfast", "packed", "clustered", "textbook"],
    repetitions: 1,
    prepare: (shared, drivers) => fillFor(shared, drivers, MILLION),
    trial: async (name, place) => statSync(database(filledDirectory(place.shared, name))).size / 2 ** 20,
    targets: [{ driver: "holdfast", against: ["packed", "clustered", "textbook"], atMost: 1.1 }],
    settings: { ...MILLION },
  },
  {
    name: "stalls",
    title: "How long a timer due every millisecond waits during a load of 1,000,000 records",
    unit: "ms",
    better: "less",
    drivers: ["holdfast"],
    prepare: (shared, drivers) => fillQuickly(shared, drivers, ONE),
    trial: stalls,
    targets: [
      { driver: "holdfast: 99.9 %", atMost: 20 },
      { driver: "holdfast: longest", atMost: 50 },
    ],
    settings: { ...ONE },
  },
]

/** Each trial begins with the same small store; what it adds to the large one does not count. */
async function appendsTo(name: string, place: Place): Promise<number> {
  const contents = STORES[name] as Contents
  const filled = filledDirectory(join(place.shared, name), "holdfast")
  const isSmall = contents.records < 100
  if (isSmall) copyFileSync(database(filled), database(place.directory))
  const store = await openDriver("holdfast", isSmall ? place.directory : filled, "normal")
  const ids = filledIds(contents).slice(0, 1000)
  const data = payloads(200, seeded(place.seed))
  let version = 0
  const result = await rate(
    () =>
      each(64, () => {
        const at = version++
        return store.append(pick(ids, at), pick(data, at), String(at))
      }),
    { warm: 1000, measured: 1000 },
  )
  await store.close()
  return result
}

/**
 * The file is cold, the code is not: without the load before, a quarter of the time went into loading the driver itself.
 * What making the ids has left to collect is collected before, or V8 does so in the middle of a load that takes this long.
 */
async function coldLoad(name: string, place: Place): Promise<number> {
  await loadWarm(name, place.directory)
  const directory = filledDirectory(place.shared, name)
  const id = pickDocument(filledIds(SCATTERED), SCATTERED, seeded(place.seed))
  forget(database(directory))
  globalThis.gc?.()
  const began = performance.now()
  const driver = await openDriver(name, directory, "normal")
  const records = await driver.load(id)
  const took = performance.now() - began
  await driver.close()
  if (records !== SCATTERED.records + 1) throw new Error(`${records} records came back`)
  return took
}

/** Does once what will be measured, in another file. */
async function loadWarm(name: string, directory: string): Promise<void> {
  const driver = await openDriver(name, directory, "normal")
  await driver.create(["warm"])
  const data = payloads(SCATTERED.bytes, seeded(2))
  await each(SCATTERED.records, at => driver.append("warm", pick(data, at), String(at)))
  await driver.load("warm")
  await driver.close()
}

/** Tells the system to drop what it has of the file in memory; Node has no call for it. */
function forget(path: string): void {
  const { status } = spawnSync("dd", [
    `of=${path}`,
    "oflag=nocache",
    "conv=notrunc,fdatasync",
    "count=0",
    "status=none",
  ])
  if (status !== 0) throw new Error("dd could not drop the file from memory")
}

async function stalls(name: string, place: Place): Promise<Record<string, number>> {
  const driver = await openDriver(name, filledDirectory(place.shared, name), "normal")
  const waits: number[] = []
  let before = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    waits.push(Math.max(0, now - before - 1))
    before = now
  }, 1)
  await driver.load(filledIds(ONE)[0] as string)
  clearInterval(timer)
  waits.push(performance.now() - before)
  await driver.close()
  return { "99.9 %": quantile(waits, 0.999), longest: Math.max(...waits) }
}
