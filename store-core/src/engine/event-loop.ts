/** How long work may go on in microtasks before timers and I/O of the program get a turn, in milliseconds. */
const LONGEST_STRETCH = 8

/**
 * How many lone writes there are to a look at the clock, which takes one of them a hundredth of its time, as long as so many take
 * less than this, in milliseconds.
 */
const WRITES_PER_LOOK = 4
const QUICK = 1

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
  /** When the clock was last looked at, and when for a write. */
  private now = 0
  private lookedForWrite = 0
  /** How many writes have been let go by since, and at most before the next look. */
  private writes = 0
  private most = 0

  /** Whether the present stretch is over its length; the first call begins one. */
  isOver(): boolean {
    if (this.held) return true
    this.now = performance.now()
    if (this.running) return this.now - this.since > LONGEST_STRETCH
    this.running = true
    this.pages = 0
    this.since = this.now
    afterTurn(() => {
      this.running = false
    })
    return false
  }

  /** The same for a lone write. Does not look at the clock for each of several quick ones. */
  isOverForWrite(): boolean {
    if (this.running && !this.held && this.writes < this.most) {
      this.writes++
      return false
    }
    const isOver = this.isOver()
    this.writes = 0
    this.most = this.now - this.lookedForWrite < QUICK ? WRITES_PER_LOOK - 1 : 0
    this.lookedForWrite = this.now
    return isOver
  }

  /** The same for who is about to read one more page of many. */
  isOverForPage(): boolean {
    return this.isOver() || ++this.pages > PAGES_PER_STRETCH
  }
}
