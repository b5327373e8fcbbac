// Imported before the engine, which takes hold of `setImmediate` when it is loaded.

const real = {
  setImmediate: globalThis.setImmediate,
  setTimeout: globalThis.setTimeout,
  now: performance.now.bind(performance),
  random: Math.random,
}

/** The clock whose history is running; null: the machine's. */
let running: Clock | null = null

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

define(globalThis, "setImmediate", (run: () => void) =>
  running === null ? real.setImmediate(run) : running.after(0, run),
)
define(globalThis, "setTimeout", (run: () => void, milliseconds: number) =>
  running === null ? real.setTimeout(run, milliseconds) : running.after(milliseconds, run),
)
define(performance, "now", () => (running === null ? real.now() : running.read()))
define(Math, "random", () => (running === null ? real.random() : running.jitter()))

interface Timer {
  readonly at: number
  readonly run: () => void
}

/**
 * The time of one simulated history. Timers, turns of the event loop and the clock are its own, so that nothing in a
 * history depends on the machine: the same history goes the same way every time, and no time is spent waiting.
 */
export class Clock {
  private now = 1
  private stamps = 0
  private noise = 1
  /** In the order in which they are due. */
  private readonly timers: Timer[] = []
  private readonly drift: number

  /** @param drift By how many milliseconds the clock goes on each time it is read, as on a slow machine. */
  constructor(drift: number) {
    this.drift = drift
  }

  /** Everything that happens in a history, in one order. */
  stamp(): number {
    return ++this.stamps
  }

  read(): number {
    this.now += this.drift
    return this.now
  }

  jitter(): number {
    this.noise = (Math.imul(this.noise, 1664525) + 1013904223) >>> 0
    return this.noise / 4294967296
  }

  after(milliseconds: number, run: () => void): void {
    const at = this.now + milliseconds
    let index = this.timers.length
    while (index > 0 && (this.timers[index - 1] as Timer).at > at) index--
    this.timers.splice(index, 0, { at, run })
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => this.after(milliseconds, resolve))
  }

  /**
   * Runs `main` and everything it sets going.
   *
   * @returns Null, or why it did not come to its end: a promise that nothing will settle any more is seen at once.
   */
  async run(main: () => Promise<void>): Promise<string | null> {
    if (running !== null) throw new Error("one history at a time")
    running = this
    try {
      const ending: { over: boolean; error?: unknown } = { over: false }
      main().then(
        () => {
          ending.over = true
        },
        (error: unknown) => {
          ending.over = true
          ending.error = error
        },
      )
      for (let events = 0; ; events++) {
        await settleMicrotasks()
        if (ending.error !== undefined) throw ending.error
        if (ending.over) return null
        const next = this.timers.shift()
        if (next === undefined) return "something never settles"
        if (events === MOST_EVENTS) return "something goes on for ever"
        this.now = Math.max(this.now, next.at)
        next.run()
      }
    } finally {
      running = null
    }
  }
}

const MOST_EVENTS = 50_000

function settleMicrotasks(): Promise<void> {
  return new Promise(resolve => real.setImmediate(resolve))
}
