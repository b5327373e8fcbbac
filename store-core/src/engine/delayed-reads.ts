import { nextTurn, type Stretch } from "./event-loop.js"

/** Reads that wait until timers and I/O of the program had a turn. */
export class DelayedReads {
  private reads: (() => void)[] = []
  /** How many of them have been run; the list begins anew when all have. */
  private taken = 0
  private readonly stretch: Stretch

  constructor(stretch: Stretch) {
    this.stretch = stretch
  }

  isEmpty(): boolean {
    return this.reads.length === 0
  }

  add(read: () => void): void {
    this.reads.push(read)
    // One turn for all: a timer for each of thousands of reads would take far longer than the reads.
    if (this.reads.length === 1) void nextTurn().then(() => this.run())
  }

  /** Runs them all now, because somebody cannot wait for a turn. */
  runNow(): void {
    for (let read = this.take(); read !== undefined; read = this.take()) read()
  }

  private take(): (() => void) | undefined {
    const read = this.reads[this.taken++]
    if (this.taken >= this.reads.length) {
      this.reads = []
      this.taken = 0
    }
    return read
  }

  private run(): void {
    while (this.reads.length > 0 && !this.stretch.isOver()) this.take()?.()
    if (this.reads.length > 0) void nextTurn().then(() => this.run())
  }
}
