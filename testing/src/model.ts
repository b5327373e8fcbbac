import type { ConformanceCase } from "./case.js"
import type { StoreFactory, Subject } from "./harness.js"
import { type Mismatch, type Place, replay } from "./model/replay.js"
import { shrink } from "./model/shrink.js"
import { generate, printStep, type Step } from "./model/steps.js"
import { checkRunOptions } from "./runners/options.js"
import { Places } from "./runners/subject.js"

export interface ModelCheckOptions {
  /** How many sequences (default 500). */
  readonly sequences?: number
  /** The seed of the first sequence (default 1); the next one has the next number. */
  readonly seed?: number
  /** How many steps a sequence has (default 30). */
  readonly operations?: number
}

/** Runs `run` on a fresh subject. */
type OnSubject = <T>(run: (subject: Subject) => Promise<T>) => Promise<T>

/**
 * Compares the store with a model, a map of arrays, over random sequences of calls: awaited and un-awaited ones, several
 * loads and listings read step by step, good and bad records, and closing and reopening where the subject can do that.
 * Rejects at the first answer that is not the model's, with the seed and the shortest sequence found that shows it.
 */
export async function runModelCheck(name: string, factory: StoreFactory, given: ModelCheckOptions = {}): Promise<void> {
  const options = checkRunOptions("runModelCheck", given, "sequences", "seed", "operations")
  await check(name, options, async run => {
    const places = new Places(factory)
    try {
      return await run(await places.fresh())
    } finally {
      await places.release()
    }
  })
}

/** The comparison as a case of the suite. */
export function modelCase(sequences: number): ConformanceCase {
  return {
    id: "random-sequences-agree-with-model",
    title: `${sequences} random sequences of calls have the outcomes a sequential model has`,
    rules: ["ORDER-1", "ORDER-2", "ORDER-4", "LOAD-1", "LOAD-2", "LIST-4", "META-4", "RECORD-6"],
    slow: true,
    run: ({ fresh }) => check("the store", { sequences }, async run => run(await fresh())),
  }
}

async function check(name: string, options: ModelCheckOptions, onSubject: OnSubject): Promise<void> {
  const { sequences = 500, seed = 1, operations = 30 } = options
  const failed = await onSubject(async subject => {
    const place = { subject, store: subject.store }
    for (let current = seed; current < seed + sequences; current++) {
      const steps = generate(current, operations, subject.reopen !== undefined)
      const base = `${current}/`
      const mismatch = await replay(steps, place, base)
      if (mismatch !== null) return { seed: current, steps, base, mismatch }
    }
    return null
  })
  if (failed !== null) {
    const shortest = await shortestFailure(failed, onSubject)
    const again = `{ seed: ${failed.seed}, sequences: 1, operations: ${operations} }`
    throw new Error(`${name} left the model; runModelCheck shows it again with ${again}\n${print(shortest)}`, {
      cause: shortest.mismatch.error,
    })
  }
}

interface Failure {
  readonly steps: readonly Step[]
  readonly base: string
  readonly mismatch: Mismatch
}

/** Every try gets a place of its own: the failure may have left the first one unusable. */
async function shortestFailure(failure: Failure, onSubject: OnSubject): Promise<Failure> {
  let shortest = failure
  await shrink(failure.steps, async steps => {
    const mismatch = await onSubject(subject => replay(steps, placeOf(subject), ""))
    if (mismatch !== null) shortest = { steps, base: "", mismatch }
    return mismatch !== null
  })
  return shortest
}

function placeOf(subject: Subject): Place {
  return { subject, store: subject.store }
}

function print({ steps, base, mismatch }: Failure): string {
  const lines = steps.map((step, i) => printStep(step, base) + (i === mismatch.step ? "   // here" : ""))
  return [...lines, mismatch.error.message].map(line => `  ${line}`).join("\n")
}
