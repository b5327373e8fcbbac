import "./simulation/clock.js"
import type { Outcome, Plan, WriteOperation } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { SimulatedBackend } from "./simulation/backend.js"
import { createHistory, type History } from "./simulation/history.js"
import { type Connect, run } from "./simulation/run.js"
import { shrink } from "./simulation/shrink.js"
import { failure } from "./support/scripted-backend.js"

const HISTORIES = 4000
/** Actions that are enough to show any of the mistakes below; histories have up to 45. */
const SHORT = 8
const PATIENCE = 120_000

describe("random histories over a database that delays, refuses, fails and restarts, of processes that die", () => {
  it(
    "ORDER-1 ORDER-2 ORDER-4 WRITE-1 to WRITE-5 LOAD-1 LOAD-3 LIST-4 CLOSE-1 SHARE-2 SHARE-3 fit what was stored",
    async () => {
      const wrong: unknown[] = []
      const sum = { acknowledged: 0, faults: 0, crashes: 0 }
      for (let seed = 1; seed <= HISTORIES; seed++) {
        const { problems, figures } = await run(createHistory(seed))
        const again = `npm run simulate -w @holdfast/store-core -- ${seed}`
        if (problems.length > 0 && wrong.length < 5) wrong.push({ again, problem: problems[0] })
        for (const name of ["acknowledged", "faults", "crashes"] as const) sum[name] += figures[name]
      }
      expect(wrong).toEqual([])
      for (const happened of Object.values(sum)) expect(happened).toBeGreaterThan(HISTORIES / 2)
    },
    PATIENCE,
  )
})

/** Says that a group is stored, and stores it later. */
class TooEarly extends SimulatedBackend {
  override commit(operations: readonly WriteOperation[], plan: Plan): readonly Outcome[] {
    this.clock.after(1, () => {
      if (!this.isDead) void Promise.resolve(super.commit(operations, plan)).catch(() => {})
    })
    return operations.map(() => null)
  }
}

/** Writes over what another process has stored since it looked. */
class LostUpdate extends SimulatedBackend {
  protected override checkGuesses(): void {}
}

/** Says that nothing is stored when that is not known, so that the engine writes once more. */
class Twice extends SimulatedBackend {
  override async commit(operations: readonly WriteOperation[], plan: Plan): Promise<readonly Outcome[]> {
    try {
      return await super.commit(operations, plan)
    } catch {
      throw failure("STORE_BUSY")
    }
  }
}

/** Stores a replace without its last record. */
class Torn extends SimulatedBackend {
  override commit(operations: readonly WriteOperation[], plan: Plan): readonly Outcome[] | Promise<readonly Outcome[]> {
    const torn = operations.map(operation =>
      operation.kind === "replace" && operation.records.length > 1
        ? { ...operation, records: operation.records.slice(0, -1) }
        : operation,
    )
    return super.commit(torn, plan)
  }
}

/** Stores what was called together in the opposite order. */
class Disorder extends SimulatedBackend {
  override async commit(operations: readonly WriteOperation[], plan: Plan): Promise<readonly Outcome[]> {
    return [...(await super.commit([...operations].reverse(), plan))].reverse()
  }
}

const BROKEN: readonly { name: string; connect: Connect }[] = [
  { name: "acknowledges before the commit", connect: (...args) => new TooEarly(...args) },
  { name: "writes over what another process stored", connect: (...args) => new LostUpdate(...args) },
  { name: "writes again what may be stored", connect: (...args) => new Twice(...args) },
  { name: "stores a part of a write", connect: (...args) => new Torn(...args) },
  { name: "stores a group in another order", connect: (...args) => new Disorder(...args) },
]

describe.each(BROKEN)("a backend that $name", ({ connect }) => {
  it("WRITE-1 WRITE-2 WRITE-3 ORDER-1 SHARE-2 is found out, the same way each time, and in few calls", async () => {
    const found: History[] = []
    for (let seed = 1; seed <= 300 && found.length < 3; seed++) {
      const history = createHistory(seed)
      if ((await run(history, connect)).problems.length > 0) found.push(history)
    }
    expect(found.length).toBe(3)
    for (const history of found) {
      expect(await run(history, connect)).toEqual(await run(history, connect))
      const shortest = await shrink(history, connect)
      expect((await run(shortest, connect)).problems).not.toEqual([])
      expect(await shrink(history, connect)).toEqual(shortest)
      expect(shortest.actions.length).toBeLessThanOrEqual(SHORT)
      // What is left of it is no mistake of the simulation.
      expect((await run(shortest)).problems).toEqual([])
    }
  }, 60_000)
})
