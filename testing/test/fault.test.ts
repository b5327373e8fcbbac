import { describe, expect, it } from "vitest"
import { createFaultSeam, type FaultOutcome, untilNoFault } from "../src/fault.js"

/** Something that makes three calls, the second of which it can do without. */
function threeCalls(pass: () => void): () => Promise<string> {
  return async () => {
    pass()
    try {
      pass()
    } catch {}
    pass()
    return "done"
  }
}

describe("untilNoFault", () => {
  it("fails every call once and ends when none is left", async () => {
    const seam = createFaultSeam()
    const outcomes: FaultOutcome<string>[] = []
    const calls = await untilNoFault(seam, threeCalls(seam.pass), outcome => {
      outcomes.push(outcome)
    })
    expect(calls).toBe(3)
    expect(outcomes).toMatchObject([
      { call: 1, struck: true, status: "rejected", reason: new Error("fault at call 1") },
      { call: 2, struck: true, status: "fulfilled", value: "done" },
      { call: 3, struck: true, status: "rejected", reason: new Error("fault at call 3") },
      { call: 4, struck: false, status: "fulfilled", value: "done" },
    ])
  })

  it("takes the fault back before it checks", async () => {
    const seam = createFaultSeam()
    await untilNoFault(seam, threeCalls(seam.pass), () => seam.pass())
  })

  it("fails on an operation that never passes the seam, as it would test nothing", async () => {
    const nothing = async () => {}
    await expect(untilNoFault(createFaultSeam(), nothing, () => {})).rejects.toThrow("made no call")
  })

  it("fails on an operation that rejects by itself", async () => {
    const seam = createFaultSeam()
    const broken = async () => {
      try {
        seam.pass()
      } catch {}
      throw new Error("own")
    }
    await expect(untilNoFault(seam, broken, () => {})).rejects.toThrow("did not strike: Error: own")
  })

  it("takes an operation that throws synchronously as one that rejects", async () => {
    const seam = createFaultSeam()
    const statuses: string[] = []
    const throwing = (): Promise<void> => {
      seam.pass()
      return Promise.resolve()
    }
    await untilNoFault(seam, throwing, ({ status }) => {
      statuses.push(status)
    })
    expect(statuses).toEqual(["rejected", "fulfilled"])
  })
})

describe("createFaultSeam", () => {
  it("strikes once, at the call it was armed for, with the error given", () => {
    const seam = createFaultSeam()
    const error = new Error("disk full")
    seam.arm(2, error)
    seam.pass()
    expect(seam.pass).toThrow(error)
    seam.pass()
    expect(seam.disarm()).toBe(true)
  })

  it("does not strike after it was taken back", () => {
    const seam = createFaultSeam()
    seam.arm(1)
    expect(seam.disarm()).toBe(false)
    seam.pass()
  })
})
