// A thread that runs the suite on broken stores: the rejections that nobody handles there are those of its own stores.
import { existsSync } from "node:fs"
import { registerHooks } from "node:module"
import { parentPort } from "node:worker_threads"

// The sources import each other by the names their builds have.
registerHooks({
  resolve(specifier, context, next) {
    const source = specifier.startsWith(".") ? new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL) : null
    return next(source !== null && existsSync(source) ? source.href : specifier, context)
  },
})

const { failedCases } = await import("./run.ts")
parentPort?.on("message", async ({ name, all }) => {
  parentPort?.postMessage({ name, failed: await failedCases(name, all) })
})
