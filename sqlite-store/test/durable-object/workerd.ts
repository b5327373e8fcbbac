import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { Miniflare } from "miniflare"

interface Compatibility {
  readonly compatibilityDate: string
  readonly compatibilityFlags?: string[]
}

const CURRENT: Compatibility = { compatibilityDate: "2026-07-01" }

/** Starts workerd with the tests' worker in it. Objects are kept in memory. */
export async function startWorkerd(compatibility = CURRENT): Promise<Miniflare> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
  })
  return new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    ...compatibility,
    durableObjects: { TESTS: { className: "Tests", useSQLite: true } },
  })
}

/** The JSON answer of the tests' worker. */
export async function ask<T>(workerd: Miniflare, path: string, name = ""): Promise<T> {
  const response = await workerd.dispatchFetch(`http://tests${path}?name=${encodeURIComponent(name)}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} ${name}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}
