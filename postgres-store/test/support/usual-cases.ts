import { cases, type SuiteOptions } from "@holdfast/testing"

/** Cases that move many megabytes or make thousands of round trips, without being marked slow for every store. */
const HEAVY: readonly string[] = [
  "order-many-calls-in-one-tick",
  ...cases.filter(one => /LOAD-5|RECORD-5/.test(one.rules.join(" "))).map(one => one.id),
]

const usual = cases.filter(one => one.slow !== true && !HEAVY.includes(one.id))

/** The rules of what is written and read; the others are about calls that are refused before, or what has been read already. */
const STORAGE = /^(APPEND|REPLACE|DELETE|LOAD|ORDER|WRITE|SHARE|LIST)-/

/**
 * For connections that run the same statements as a pool, where the whole suite runs: all cases but those that take seconds
 * each. With `CONFORMANCE=all` in the environment, all of them.
 */
export const usualCases = chosen(usual)

/** For stores that take tens of times as long for a call as others: every case, with fewer of the random sequences. */
export const fewerSequences: Pick<SuiteOptions, "modelSequences"> =
  process.env.CONFORMANCE === "all" ? {} : { modelSequences: 100 }

/** For the same statements on other tables or in another role: of those cases, the ones about what is stored. */
export const storageCases = chosen(usual.filter(one => one.rules.some(rule => STORAGE.test(rule))))

function chosen(some: typeof cases): Pick<SuiteOptions, "only" | "modelSequences"> {
  if (process.env.CONFORMANCE === "all") return {}
  return { only: [...some.map(one => one.id), "random-sequences-agree-with-model"], modelSequences: 40 }
}
