import { cases } from "@holdfast/testing"

/** Cases that move many megabytes or make thousands of round trips, without being marked slow for every store. */
const HEAVY: readonly string[] = [
  "order-many-calls-in-one-tick",
  ...cases.filter(one => /LOAD-5|RECORD-5/.test(one.rules.join(" "))).map(one => one.id),
]

/**
 * For connections that run the same statements as a pool, where the whole suite runs: all cases but those that take seconds
 * each. With `CONFORMANCE=all` in the environment, all of them.
 */
export const usualCases =
  process.env.CONFORMANCE === "all"
    ? {}
    : {
        only: [
          ...cases.filter(one => one.slow !== true && !HEAVY.includes(one.id)).map(one => one.id),
          "random-sequences-agree-with-model",
        ],
        modelSequences: 40,
      }
