import { afterEach, describe, expect, it, vi } from "vitest"
import { nextTurn, Stretch } from "../src/engine/event-loop.js"

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe("Stretch", () => {
  it("is over when work has gone on for long, until the event loop had a turn", async () => {
    const stretch = new Stretch()
    expect(stretch.isOver()).toBe(false)
    work(20)
    expect([stretch.isOver(), stretch.isOver()]).toEqual([true, true])
    await nextTurn()
    await nextTurn()
    expect(stretch.isOver()).toBe(false)
  })

  it("is over when more than eight milliseconds have gone by since it began, not before", () => {
    let now = 1000
    vi.stubGlobal("performance", { now: () => now })
    const stretch = new Stretch()
    const seen = [1000, 1004, 1008, 1008.1].map(moment => {
      now = moment
      return stretch.isOver()
    })
    expect(seen).toEqual([false, false, false, true])
  })

  it("is over while it is held", () => {
    const stretch = new Stretch()
    stretch.held = true
    expect([stretch.isOver(), stretch.isOverForPage()]).toEqual([true, true])
    stretch.held = false
    expect(stretch.isOver()).toBe(false)
  })

  it("looks at the clock for every fourth of quick lone writes only, and at once while it is held", () => {
    const now = vi.fn(() => 1000)
    vi.stubGlobal("performance", { now })
    const stretch = new Stretch()
    expect([stretch.isOverForWrite(), stretch.isOverForWrite()]).toEqual([false, false])
    stretch.held = true
    expect(stretch.isOverForWrite()).toBe(true)
    stretch.held = false
    now.mockClear().mockReturnValue(1008.1)
    expect([1, 2, 3, 4].map(() => stretch.isOverForWrite())).toEqual([false, false, false, true])
    expect(now).toHaveBeenCalledTimes(1)
  })

  it("looks at the clock for every lone write where they are slow", () => {
    let now = 1000
    vi.stubGlobal("performance", { now: () => now })
    const stretch = new Stretch()
    const seen = [1000, 1003, 1006, 1009, 1012].map(moment => {
      now = moment
      return stretch.isOverForWrite()
    })
    expect(seen).toEqual([false, false, false, true, true])
  })

  it("is over after sixteen pages, where the clock may stand still", async () => {
    vi.stubGlobal("performance", { now: () => 0 })
    const stretch = new Stretch()
    expect(Array.from({ length: 18 }, () => stretch.isOverForPage())).toEqual([...Array(16).fill(false), true, true])
    await nextTurn()
    await nextTurn()
    expect(stretch.isOverForPage()).toBe(false)
  })
})

it("nextTurn takes setImmediate where there is one, since timers take longer", async () => {
  const given = vi.fn((callback: () => void) => void callback())
  vi.stubGlobal("setImmediate", given)
  vi.resetModules()
  const fresh = await import("../src/engine/event-loop.js")
  await fresh.nextTurn()
  expect(given).toHaveBeenCalledTimes(1)
})

it("nextTurn lets timers run, also where there is no setImmediate", async () => {
  vi.stubGlobal("setImmediate", undefined)
  vi.resetModules()
  const fresh = await import("../src/engine/event-loop.js")
  expect(fresh.nextTurn).not.toBe(nextTurn)
  let ran = false
  setTimeout(() => {
    ran = true
  }, 0)
  await fresh.nextTurn()
  expect(ran).toBe(true)
})
