import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type CaseReport, type ConformanceReport, cases, type TestRunner } from "@holdfast/testing"

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../../reports/conformance")

/** Saves what became of every case in one runtime, for the table in the documentation. */
export function saveConformance(file: string, report: ConformanceReport): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

/** Puts results of single cases together. */
export function conformanceReport(
  name: string,
  startedAt: string,
  runtime: string,
  found: readonly CaseReport[],
): ConformanceReport {
  const count = (status: CaseReport["status"]) => found.filter(one => one.status === status).length
  const counts = { passed: count("passed"), failed: count("failed"), notRun: count("not run") }
  return { name, startedAt, runtime, ...counts, cases: found }
}

/** A runner for `describeStore` that also notes what became of each case. */
export class RecordingRunner implements TestRunner {
  readonly it: TestRunner["it"]
  readonly describe: TestRunner["describe"]
  private readonly startedAt = new Date().toISOString()
  private readonly found: CaseReport[] = []

  constructor(runner: TestRunner) {
    this.describe = (name, body) => runner.describe(name, body)
    const it = (title: string, test: () => Promise<void>, timeout?: number) =>
      runner.it(title, () => this.record(title, test), timeout)
    const skip = (title: string, test: () => void) => {
      const reason = /\(not run: (.*)\)$/.exec(title)?.[1]
      this.found.push({ ...identify(title), status: "not run", ...(reason !== undefined && { reason }), durationMs: 0 })
      return runner.it.skip(title, test)
    }
    this.it = Object.assign(it, { skip })
  }

  save(file: string, name: string): void {
    saveConformance(file, conformanceReport(name, this.startedAt, runtime(), this.found))
  }

  private async record(title: string, test: () => Promise<void>): Promise<void> {
    const start = performance.now()
    const add = (status: CaseReport["status"]) =>
      this.found.push({ ...identify(title), status, durationMs: Math.round(performance.now() - start) })
    try {
      await test()
      add("passed")
    } catch (error) {
      add("failed")
      throw error
    }
  }
}

/** What runs this, as precisely as it says. */
function runtime(): string {
  const { bun, node } = process.versions
  return bun === undefined ? `Node.js ${node}` : `Bun ${bun}`
}

/** `describeStore` gives a case's rules and title; the comparison with the model is in no list and has no id here. */
function identify(test: string): Pick<CaseReport, "id" | "rules" | "title"> {
  const found = cases.find(one => test.startsWith(`${one.rules.join(" ")} ${one.title}`))
  const words = test.split(" ")
  const rules = words.slice(
    0,
    words.findIndex(word => !/^[A-Z]+-\d+$/.test(word)),
  )
  return {
    id: found?.id ?? "random-sequences-agree-with-model",
    rules,
    title: found?.title ?? words.slice(rules.length).join(" "),
  }
}
