import { existsSync, readdirSync, statSync } from "node:fs"

const MIB = 1024 * 1024

/**
 * How much each may grow from the second quarter of the time to the last: a share of it, and so much more, because
 * small numbers vary.
 */
const BOUNDS = {
  heap: { share: 0.05, plus: 3 * MIB },
  rss: { share: 0.1, plus: 16 * MIB },
  file: { share: 0.1, plus: 4 * MIB },
  handles: { share: 0, plus: 0 },
  resources: { share: 0, plus: 2 },
}

/** The store's limit for the file, and a commit that goes beyond it. */
const LOG_LIMIT = 40 * MIB

function sizeOf(path) {
  return existsSync(path) ? statSync(path).size : 0
}

function handles() {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0
}

/** What a process that has done nothing wrong needs the same amount of, however long it runs. */
export function sample(path) {
  globalThis.gc()
  const { rss, heapUsed } = process.memoryUsage()
  return {
    heap: heapUsed,
    rss,
    file: sizeOf(path),
    log: sizeOf(`${path}-wal`),
    handles: handles(),
    resources: process.getActiveResourcesInfo().filter(name => name !== "Timeout" && name !== "Immediate").length,
  }
}

function mean(samples, name) {
  return samples.reduce((sum, one) => sum + one[name], 0) / samples.length
}

/** What did not stay flat. */
export function findGrowth(samples) {
  const quarter = Math.floor(samples.length / 4)
  if (quarter === 0) return ["too few samples"]
  const before = samples.slice(quarter, 2 * quarter)
  const after = samples.slice(-quarter)
  const grown = Object.entries(BOUNDS).flatMap(([name, { share, plus }]) => {
    const [from, to] = [mean(before, name), mean(after, name)]
    return to > from * (1 + share) + plus ? [`${name} grew from ${Math.round(from)} to ${Math.round(to)}`] : []
  })
  const log = Math.max(...samples.map(one => one.log))
  return log > LOG_LIMIT ? [...grown, `the log grew to ${log}`] : grown
}

/** The same in words, for the report. */
export function describe(samples) {
  const quarter = Math.max(1, Math.floor(samples.length / 4))
  const [before, after] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)]
  const inMib = name => `${(mean(before, name) / MIB).toFixed(1)} to ${(mean(after, name) / MIB).toFixed(1)}`
  return {
    "MiB of heap, second quarter to last": inMib("heap"),
    "MiB resident": inMib("rss"),
    "MiB of database": inMib("file"),
    "MiB of log at most": (Math.max(...samples.map(one => one.log)) / MIB).toFixed(1),
    "file handles at most": Math.max(...samples.map(one => one.handles)),
    samples: samples.length,
  }
}
