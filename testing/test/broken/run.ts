import { type ConformanceCase, cases, runConformance } from "../../src/index.js"
import { memoryPlace } from "../memory-place.js"
import { brokenStores, wholeStore } from "./index.js"

/** Cases that take longer than most, beside those that are marked slow or are about sizes. */
const LONG: readonly string[] = [
  "share-load-overtaken",
  "load-never-started-or-finished",
  "load-long-pause",
  "load-without-read-ahead",
  "order-many-calls-in-one-tick",
]

/**
 * The ids of the cases that the store fails. Unless `all`, the cases that take long run only on the stores that name
 * them. The random sequences of the model are left out: they decide no rule of their own.
 */
export async function failedCases(name: string, all: boolean): Promise<string[]> {
  const store = [...brokenStores, wholeStore].find(one => one.name === name)
  if (store === undefined) throw new TypeError(`there is no broken store "${name}"`)
  const isLong = (one: ConformanceCase) => one.slow === true || one.id.startsWith("size-") || LONG.includes(one.id)
  const quick = cases.filter(one => all || !isLong(one)).map(one => one.id)
  const report = await runConformance(name, () => memoryPlace(false, store.damage()), {
    only: [...quick, ...(store.slow ?? [])],
    modelSequences: 0,
    // Its storage outlives the stores on it, so here also a memory store keeps what it acknowledged.
    capabilities: { durable: true },
  })
  return report.cases.filter(one => one.status === "failed").map(one => one.id)
}
