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
    size: size("HOLDFAST_LOAD_MINUTES", 20, "minutes", 1),
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
  { name: "sqlite-faults", workspace: "sqlite-store", script: "soak:faults" },
]
