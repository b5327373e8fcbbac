/**
 * The parts of `npm run soak`: for each a command of a package that reads its size from an environment variable and
 * writes `reports/soak/<name>.json`. With `suite` the command is a suite of tests, whose counts are the report.
 *
 * @typedef {object} Part
 * @property {string} name
 * @property {string} workspace the package's folder, or "." for the root
 * @property {string} script
 * @property {Size} [size] absent where there is nothing to make larger
 * @property {Readonly<Record<string, string>>} [env]
 * @property {readonly string[]} [reports] the files it writes, where that is not one called as the part
 * @property {{ readonly report: string, readonly what: string }} [suite]
 *
 * @typedef {object} Size
 * @property {string} variable
 * @property {number} full
 * @property {number} least below which the part shows nothing
 * @property {string} unit
 */

/**
 * @param {string} variable
 * @param {number} full
 * @param {string} unit
 * @param {number} [least]
 * @returns {Size}
 */
const size = (variable, full, unit, least = 1) => ({ variable, full, unit, least })

/**
 * @param {string} workspace
 * @param {number} full
 * @returns {Part}
 */
function inputs(workspace, full) {
  return { name: `input-${workspace}`, workspace, script: "soak:input", size: size("INPUTS", full, "inputs", 1000) }
}

/** @type {readonly Part[]} */
export const PARTS = [
  {
    name: "simulation",
    workspace: "store-core",
    script: "soak:simulation",
    size: size("HOLDFAST_HISTORIES", 1_000_000, "histories", 1000),
  },
  {
    name: "load",
    workspace: "sqlite-store",
    script: "soak:load",
    size: size("HOLDFAST_LOAD_MINUTES", 60, "minutes", 1),
  },
  {
    name: "postgres-load",
    workspace: "postgres-store",
    script: "soak:load",
    size: size("HOLDFAST_LOAD_MINUTES", 30, "minutes", 1),
  },
  {
    name: "sqlite-crash",
    workspace: "sqlite-store",
    script: "soak:crash",
    size: size("HOLDFAST_CRASH_ROUNDS", 10_000, "kills", 20),
  },
  {
    name: "prisma-crash",
    workspace: "prisma-store",
    script: "soak:crash",
    size: size("HOLDFAST_CRASH_ROUNDS", 10_000, "kills", 4),
  },
  {
    name: "sqlite-power-loss",
    workspace: "sqlite-store",
    script: "soak:power-loss",
    size: size("HOLDFAST_POWER_LOSSES", 100, "times the random losses of the normal run"),
  },
  {
    name: "sqlite-damage",
    workspace: "sqlite-store",
    script: "soak:damage",
    size: size("HOLDFAST_FLIPS", 20_000, "bits", 300),
  },
  { name: "sqlite-faults", workspace: "sqlite-store", script: "soak:faults", env: { HOLDFAST_FAULTS: "all" } },
  {
    name: "postgres-crash",
    workspace: "postgres-store",
    script: "soak:crash",
    size: size("HOLDFAST_CRASH_ROUNDS", 10_000, "kills", 10),
  },
  {
    name: "postgres-restart",
    workspace: "postgres-store",
    script: "soak:restart",
    size: size("HOLDFAST_RESTART_ROUNDS", 1000, "immediate shutdowns", 3),
  },
  {
    name: "postgres-connections",
    workspace: "postgres-store",
    script: "soak:connections",
    size: size("HOLDFAST_KILL_ROUNDS", 10_000, "rounds of killed connections", 20),
  },
  {
    name: "postgres-contention",
    workspace: "postgres-store",
    script: "soak:contention",
    size: size("HOLDFAST_CONTENTION_MINUTES", 60, "minutes"),
  },
  {
    name: "pglite-crash",
    workspace: "postgres-store",
    script: "soak:pglite",
    size: size("HOLDFAST_PGLITE_ROUNDS", 10_000, "kills", 3),
  },
  {
    name: "postgres-faults",
    workspace: "postgres-store",
    script: "soak:faults",
    env: { HOLDFAST_FAULTS: "all" },
    reports: ["postgres-faults", "pglite-faults"],
  },
  inputs("store-core", 500_000),
  inputs("sql-store-core", 100_000),
  inputs("sqlite-store", 280_000),
  inputs("postgres-store", 60_000),
  inputs("prisma-store", 50_000),
  inputs("testing", 10_000),
  {
    name: "conformance-postgres",
    workspace: "postgres-store",
    script: "test",
    env: { CONFORMANCE: "all" },
    suite: {
      report: "postgres-store",
      what: "All tests, with every case of the suite in every setup of Postgres and PGlite.",
    },
  },
  {
    name: "conformance-prisma",
    workspace: "prisma-store",
    script: "test",
    env: { CONFORMANCE: "all" },
    suite: { report: "prisma-store", what: "All tests, with every case of the suite in every setup of Prisma." },
  },
  {
    name: "broken-stores",
    workspace: "testing",
    script: "test",
    env: { BROKEN_STORES: "all" },
    suite: {
      report: "testing",
      what: "All tests, with every case of the suite on every store that is broken on purpose.",
    },
  },
  { name: "coverage", workspace: ".", script: "coverage" },
  { name: "mutation", workspace: ".", script: "mutation" },
]

/** The names of all reports. */
export const REPORTS = PARTS.flatMap(part => reportsOf(part))

/** @param {Part} part */
export function reportsOf({ name, reports }) {
  return reports ?? [name]
}
