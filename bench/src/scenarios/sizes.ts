import { pick } from "../drivers/driver.js"
import { openDriver } from "../drivers/open.js"
import { documentIds, payloads, seeded } from "../random.js"
import type { Place, Scenario } from "../scenario.js"
import { each, rate } from "../timing.js"

const SIZES = [64, 2000, 64_000, 1_000_000] as const

/** In each tick about as many bytes, so that a transaction of large records is no gigabyte. */
const TICK_BYTES = 4_000_000

/** Work at sizes other than 200 B: with small records the calls count, with large ones the bytes. */
export const sizes: readonly Scenario[] = SIZES.map(bytes => ({
  name: `size-${bytes}`,
  title: `Records of ${bytes} B: appends of several documents in each tick, and loads`,
  unit: "MB/s",
  better: "more",
  drivers: ["holdfast", "raw", "textbook", "classic-level", "lmdb"],
  trial: (driver, place) => appendAndLoad(driver, place, bytes),
  settings: { bytes, documents: documentsOf(bytes), durability: "normal" },
}))

function documentsOf(bytes: number): number {
  return Math.min(1000, Math.max(4, Math.floor(TICK_BYTES / bytes)))
}

async function appendAndLoad(name: string, place: Place, bytes: number): Promise<Record<string, number>> {
  const driver = await openDriver(name, place.directory, "normal")
  const random = seeded(place.seed)
  const ids = documentIds(documentsOf(bytes), random)
  const data = payloads(bytes, random)
  await driver.create(ids)
  let version = 0
  const tick = () => driver.appendToEach(ids, data, String(version++))
  await each(5, tick)
  const appends = await rate(async () => (await each(1, tick)) * ids.length, { warm: 0, measured: 500 })
  let at = 0
  const loads = await rate(async () => driver.load(pick(ids, at++)), { warm: 100, measured: 300 })
  await driver.close()
  return { appends: (appends * bytes) / 1e6, loads: (loads * bytes) / 1e6 }
}
