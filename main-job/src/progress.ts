import type { Input } from "./inputs.js"

/** Something to write to; `process.stdout` in the job. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_INTERVAL_MS = 100
const LOG_INTERVAL_MS = 5000

/** Says how far the job is: one line that changes in a terminal, now and then a line elsewhere. */
export class Progress {
  readonly #out: Output
  readonly #total: number
  readonly #interval: number
  #next: number

  constructor(out: Output, inputs: readonly Input[]) {
    this.#out = out
    this.#total = inputs.reduce((sum, { edits }) => sum + edits, 0)
    this.#interval = out.isTTY ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS
    this.#next = Date.now() + this.#interval
  }

  /** `done` of the edits are stored. Cheap enough for every edit. */
  update(done: number): void {
    const now = Date.now()
    if (now < this.#next) return
    this.#next = now + this.#interval
    const percent = Math.floor((100 * done) / this.#total)
    const [some, all] = [done, this.#total].map(edits => edits.toLocaleString("en-US"))
    const line = `  ${some} of ${all} edits stored (${percent} %)`
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }

  /** A line that stays. */
  say(line: string): void {
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`)
  }
}
