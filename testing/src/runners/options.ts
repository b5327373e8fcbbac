import { anyCount, checkOptions, type OptionRule } from "@holdfast/store-core"

/** Beyond four times this, timers fire at once. */
const LONGEST = 500_000_000

const isObject = (value: unknown) => typeof value === "object" && value !== null

/** Looked at here already: an object that throws when it is read would otherwise fail in the middle of the run. */
function isCapabilities(value: unknown): boolean {
  if (!isObject(value)) return false
  const { durable, multiWriter } = value as Record<string, unknown>
  return [durable, multiWriter].every(one => one === undefined || typeof one === "boolean")
}

const RULES = {
  capabilities: { expected: "an object in which durable and multiWriter are true or false", accepts: isCapabilities },
  timeout: {
    expected: `a number of milliseconds above 0, at most ${LONGEST}`,
    accepts: value => typeof value === "number" && value > 0 && value <= LONGEST,
  },
  only: {
    expected: "an array of the ids of cases or rules",
    accepts: value => Array.isArray(value) && value.every(name => typeof name === "string"),
  },
  modelSequences: anyCount,
  onCase: { expected: "a function", accepts: value => typeof value === "function" },
  runner: { expected: "an object with describe and it", accepts: isObject },
  sequences: anyCount,
  seed: { expected: "a whole number", accepts: Number.isSafeInteger },
  operations: anyCount,
} satisfies Readonly<Record<string, OptionRule>>

/** The options in an object of their own, of which the function takes those named. Throws a `TypeError` for others. */
export function checkRunOptions<T>(caller: string, options: T, ...names: readonly (keyof typeof RULES)[]): T {
  return checkOptions(caller, options, Object.fromEntries(names.map(name => [name, RULES[name]])))
}

/** What those functions take that run the suite. */
export const SUITE_OPTIONS = ["capabilities", "timeout", "only", "modelSequences"] as const
