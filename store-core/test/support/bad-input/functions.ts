import { inspect } from "node:util"
import fc from "fast-check"
import { noise, oddNames, oddText } from "./odd-values.js"
import { make, objectKinds, type Shape } from "./shapes.js"

/** Anything at all, as one argument. */
export const anything: fc.Arbitrary<Shape> = fc.oneof(
  noise.map(plain => ({ plain })),
  oddNames.map(odd => ({ odd })),
  oddText.map(plain => ({ plain })),
  fc.record({ fields: fc.dictionary(fc.string({ maxLength: 5 }), fc.constant("throws" as const)), as: objectKinds }),
)

/**
 * Anything that comes to an end: a database that always has another row, or an answer that never comes, is beyond what
 * any function could refuse.
 */
export const finite: fc.Arbitrary<Shape> = anything.filter(shape => {
  const endless = ["thenable that never settles", "proxy that answers everything with itself"]
  return shape === "throws" || !("odd" in shape) || !endless.includes(shape.odd)
})

export interface Option {
  /** A value that is accepted. */
  readonly good: fc.Arbitrary<unknown>
  readonly accepts: (value: unknown) => boolean
}

export interface Options {
  readonly shape: Shape
  /** Whether the options must be accepted. */
  readonly good: boolean
}

/** Options as the given ones, with wrong values, names and shapes among them. */
export function options(known: Readonly<Record<string, Option>>): fc.Arbitrary<Options> {
  const fields = Object.entries(known).map(([name, { good, accepts }]) => {
    const value: fc.Arbitrary<Shape> = fc.oneof(
      { weight: 12, arbitrary: good.map(plain => ({ plain })) },
      { weight: 1, arbitrary: fc.constant({ plain: undefined }) },
      { weight: 1, arbitrary: anything },
      { weight: 1, arbitrary: fc.constant("throws" as const) },
    )
    return fc.option(value, { nil: undefined }).map(shape => ({ name, shape, accepts }))
  })
  const strange = fc.record({
    name: fc.oneof(oddText, fc.constantFrom(...Object.keys(known)).map(misspelt)),
    shape: anything,
  })
  const objects = fc.record({
    fields: fc.tuple(...fields),
    strange: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: strange }),
    as: fc.constantFrom("plain", "plain", "without prototype", "inherited", "read once", "proxy", "frozen"),
  })
  const shaped = objects.map(({ fields, strange, as }): Options => {
    const given = fields.filter(({ shape }) => shape !== undefined)
    const entries = given.map(({ name, shape }) => [name, shape as Shape] as const)
    const good = given.every(({ shape, accepts }) => shape !== undefined && isGood(shape, accepts))
    const all = strange === undefined ? entries : [...entries, [strange.name, strange.shape] as const]
    const known = strange === undefined || entries.some(([name]) => name === strange.name)
    return { shape: { fields: Object.fromEntries(all), as }, good: good && known }
  })
  const other = anything.map((shape): Options => ({ shape, good: isEmpty(shape) }))
  return fc.oneof({ weight: 8, arbitrary: shaped }, { weight: 1, arbitrary: other })
}

function isGood(shape: Shape, accepts: (value: unknown) => boolean): boolean {
  if (shape === "throws") return false
  const value = make(shape, [])
  try {
    return value === undefined || accepts(value)
  } catch {
    return false
  }
}

/** Objects without any property are options that say nothing. */
function isEmpty(shape: Shape): boolean {
  if (shape === "throws") return false
  const value = make(shape, [])
  if (value === undefined) return true
  try {
    return typeof value === "object" && value !== null && !Array.isArray(value) && namesOf(value).length === 0
  } catch {
    return false
  }
}

function namesOf(value: object): string[] {
  const names: string[] = []
  for (const name in value) names.push(name)
  return names
}

function misspelt(name: string): string {
  return name.toUpperCase()
}

/** What became of a call, whether it answers at once or later. */
export async function settle<T>(run: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await run() }
  } catch (error) {
    return { error }
  }
}

/** Fails unless `error` is a `TypeError` with a message of ours, which names the function. */
export function isMisuse(error: unknown, ...callers: string[]): void {
  const ours = error instanceof TypeError && callers.some(caller => error.message.includes(caller))
  if (!ours) throw new Error(`not a TypeError that names ${callers.join(" or ")}: ${inspect(error)}`, { cause: error })
}
