import { show } from "./assert.js"
import type { FaultSeam } from "./harness.js"

/** What became of an operation while a fault was armed at its `call`-th call to what is underneath. */
export type FaultOutcome<T> = PromiseSettledResult<T> & {
  readonly call: number
  /** Whether the fault has struck. If not, the operation makes fewer calls, and this is the last outcome. */
  readonly struck: boolean
}

/** More calls than any operation of a case makes: beyond, the loop would never end. */
const MOST_CALLS = 2_000

/**
 * Runs the operation with a fault at its first call, at its second, and so on until it got through without the fault
 * having struck; calls `check` after each, with the fault taken back. Returns how many calls the operation makes.
 *
 * Fails when no fault ever struck, which would test nothing, and when the operation rejects without one.
 */
export async function untilNoFault<T>(
  seam: FaultSeam,
  operation: (call: number) => PromiseLike<T>,
  check: (outcome: FaultOutcome<T>) => void | PromiseLike<void>,
): Promise<number> {
  for (let call = 1; call <= MOST_CALLS; call++) {
    seam.arm(call)
    const [settled] = await Promise.allSettled([(async () => operation(call))()])
    const struck = seam.disarm()
    if (!struck && settled.status === "rejected") {
      throw new Error(`rejected although the fault at call ${call} did not strike: ${show(settled.reason)}`, {
        cause: settled.reason,
      })
    }
    if (!struck && call === 1) throw new Error("the operation made no call that passes the fault seam")
    await check({ ...settled, call, struck })
    if (!struck) return call - 1
  }
  throw new Error(`the fault still struck at call ${MOST_CALLS}: the operation does not end`)
}

/** A seam, and the function that every call to what is underneath has to go through: it throws when a fault strikes. */
export interface OwnFaultSeam extends FaultSeam {
  pass(): void
}

/** Makes a seam for a subject's `fault`: call `pass()` before each statement, step, begin, commit or file write. */
export function createFaultSeam(): OwnFaultSeam {
  let remaining = 0
  let struck = false
  let fault = new Error()
  return {
    arm(call, error = new Error(`fault at call ${call}`)) {
      if (!Number.isInteger(call) || call < 1) throw new RangeError(`calls count from 1, not ${call}`)
      remaining = call
      struck = false
      fault = error
    },
    disarm() {
      remaining = 0
      return struck
    },
    pass() {
      if (remaining === 0 || --remaining > 0) return
      struck = true
      throw fault
    },
  }
}
