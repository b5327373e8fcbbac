import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"

/** How many inputs the package's tests are to have in the long form, and which ones. */
const wanted = Number(process.env.INPUTS ?? 0)
const seed = Number(process.env.INPUT_SEED ?? (wanted > 0 ? Date.now() % 1_000_000_007 : 1))

/** How long the tests of one file may take: the long form as long as it wants. */
export const PATIENCE = wanted > 0 ? 24 * 60 * 60 * 1000 : 60_000

/** Runs between two lines of progress. */
const CHUNK = 10_000

/** Counts what the tests of one package throw at it: `normal` inputs in all, or as many as the long form wants. */
export class Inputs {
  given = 0
  refused = 0
  private perRun = 1
  private failed = false
  private readonly started = performance.now()
  private readonly suite: string
  private readonly factor: number

  constructor(suite: string, normal: number) {
    this.suite = suite
    this.factor = wanted > 0 ? wanted / normal : 1
  }

  /**
   * Checks a property until it has had about `normal` inputs (times as many in the long form), which `check` counts. The
   * first that fails is shrunk and reported with its seed.
   */
  async throwAt<T>(
    normal: number,
    arbitrary: fc.Arbitrary<T>,
    check: (value: T) => void | Promise<void>,
  ): Promise<void> {
    const end = this.given + Math.round(normal * this.factor)
    const property = fc.asyncProperty(arbitrary, async value => check(value))
    for (let chunk = 0; this.given < end; chunk++) {
      const before = this.given
      const share = chunk === 0 ? 20 : Math.ceil(((end - before) / this.perRun) * 1.02)
      const numRuns = Math.max(1, Math.min(CHUNK, share))
      // Another seed for each chunk, and one from which a failure is repeated by itself.
      await fc.assert(property, { seed: seed * 1_000_003 + chunk, numRuns }).catch((error: unknown) => {
        this.failed = true
        if (wanted > 0) console.error(`${this.suite} failed; the same again: ${this.repeat}`)
        throw error
      })
      this.perRun = (this.given - before) / numRuns
      if (wanted > 0) console.error(`${this.suite}: ${this.given} inputs, ${this.refused} refused`)
    }
  }

  private get repeat(): string {
    return `INPUTS=${wanted} INPUT_SEED=${seed} npm run soak:input -w @holdfast/${this.suite}`
  }

  /** Writes the figures of the long form when all went well. */
  report(): void {
    if (wanted === 0 || this.failed) return
    const folder = join(import.meta.dirname, "../../../../reports/soak")
    mkdirSync(folder, { recursive: true })
    const report = {
      name: `input-${this.suite}`,
      what: `Arbitrary and spoilt arguments given to every public function of ${this.suite}: each was refused with a typed error or had the right result.`,
      figures: { inputs: this.given, refused: this.refused, "right results": this.given - this.refused },
      seed: String(seed),
      repeat: this.repeat,
      seconds: Math.round((performance.now() - this.started) / 1000),
    }
    writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, null, 2)}\n`)
  }
}
