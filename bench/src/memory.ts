/**
 * How much memory a large load and a large listing take, above the same process idle with the store open:
 * `npm run bench:memory`. One child process per measurement, so that none inherits another's heap.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import type { Store, StoreRecord } from "@holdfast/store-core"

const COUNT = 1_000_000
const RECORD_BYTES = 200
const LIMIT_MIB = 64

const META: StoreRecord = {
  kind: "meta",
  meta: {
    replicaType: ["bench", 1, 0],
    syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "bench",
  },
}

const tasks: Record<string, (store: Store) => Promise<void>> = {
  "fill-records": fillRecords,
  "fill-ids": fillIds,
  load: store => measure(`load of ${COUNT} records of ${RECORD_BYTES} B`, () => count(store.loadAll("big"))),
  list: store => measure(`listing of ${COUNT} ids`, () => count(store.listDocIds("doc/"))),
}

const [task, file] = process.argv.slice(2)
if (task !== undefined && file !== undefined) await runTask(task, file)
else main()

function main(): void {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-memory-"))
  try {
    const records = join(directory, "records.db")
    const ids = join(directory, "ids.db")
    child("fill-records", records)
    child("fill-ids", ids)
    const passed = [child("load", records), child("list", ids)].every(status => status === 0)
    process.exitCode = passed ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function child(name: string, path: string): number | null {
  const script = fileURLToPath(import.meta.url)
  return spawnSync(process.execPath, ["--expose-gc", script, name, path], { stdio: "inherit" }).status
}

async function runTask(name: string, path: string): Promise<void> {
  const store = await openSqliteStore(path, { durability: "normal" })
  await tasks[name]?.(store)
  await store.close()
}

async function fillRecords(store: Store): Promise<void> {
  await store.append("big", META)
  const data = new Uint8Array(RECORD_BYTES).fill(7)
  await inBatches(i => {
    return store.append("big", {
      kind: "entry",
      payload: { kind: "since", encoding: "binary", data },
      version: String(i),
    })
  }, COUNT - 1)
}

async function fillIds(store: Store): Promise<void> {
  await inBatches(i => store.append(`doc/${String(i).padStart(32, "0")}`, META), COUNT)
}

async function inBatches(write: (i: number) => Promise<void>, count: number): Promise<void> {
  for (let at = 0; at < count; at += 5000) {
    const size = Math.min(5000, count - at)
    await Promise.all(Array.from({ length: size }, (_, i) => write(at + i)))
  }
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let seen = 0
  for await (const _ of items) seen++
  return seen
}

/** Prints the peak of resident memory, which the system keeps, above that of the idle process. */
async function measure(what: string, run: () => Promise<number>): Promise<void> {
  globalThis.gc?.()
  const idle = process.memoryUsage.rss()
  const began = performance.now()
  const seen = await run()
  const seconds = (performance.now() - began) / 1000
  const above = (process.resourceUsage().maxRSS * 1024 - idle) / 2 ** 20
  const fine = above < LIMIT_MIB && seen === COUNT
  const verdict = fine ? "ok" : `FAILED: must be ${COUNT} and below ${LIMIT_MIB} MiB`
  console.log(`${what}: ${seen} read in ${seconds.toFixed(1)} s, peak ${above.toFixed(1)} MiB above idle (${verdict})`)
  if (!fine) process.exitCode = 1
}
