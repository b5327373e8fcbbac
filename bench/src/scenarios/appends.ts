import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { type Driver, type Durability, pick } from "../drivers/driver.js"
import { OTHERS, openDriver, SQLITE } from "../drivers/open.js"
import { PEERS } from "../peers.js"
import { documentIds, payloads, seeded } from "../random.js"
import type { Place, Scenario } from "../scenario.js"
import { type Duration, each, rate, SHORT } from "../timing.js"

interface Size {
  readonly documents: number
  readonly bytes: number
  readonly durability: Durability
}

/**
 * SQLite's log grows until it is copied for the first time, and every growth is something more for the disk to keep; from then
 * on it is written over. That is how a store spends its life, so it is what is measured.
 */
const LOG_GROWN: Duration = { warm: 3000, measured: 500 }

/** Only what a ratio is asked of has to be that exact. */
const shortForPeers = (driver: string, duration: Duration) => (driver in PEERS ? SHORT : duration)

/** Where commits do not wait for the disk the log has grown in that time; then it is copied once or twice, tens of milliseconds each. */
const COPIES: Duration = { warm: 1000, measured: 1000 }

/**
 * Ticks before the measured ones, after which every document has pages of its own where the layout gives it some; for what takes
 * long, so many as fit into two seconds.
 */
const WARM_TICKS = 40
const LONGEST_WARM = 2000

export const appends: readonly Scenario[] = [
  lone("append-one", { documents: 1, bytes: 200, durability: "normal" }),
  lone("append-many", { documents: 1000, bytes: 200, durability: "normal" }),
  {
    name: "append-full",
    title:
      "Awaited appends of 200 B, durability full, once the log is written over, against write and fdatasync of the same bytes to a file that grows",
    unit: "records/s",
    better: "more",
    drivers: ["holdfast", "write + fdatasync", "raw", "classic-level", "lmdb"],
    trial: (driver, place) =>
      driver === "write + fdatasync"
        ? synchronousFile(place)
        : loneAppends(
            driver,
            place,
            { documents: 1, bytes: 200, durability: "full" },
            shortForPeers(driver, LOG_GROWN),
          ),
    targets: [{ driver: "holdfast", against: ["write + fdatasync"], atLeast: 0.7 }],
    settings: { documents: 1, bytes: 200, durability: "full", warmMilliseconds: LOG_GROWN.warm },
  },
  ticks("ticks", { documents: 1000, bytes: 200, durability: "normal" }, 0.5, 3),
  ticks("ticks-full", { documents: 1000, bytes: 200, durability: "full" }, 0.8, 3),
]

function lone(name: string, size: Size): Scenario {
  return {
    name,
    title: `Awaited appends of ${size.bytes} B to ${size.documents === 1 ? "one document" : `${size.documents} documents in turn`}, each against one autocommit INSERT`,
    unit: "records/s",
    better: "more",
    drivers: [...SQLITE, ...OTHERS],
    trial: (driver, place) => loneAppends(driver, place, size, shortForPeers(driver, COPIES)),
    targets: [
      { driver: "holdfast", against: ["raw"], atLeast: 0.85 },
      { driver: "holdfast node:sqlite", against: ["raw node:sqlite"], atLeast: 0.85 },
    ],
    minRepetitions: 7,
    settings: { ...size },
  }
}

async function loneAppends(
  name: string,
  place: Place,
  { documents, bytes, durability }: Size,
  duration: Duration,
): Promise<number> {
  const driver = await openDriver(name, place.directory, durability)
  const { ids, data } = await filled(driver, place, documents, bytes)
  let version = 0
  const result = await rate(
    () =>
      each(64, () => {
        const at = version++
        return driver.append(pick(ids, at), pick(data, at), String(at))
      }),
    duration,
  )
  await driver.close()
  return result
}

function ticks(name: string, size: Size, raw: number, textbook: number): Scenario {
  return {
    name,
    title: `${size.documents} documents appending ${size.bytes} B in each tick, durability ${size.durability}, against one transaction per tick`,
    unit: "records/s",
    better: "more",
    drivers: [...SQLITE, ...OTHERS.filter(other => other !== "naive" || size.durability === "normal")],
    async trial(name, place) {
      const driver = await openDriver(name, place.directory, size.durability)
      const { ids, data } = await filled(driver, place, size.documents, size.bytes)
      let version = 0
      const tick = () => driver.appendToEach(ids, data, String(version++))
      const began = performance.now()
      for (let i = 0; i < WARM_TICKS && performance.now() - began < LONGEST_WARM; i++) await tick()
      const result = await rate(async () => (await each(1, tick)) * ids.length, { warm: 0, measured: 1000 })
      await driver.close()
      return result
    },
    targets: [
      { driver: "holdfast", against: ["raw"], atLeast: raw },
      { driver: "holdfast node:sqlite", against: ["raw node:sqlite"], atLeast: raw },
      { driver: "holdfast", against: ["textbook"], atLeast: textbook },
    ],
    minRepetitions: 5,
    settings: { ...size, warmTicks: WARM_TICKS },
  }
}

async function filled(driver: Driver, place: Place, documents: number, bytes: number) {
  const random = seeded(place.seed)
  const ids = documentIds(documents, random)
  const data = payloads(bytes, random)
  await driver.create(ids)
  return { ids, data }
}

/** The bytes at the end of an open file, and the disk told to keep them and the file's new length. */
async function synchronousFile(place: Place): Promise<number> {
  const file = openSync(join(place.directory, "file"), "a")
  const [data] = payloads(200, seeded(place.seed)) as [Uint8Array]
  const result = await rate(() => {
    writeSync(file, data)
    fdatasyncSync(file)
    return 1
  })
  closeSync(file)
  return result
}
