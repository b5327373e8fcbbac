import { setImmediate as turn } from "node:timers/promises"
import { collect, entries, metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, type SqliteStore } from "../src/index.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

describe.each(BINDINGS)("loads over %s", binding => {
  let dir: TempDir
  let connection: Connection
  let store: SqliteStore

  beforeEach(() => {
    dir = tempDir()
    connection = connect(binding, dir.file())
    connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
    store = createSqliteStore(connection.adapter())
  })

  afterEach(async () => {
    await store.close()
    dir.remove()
  })

  it("of 100,000 records let the event loop run in between (LOAD-7)", async () => {
    await store.replace("doc", [metaRecord(), ...entries(100_000)])
    let loaded = 0
    let loading = true
    const seen: number[] = []
    const watching = (async () => {
      while (loading) {
        seen.push(loaded)
        await turn()
      }
    })()
    for await (const _ of store.loadAll("doc")) loaded++
    loading = false
    await watching
    expect(loaded).toBe(100_001)
    // A turn at the latest after 16 pages of 2,000 records, beside what was loaded before the first.
    const gaps = [...seen, loaded].slice(1).map((at, i) => at - (seen[i] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(17 * 2000)
  })

  it("left in the middle do not keep the log from being emptied (LOAD-6)", async () => {
    await store.replace("doc", [metaRecord(), ...entries(10_000)])
    const left = store.loadAll("doc")[Symbol.asyncIterator]()
    await left.next()
    for (let i = 0; i < 20; i++) await Promise.all(entries(100).map(record => store.append("doc", record)))
    const other = connect(binding, dir.file())
    expect(other.all("PRAGMA wal_checkpoint(TRUNCATE)")).toEqual([{ busy: 0, log: 0, checkpointed: 0 }])
    other.close()
    const rest = await collect({ [Symbol.asyncIterator]: () => left })
    expect(rest).toHaveLength(10_000)
  })
})
