/** What may be the value of an option, in words and as a test. */
export interface OptionRule {
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
}

export const anyBoolean: OptionRule = { expected: "true or false", accepts: value => typeof value === "boolean" }

/** A whole number of bytes, milliseconds or the like, from 0. */
export const anyCount: OptionRule = {
  expected: "a whole number from 0",
  accepts: value => Number.isSafeInteger(value) && (value as number) >= 0,
}

/**
 * The options in an object of their own, each read once, so that what was checked is what is used. Throws a `TypeError`
 * that names the right spelling for an unknown option, and what is expected for a wrong value (OPEN-3).
 */
export function checkOptions<T>(caller: string, options: T, rules: Readonly<Record<string, OptionRule>>): T {
  if (options === undefined) return options
  const read = readOptions(caller, options)
  for (const [name, value] of read) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined)
      throw new TypeError(`${caller}: unknown option "${name}". ${suggest(name, Object.keys(rules))}`)
    if (value !== undefined && !accepts(rule, value)) {
      throw new TypeError(`${caller}: the option "${name}" must be ${rule.expected}.`)
    }
  }
  return Object.fromEntries(read) as T
}

/** Whether a value, which may be anything, has these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  try {
    return names.every(name => typeof (value as Record<string, unknown>)[name] === "function")
  } catch {
    return false
  }
}

/** What throws when it is looked at is not what was expected. */
function accepts(rule: OptionRule, value: unknown): boolean {
  let accepted = false
  try {
    accepted = rule.accepts(value)
  } catch {}
  return accepted
}

/** Inherited ones too, which whoever takes an option by its name would get. */
function readOptions(caller: string, options: unknown): [string, unknown][] {
  const read: [string, unknown][] = []
  try {
    if (typeof options === "object" && options !== null && !Array.isArray(options)) {
      for (const name in options) read.push([name, (options as Record<string, unknown>)[name]])
      return read
    }
  } catch (cause) {
    throw new TypeError(`${caller}: the options could not be read.`, { cause })
  }
  throw new TypeError(`${caller}: the options must be an object.`)
}

function suggest(name: string, known: readonly string[]): string {
  const letters = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "")
  const near = known.find(one => {
    const a = letters(one)
    const b = letters(name)
    return b.length > 2 && (a.startsWith(b) || b.startsWith(a) || differInOneLetter(a, b))
  })
  return near === undefined ? `The options are ${known.join(", ")}.` : `Did you mean "${near}"?`
}

/** Given two of which neither begins with the other: whether one letter added, removed or changed, or two neighbours swapped, makes the one the other. */
function differInOneLetter(a: string, b: string): boolean {
  let start = 0
  while (a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const left = a.slice(start, a.length - end)
  const right = b.slice(start, b.length - end)
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(""))
}
