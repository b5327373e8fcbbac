/** How long work may go on in microtasks before timers and I/O of the program get a turn, in milliseconds. */
const LONGEST_STRETCH = 8

/** How many lone writes there are to a look at the clock, which takes one of them a hundredth of its time. */
const WRITES_PER_LOOK = 4

/** How many pages may be read in one stretch: in a Worker the clock stands still until the next I/O. */
const PAGES_PER_STRETCH = 16

/** Only some runtimes have it; there it is much quicker than a timer, which browsers hold back for milliseconds. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }

function afterTurn(callback: () => void): void {
  if (setImmediate === undefined) setTimeout(callback, 0)
  else setImmediate(callback)
}

/** Resolves after timers and I/O had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise(afterTurn)
}

/**
 * Notices when a program that awaits one call after another has kept timers and I/O waiting. A synchronous backend
 * answers in microtasks, so a loop of such calls alone would never let the event loop run.
 */
export class Stretch {
  private since = 0
  /** Set while nothing may be read, so that whoever asks waits for the next turn. */
  held = false
  private running = false
  private pages = 0
  private writes = 0

  /** Whether the present stretch is over its length; the first call begins one. */
  isOver(): boolean {
    if (this.held) return true
    if (this.running) return performance.now() - this.since > LONGEST_STRETCH
    this.running = true
    this.pages = 0
    this.since = performance.now()
    afterTurn(() => {
      this.running = false
    })
    return false
  }

  /** The same for a lone write, as far as it can be told without looking at the clock every time. */
  isOverForWrite(): boolean {
    const looks = this.held || !this.running || ++this.writes % WRITES_PER_LOOK === 0
    return looks && this.isOver()
  }

  /** The same for who is about to read one more page of many. */
  isOverForPage(): boolean {
    return this.isOver() || ++this.pages > PAGES_PER_STRETCH
  }
}
