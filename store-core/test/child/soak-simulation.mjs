// `npm run soak:simulation -w @holdfast/store-core`: HOLDFAST_HISTORIES simulated histories, on all cores.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { writeSoakReport } from "../../../scripts/soak-report.mjs"

const HISTORIES = Number(process.env.HOLDFAST_HISTORIES ?? 1_000_000)
const FIRST = Number(process.env.HOLDFAST_FIRST_SEED ?? 1)
const SCRIPT = join(import.meta.dirname, "simulate.mjs")
const PROGRESS = 10_000

const sum = { histories: 0, calls: 0, acknowledged: 0, faults: 0, crashes: 0 }
const started = performance.now()
let failed = null
let shown = started

const workers = Math.max(1, Math.min(availableParallelism(), HISTORIES))
const children = Array.from({ length: workers }, (_, i) => {
  const at = part => String(FIRST + Math.floor((HISTORIES * part) / workers))
  return spawn(process.execPath, [SCRIPT, at(i), at(i + 1)], { stdio: ["ignore", "pipe", "inherit"] })
})

function take(line) {
  const batch = JSON.parse(line)
  for (const name of Object.keys(sum)) sum[name] += batch[name]
  if (batch.failed !== null && failed === null) {
    failed = batch.failed
    for (const child of children) child.kill()
  }
  if (performance.now() - shown < PROGRESS) return
  shown = performance.now()
  console.error(`simulation: ${sum.histories} of ${HISTORIES} histories`)
}

const codes = await Promise.all(
  children.map(async child => {
    createInterface({ input: child.stdout }).on("line", take)
    const [code] = await once(child, "close")
    return code
  }),
)

const command = `npm run simulate -w @holdfast/store-core -- ${failed}`
if (failed !== null) {
  console.error(`simulation: seed ${failed} goes wrong. Run it again with: ${command}`)
  await once(spawn(process.execPath, [SCRIPT, String(failed)], { stdio: ["ignore", "inherit", "inherit"] }), "close")
  process.exitCode = 1
} else if (codes.some(code => code !== 0) || sum.histories !== HISTORIES) {
  console.error(`simulation: ended after ${sum.histories} of ${HISTORIES} histories`)
  process.exitCode = 1
} else {
  const seconds = Math.round((performance.now() - started) / 1000)
  writeSoakReport({
    name: "simulation",
    what: "Histories of up to three processes on one simulated database that delays, fails, restarts and loses processes; every answer compared with what was stored.",
    figures: {
      histories: sum.histories,
      calls: sum.calls,
      "writes acknowledged": sum.acknowledged,
      "faults injected": sum.faults,
      "crashes and restarts": sum.crashes,
      "histories that went wrong": 0,
    },
    seed: `${FIRST} to ${FIRST + HISTORIES - 1}`,
    repeat: `HOLDFAST_HISTORIES=${HISTORIES} HOLDFAST_FIRST_SEED=${FIRST} npm run soak:simulation -w @holdfast/store-core`,
    seconds,
  })
}
