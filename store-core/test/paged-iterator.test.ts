import { describe, expect, it } from "vitest"
import { OpenSteps } from "../src/engine/open-steps.js"
import { PagedIterator, type PageSource } from "../src/engine/paged-iterator.js"

/** Pages that each take a turn of the event loop. */
class Pages implements PageSource<number> {
  /** How many were being fetched at once, at most. */
  most = 0
  private fetching = 0
  protected readonly pages: number[][]

  constructor(...pages: number[][]) {
    this.pages = pages
  }

  async fetch(): Promise<readonly number[] | null> {
    this.most = Math.max(this.most, ++this.fetching)
    await new Promise(setImmediate)
    this.fetching--
    return this.pages.shift() ?? null
  }

  reachesEnd(): boolean {
    return this.pages.length === 0
  }

  stopped(): null {
    return null
  }

  release(): void {}
}

/** Pages that are there at once. */
class QuickPages extends Pages {
  override async fetch(): Promise<readonly number[] | null> {
    return this.pages.shift() ?? null
  }
}

describe("steps called without waiting (LOAD-2)", () => {
  it("are answered in order and fetch one page at a time, also those called while others wait", async () => {
    const source = new Pages([1], [2], [3], [4])
    const steps = new OpenSteps()
    const iterator = new PagedIterator(source, steps)
    const called = [iterator.next(), iterator.next()]
    await called[0]
    called.push(iterator.next(), iterator.next(), iterator.next())
    const values = (await Promise.all(called)).map(({ value }) => value)
    expect(values).toEqual([1, 2, 3, 4, undefined])
    expect(source.most).toBe(1)
    await steps.settled()
  })

  it("are answered in order whenever the last is called, also from memory", async () => {
    for (let ticks = 0; ticks < 20; ticks++) {
      const iterator = new PagedIterator(new QuickPages([1, 2]), new OpenSteps())
      const answered: unknown[] = []
      const call = () => iterator.next().then(({ value }) => answered.push(value))
      const [first, second] = [call(), call()]
      for (let tick = 0; tick < ticks; tick++) await null
      await Promise.all([first, second, call()])
      expect(answered, `called ${ticks} microtasks later`).toEqual([1, 2, undefined])
    }
  })

  it("are over when they are answered, `return` too, so that closing does not wait for them", async () => {
    const steps = new OpenSteps()
    const iterator = new PagedIterator(new Pages([1], [2]), steps)
    const called = [iterator.next(), iterator.return(), iterator.next()]
    const settled = steps.settled().then(() => "settled")
    expect(await Promise.all(called)).toEqual([
      { done: false, value: 1 },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(await settled).toBe("settled")
  })
})
