import { statSync } from "node:fs"
import { binaryEntry, collect, equal, metaRecord, seeded } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openSqliteStore } from "../src/open.js"
import { type TempDir, tempDir } from "./support/temp.js"

const TOTAL = 200_000_000
const LIMIT = 64 * 1024 * 1024
const DOCS = Array.from({ length: 8 }, (_, i) => `doc-${i}`)

describe("the write-ahead log while loads are left open in the middle", () => {
  let dir: TempDir

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => dir.remove())

  const sizes: [string, number[]][] = [
    ["1 MB", [1_000_000]],
    ["3 kB", [3_000]],
    ["all sizes up to 1 MB", [100, 10_000, 300_000, 1_000_000]],
  ]
  it.each(sizes)("stays under 64 MiB over 200 MB of appends of %s", async (_, lengths) => {
    const store = await openSqliteStore(dir.file(), { durability: "normal" })
    const other = await openSqliteStore(dir.file(), { durability: "normal" })
    const bytes = seeded(1).bytes(1_000_000)
    const counts = new Map(DOCS.map(docId => [docId, 0]))
    let written = 0
    let largest = 0

    /** Appends until this many bytes are written in all, in groups of up to 80 records. */
    async function appendUpTo(limit: number): Promise<void> {
      for (let next = 0; written < limit; ) {
        const calls: Promise<void>[] = []
        for (let group = 0; calls.length < 80 && group < 8_000_000; next++) {
          const data = bytes.subarray(0, lengths[next % lengths.length])
          const docId = DOCS[next % DOCS.length] as string
          counts.set(docId, (counts.get(docId) ?? 0) + 1)
          calls.push(store.append(docId, binaryEntry(data)))
          group += data.length
          written += data.length
        }
        await Promise.all(calls)
        largest = Math.max(largest, statSync(`${dir.file()}-wal`).size)
      }
    }

    await Promise.all(DOCS.map(docId => store.append(docId, metaRecord())))
    await appendUpTo(TOTAL / 10)
    // The last document has the largest records, so that its load has pages left.
    const docId = DOCS.at(-1) as string
    const expected = counts.get(docId)
    const loads = [store.loadAll(docId), other.loadAll(docId)].map(load => load[Symbol.asyncIterator]())
    for (const load of loads) for (let i = 0; i < 2; i++) equal((await load.next()).done, false, "done")
    await appendUpTo(TOTAL)
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThan(LIMIT)

    for (const load of loads) {
      const rest = await collect({ [Symbol.asyncIterator]: () => load })
      expect(rest.length, "what was left of the load, nothing of what came later").toBe(Number(expected) - 1)
    }
    await store.close()
    await other.close()
  })
})
