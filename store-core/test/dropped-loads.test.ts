import { spawnSync } from "node:child_process"
import { expect, it } from "vitest"

/** Collecting garbage on demand needs a flag of the process, so this runs in one of its own. */
const program = `
  import { EngineStore, MemoryBackend, MemoryStorage } from "@holdfast/store-core"
  const meta = { replicaType: ["t", 1, 0], syncMode: { writerModel: "serialized", delivery: "delta-capable", durability: "persistent" }, schemaHash: "" }
  const batch = Array.from({ length: 5000 }, () => ({ kind: "meta", meta }))
  let pages = 0
  class Counting extends MemoryBackend {
    readPage(docId, cursor) {
      pages++
      return super.readPage(docId, cursor)
    }
  }
  const store = new EngineStore(new Counting(new MemoryStorage()))
  await store.replace("a", batch)
  const kept = store.loadAll("a")[Symbol.asyncIterator]()
  await kept.next()
  await (async () => {
    for (let i = 0; i < 100; i++) await store.loadAll("a")[Symbol.asyncIterator]().next()
  })()
  for (let i = 0; i < 20; i++) {
    globalThis.gc()
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  pages = 0
  await store.replace("a", batch)
  console.log("read ahead", pages)
  let left = 0
  while (!(await kept.next()).done) left++
  console.log("left", left)
  console.log("remembered", store.open.byDocument.size)
`

it("LOAD-6: an iteration that was dropped is forgotten, and nothing is read ahead for it", () => {
  const options = { cwd: import.meta.dirname, encoding: "utf8", timeout: 25_000 } as const
  const run = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", program], options)
  expect([run.status, run.stderr]).toEqual([0, ""])
  expect(run.stdout.trim().split("\n")).toEqual(["read ahead 2", "left 4999", "remembered 0"])
})
