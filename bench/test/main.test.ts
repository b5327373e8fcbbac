import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { judge } from "../src/report.js"
import type { Figures } from "../src/run.js"
import { summarize } from "../src/stats.js"

const script = fileURLToPath(new URL("../dist/main.js", import.meta.url))
const publish = fileURLToPath(new URL("../dist/publish.js", import.meta.url))
const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-test-"))
afterAll(() => rmSync(directory, { recursive: true }))

function bench(...args: string[]) {
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8", cwd: directory })
}

const figures = (values: Record<string, number[]>, better: "more" | "less" = "more"): Figures => {
  const drivers = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, summarize(list)]))
  return { name: "", title: "", unit: "", better, settings: {}, origin: { date: "", commit: "" }, drivers, failed: [] }
}

describe("the command", () => {
  it.each([["--only", "nothing"], ["--repetitions", "0"], ["--nothing"]])(
    "refuses %s %s with what there is, and ends with 2",
    (...args) => {
      const { status, stderr } = bench(...args)
      expect(stderr).toMatch(/There is no scenario "nothing". There are: append-one,|Usage: npm run bench/)
      expect(status).toBe(2)
    },
  )

  it.each([
    [["--only", "traces"], /traces: works on recordings; name one with --trace FILE/],
    [["--check", "--only", "size-64"], /size-64: no targets to check/],
  ])("says of %j what is lacking, and ends with 2", (args, message) => {
    const { status, stderr } = bench(...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })

  it("--help names the scenarios", () => {
    const { status, stdout } = bench("--help")
    expect(stdout).toMatch(/Usage: npm run bench .*\nScenarios: append-one, .*postgres-append/)
    expect(status).toBe(0)
  })

  it("does not publish the figures of a part", () => {
    const file = join(directory, "part.json")
    writeFileSync(file, JSON.stringify({ scenarios: [figures({ holdfast: [1] })] }))
    const { status, stderr } = spawnSync(process.execPath, [publish, file], { encoding: "utf8", cwd: directory })
    expect(stderr).toMatch(/part.json lacks append-one, append-many, .* Measure them first: npm run bench/)
    expect(status).toBe(1)
  })

  it("--check measures what the targets of a scenario need, into a file of its own, and ends with 1 when one is missed", () => {
    const { status, stdout } = bench("--check", "--only", "append-full", "--repetitions", "1")
    const met = /^ {2}(ok {4}|MISSED) holdfast \/ write \+ fdatasync: [\d.]+ \(at least 0.7\)$/m.exec(stdout)?.[1]
    expect(status, stdout).toBe(met === "MISSED" ? 1 : 0)
    expect(met, stdout).toBeDefined()
    const { scenarios } = JSON.parse(readFileSync(join(directory, "reports/bench/check.json"), "utf8"))
    expect(existsSync(join(directory, "reports/bench/results.json"))).toBe(false)
    expect(Object.keys(scenarios[0].drivers)).toEqual(["holdfast", "write + fdatasync"])
  })
})

describe("targets", () => {
  const verdict = (target: object, given: Figures) =>
    judge({ targets: [{ driver: "a", ...target }], better: given.better }, given).map(({ value, met }) => [value, met])

  it("hold medians against each other, or against a figure", () => {
    const given = figures({ a: [80, 1, 1000], b: [100, 99, 101] })
    expect(verdict({ against: ["b"], atLeast: 0.8 }, given)).toEqual([[0.8, true]])
    expect(verdict({ against: ["b"], atLeast: 0.81 }, given)).toEqual([[0.8, false]])
    expect(verdict({ atMost: 79 }, given)).toEqual([[80, false]])
    expect(verdict({ atMost: 80 }, given)).toEqual([[80, true]])
  })

  it("take the best of several, and what was not measured is missed", () => {
    expect(verdict({ against: ["b", "c"], atMost: 2 }, figures({ a: [4], b: [3], c: [2] }, "less"))).toEqual([
      [2, true],
    ])
    expect(verdict({ against: ["b", "c"], atLeast: 1 }, figures({ a: [4], b: [5], c: [2] }))).toEqual([[0.8, false]])
    expect(verdict({ against: ["b"], atLeast: 0 }, figures({ a: [4] }))).toEqual([[Number.NaN, false]])
  })
})
