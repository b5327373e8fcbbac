import { describe, expect, it } from "vitest"
import { History } from "./support/history.js"

const HISTORIES = 4000
const AT_A_TIME = 40
const PATIENCE = 15_000

describe("random histories over a backend that delays, refuses and fails", () => {
  it("ORDER-1 ORDER-2 ORDER-4 LOAD-1 LOAD-3 CLOSE-1 every call settles, in the order of the calls", async () => {
    for (let first = 1; first <= HISTORIES; first += AT_A_TIME) {
      const seeds = Array.from({ length: AT_A_TIME }, (_, i) => first + i)
      const found = await Promise.all(seeds.map(async seed => ({ seed, problems: await within(seed) })))
      expect(found.filter(one => one.problems.length > 0)).toEqual([])
    }
  }, 300_000)
})

/** What is wrong with one history; one that hangs is wrong too. */
async function within(seed: number): Promise<readonly string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stuck = new Promise<readonly string[]>(resolve => {
    timer = setTimeout(() => resolve(["did not settle"]), PATIENCE)
  })
  try {
    return await Promise.race([new History(seed).run(), stuck])
  } finally {
    clearTimeout(timer)
  }
}
