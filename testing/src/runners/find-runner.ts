/** What `describeStore` needs of a test runner. Runners that know no `timeout` (milliseconds) ignore it. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  readonly it: {
    (name: string, test: () => Promise<void>, timeout?: number): unknown
    skip(name: string, test: () => void): unknown
  }
}

/** The runner this code runs in: what is global, else what the runtime brings. */
export async function findRunner(): Promise<TestRunner> {
  const { describe, it, Bun, process } = globalThis as Partial<TestRunner> & {
    Bun?: unknown
    process?: { env?: Record<string, string | undefined>; versions?: { node?: string } }
  }
  if (describe !== undefined && it !== undefined) return { describe, it }
  if (process?.env?.VITEST !== undefined) {
    throw new TypeError(
      'describeStore: vitest keeps its functions to itself. Pass { runner: { describe, it } } from "vitest".',
    )
  }
  if (Bun !== undefined) return load("bun:test")
  if (process?.versions?.node !== undefined) return load("node:test")
  throw new TypeError(
    "describeStore: there is no test runner here. Pass { runner: { describe, it } }, or use runConformance.",
  )
}

/** Not a literal in `import`, so that no bundler looks for the module of another runtime. */
async function load(module: "bun:test" | "node:test"): Promise<TestRunner> {
  const { describe, it } = (await import(module)) as TestRunner
  return { describe, it }
}
