import { cases } from "@holdfast/testing"

/**
 * For kinds of connections that run the same statements as a pool, where the whole suite runs: all cases but the few that
 * take seconds each.
 */
export const usualCases = {
  only: [
    ...cases.filter(one => one.slow !== true && one.id !== "order-many-calls-in-one-tick").map(one => one.id),
    "random-sequences-agree-with-model",
  ],
  modelSequences: 50,
}
