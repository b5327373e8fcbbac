import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { join } from "node:path"
import { createMemoryStore } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { describeStore, type TestRunner } from "../src/index.js"

const suite = join(import.meta.dirname, "child", "suite.mjs")
const unhandled = join(import.meta.dirname, "child", "unhandled.mjs")
const bun = createRequire(import.meta.url).resolve("bun/bin/bun.exe")

/** Runs the suite file in a process of its own, which must not take itself for a part of vitest. */
function run(command: string, args: string[], env: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST|NODE_OPTIONS|TEST$)/.test(name))
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env: { ...Object.fromEntries(inherited), ...env },
  })
  return { status, output: `${stdout}\n${stderr}` }
}

const runners: [string, string, string[]][] = [
  ["node:test", process.execPath, ["--test", "--test-reporter=spec", suite]],
  // A millisecond is what tests get that say nothing else; ours say how long they may take.
  ["bun:test", bun, ["test", "--timeout=1", suite]],
]

describe.each(runners)("describeStore under %s, without being given a runner", (_, command, args) => {
  it("passes on a sound store and names what did not run", () => {
    const { status, output } = run(command, args)
    expect(output).toContain("META-5")
    expect(output).toContain("random sequences of calls have the outcomes")
    expect(output).toMatch(/ORDER-6 .*\(not run: needs commits\)/)
    expect(status, output).toBe(0)
  })

  it("fails on a broken store", () => {
    const { status, output } = run(command, args, { WITH_BROKEN_STORE: "yes" })
    expect(output).toContain("expected null, got undefined")
    expect(status, output).toBe(1)
  })
})

describe.each([
  ["node", process.execPath],
  ["bun", bun],
])("runCase under %s", (_, command) => {
  it("fails a case that leaves a rejection nobody handles, and the process lives on", () => {
    const { status, output } = run(command, [unhandled])
    expect(output).toContain("failed unhandled rejection: Error: nobody cares")
    expect(status, output).toBe(0)
  })
})

/** A runner that only notes what is registered. */
function noting() {
  const registered = new Map<string, (() => Promise<void>) | "skipped">()
  const runner: TestRunner = {
    describe: (_, body) => body(),
    it: Object.assign((name: string, test: () => Promise<void>) => void registered.set(name, test), {
      skip: (name: string) => void registered.set(name, "skipped"),
    }),
  }
  return { registered, runner }
}

describe("describeStore", () => {
  it("registers what lacks a part as skipped, with the name of the part", async () => {
    const { registered, runner } = noting()
    await describeStore("memory", () => createMemoryStore(), { runner, only: ["META-5", "order-group-commit"] })
    const skipped = [...registered].filter(([, test]) => test === "skipped").map(([name]) => name)
    expect(skipped.length).toBeGreaterThan(0)
    for (const name of skipped) expect(name).toMatch(/\(not run: needs [a-zA-Z, ]+\)$/)
    expect(skipped.length).toBeLessThan(registered.size)
  })

  it("releases the subject it looked at", async () => {
    let open = 0
    const factory = () => {
      open++
      return { store: createMemoryStore(), dispose: () => void open-- }
    }
    await describeStore("memory", factory, { runner: noting().runner, only: ["META-5"] })
    expect(open).toBe(0)
  })

  it("fails a test whose subject lost a part that the first one had", async () => {
    const { registered, runner } = noting()
    let made = 0
    const factory = () => {
      const store = createMemoryStore()
      return made++ === 0 ? { store, commits: () => 0 } : { store }
    }
    await describeStore("memory", factory, { runner, only: ["order-group-commit"] })
    const [test] = registered.values()
    await expect(typeof test === "function" ? test() : test).rejects.toThrow("needs commits")
  })

  it("asks for the runner under vitest, whose functions are not global", async () => {
    await expect(describeStore("memory", () => createMemoryStore())).rejects.toThrow(
      "Pass { runner: { describe, it } }",
    )
  })
})
