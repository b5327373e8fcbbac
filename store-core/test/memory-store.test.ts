import {
  compareUtf8,
  createMemoryStore,
  EngineStore,
  MemoryBackend,
  MemoryStorage,
  recordBytes,
  type StoreRecord,
  type WriteOperation,
} from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { batch, entry, listIds, load, loadLabels, meta, metaRecord, rest } from "./support/records.js"

function binary(bytes: Uint8Array): StoreRecord {
  return { kind: "entry", payload: { kind: "since", encoding: "binary", data: bytes }, version: "b" }
}

async function loadAll(store: EngineStore, docId: string): Promise<StoreRecord[]> {
  const records: StoreRecord[] = []
  for await (const record of store.loadAll(docId)) records.push(record)
  return records
}

/** Overwrites everything in a record, as a caller who takes it for its own may. */
function spoil(record: StoreRecord): void {
  if (record.kind === "meta") {
    Object.assign(record.meta.replicaType, ["spoilt", 9, 9])
    Object.assign(record.meta.syncMode, { writerModel: "spoilt" })
    Object.assign(record.meta, { schemaHash: "spoilt" })
  } else {
    if (typeof record.payload.data !== "string") record.payload.data.fill(9)
    Object.assign(record.payload, { encoding: "json", data: "spoilt", lineage: "spoilt" })
    Object.assign(record, { version: "spoilt" })
  }
}

describe("RECORD-6: nothing is shared", () => {
  const records = () => [metaRecord(), binary(new Uint8Array([1, 2])), entry(3)]

  it("with who wrote it, from the moment the call returned", async () => {
    const store = createMemoryStore()
    const [first, second] = [metaRecord(), binary(new Uint8Array([1, 2]))]
    const written = records()
    const writes = [store.append("a", first), store.append("a", second), store.replace("b", written)]
    for (const record of [first, second, ...written]) spoil(record)
    written.length = 0
    await Promise.all(writes)
    expect(await loadAll(store, "a")).toStrictEqual(records().slice(0, 2))
    expect(await loadAll(store, "b")).toStrictEqual(records())
    expect(await store.currentMeta("a")).toStrictEqual(meta())
  })

  it("with who loaded it, and between two loads, stores and pages read before", async () => {
    const storage = new MemoryStorage()
    const [one, two] = [createMemoryStore({ storage }), createMemoryStore({ storage })]
    await one.replace("a", records())
    for (const record of await loadAll(one, "a")) spoil(record)
    for (const store of [one, two]) {
      const found = await store.currentMeta("a")
      if (found !== null) spoil({ kind: "meta", meta: found })
      expect(await store.currentMeta("a")).toStrictEqual(meta())
      expect(await loadAll(store, "a")).toStrictEqual(records())
    }
  })
})

describe("bytes that a backend is given", () => {
  it.each([
    ["have a buffer of their own", undefined, 2],
    ["lie in a shared one where it takes views", true, 64 * 1024],
  ])("%s, by append and by replace", async (_, takesViews, length) => {
    const storage = new MemoryStorage()
    const store = new EngineStore(Object.assign(new MemoryBackend(storage), { takesViews }))
    await store.append("a", metaRecord())
    await store.append("a", binary(new Uint8Array([1, 2])))
    await store.replace("b", [metaRecord(), binary(new Uint8Array([1, 2]))])
    for (const docId of ["a", "b"]) {
      const given = storage.get(docId)?.records[1]
      expect(given?.kind === "entry" && (given.payload.data as Uint8Array).buffer.byteLength).toBe(length)
      expect(await loadAll(store, docId)).toStrictEqual([metaRecord(), binary(new Uint8Array([1, 2]))])
    }
  })
})

it("two stores share no buffer: what waits in one would keep what the other has written", async () => {
  const buffers = await Promise.all(
    [new MemoryStorage(), new MemoryStorage()].map(async storage => {
      const store = new EngineStore(Object.assign(new MemoryBackend(storage), { takesViews: true }))
      await store.replace("a", [metaRecord(), binary(new Uint8Array([1, 2]))])
      const given = storage.get("a")?.records[1]
      return given?.kind === "entry" && (given.payload.data as Uint8Array).buffer
    }),
  )
  expect(buffers[0]).toBeInstanceOf(ArrayBuffer)
  expect(buffers[0]).not.toBe(buffers[1])
})

describe("MemoryStorage", () => {
  it("outlives the stores on it", async () => {
    const storage = new MemoryStorage()
    const first = createMemoryStore({ storage })
    await first.replace("a", batch(1))
    await first.close()
    const second = createMemoryStore({ storage })
    expect(await loadLabels(second, "a")).toEqual(["meta:schema-1", "1"])
    expect(second.capabilities).toEqual({ durable: false, multiWriter: true })
  })

  it("is a new one where none is given", async () => {
    const [one, two] = [createMemoryStore(), createMemoryStore()]
    await one.append("a", metaRecord())
    expect([await listIds(one), await listIds(two)]).toEqual([["a"], []])
  })

  it("LOAD-5, DELETE-3: a load goes on with what it began with, whatever another store does", async () => {
    const storage = new MemoryStorage()
    const [one, two] = [createMemoryStore({ storage, readAhead: 0 }), createMemoryStore({ storage })]
    const versions = Array.from({ length: 4500 }, (_, i) => String(i))
    for (const overtake of [
      () => two.append("a", entry("late")),
      () => two.replace("a", batch("late")),
      () => two.delete("a"),
      () => one.delete("a"),
    ]) {
      await one.replace("a", batch(...versions))
      const open = load(one, "a")
      await open.next()
      await overtake()
      expect(await rest(open)).toEqual(versions)
    }
  })
})

describe("MemoryBackend", () => {
  it("LOAD-7: a page has at most 2,000 records, and ends after the record with which it reaches 4 MiB", async () => {
    const storage = new MemoryStorage()
    const [store, backend] = [createMemoryStore({ storage }), new MemoryBackend(storage)]
    await store.replace("many", batch(...Array(4000).keys()))
    const sizes: number[] = []
    let page = backend.readPage("many", null)
    for (sizes.push(page.records.length); page.next !== null; sizes.push(page.records.length)) {
      page = backend.readPage("many", page.next)
    }
    expect(sizes).toEqual([2000, 2000, 1])
    const mega = "x".repeat(1024 * 1024)
    await store.replace("large", [metaRecord(), ...Array.from({ length: 10 }, (_, i) => entry(i, mega))])
    const large = backend.readPage("large", null)
    expect(large.records).toHaveLength(5)
    expect(large.bytes).toBeGreaterThan(4 * 1024 * 1024)
  })

  it("LOAD-7: a page whose records are exactly 4 MiB ends there", async () => {
    const storage = new MemoryStorage()
    const mebibyte = entry(1, "x".repeat(1024 * 1024 - 101))
    expect(recordBytes(mebibyte)).toBe(1024 * 1024)
    storage.set("a", { meta: meta(), records: Array(6).fill(mebibyte), last: 6 })
    expect(new MemoryBackend(storage).readPage("a", null).records.length).toBe(4)
  })

  it("LIST-1, LIST-2: any listing in pages is what filtering and sorting all ids gives", () => {
    const id = fc.string({
      unit: fc.constantFrom("a", "A", "%", "\ud7ff", "\ue000", "\uffff", "😀"),
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(id, { maxLength: 60 }),
        fc.oneof(fc.constant(""), id),
        fc.integer({ min: 1, max: 7 }),
        (ids, prefix, limit) => {
          const storage = new MemoryStorage()
          const backend = new MemoryBackend(storage)
          for (const one of ids) storage.set(one, { meta: meta(), records: [metaRecord()], last: 1 })
          const found: string[] = []
          for (let after: string | null = null; ; after = found.at(-1) ?? null) {
            const page = backend.readIds(prefix, after, limit)
            found.push(...page)
            if (page.length < limit) break
          }
          expect(found).toEqual(ids.filter(one => one.startsWith(prefix)).sort(compareUtf8))
        },
      ),
      { numRuns: 500 },
    )
  })

  it("new, deleted and changed documents are listed as they are", async () => {
    const store = createMemoryStore()
    await store.append("b", metaRecord())
    expect(await listIds(store)).toEqual(["b"])
    await store.append("a", metaRecord())
    expect(await listIds(store)).toEqual(["a", "b"])
    await store.replace("b", batch(1))
    await store.append("a", entry(1))
    expect(await listIds(store)).toEqual(["a", "b"])
    await store.delete("a")
    await store.delete("unknown")
    expect(await listIds(store)).toEqual(["b"])
  })

  it("META-4: metadata follows the last meta of appends and replaces", async () => {
    const store = createMemoryStore()
    await store.append("a", metaRecord({ schemaHash: "1" }))
    await store.append("a", metaRecord({ schemaHash: "2", replicaType: ["text", 1, 5] }))
    expect(await store.currentMeta("a")).toEqual(meta({ schemaHash: "2", replicaType: ["text", 1, 5] }))
    await store.replace("a", [metaRecord({ schemaHash: "3" }), metaRecord({ schemaHash: "4" })])
    expect(await store.currentMeta("a")).toEqual(meta({ schemaHash: "4" }))
    await store.replace("a", [metaRecord({ schemaHash: "4" })])
    expect(await store.currentMeta("a")).toEqual(meta({ schemaHash: "4" }))
    expect(await loadLabels(store, "a")).toEqual(["meta:4"])
    await store.delete("a")
    expect(await store.currentMeta("a")).toBe(null)
  })

  it("a decision that does not fit the documents stores nothing", () => {
    const storage = new MemoryStorage()
    const append: WriteOperation = { kind: "append", docId: "a", records: [entry(1)] }
    const commit = () => new MemoryBackend(storage).commit([append], () => [{ kind: "append", meta: null }])
    expect(commit).toThrow(expect.objectContaining({ code: "STORE_BACKEND", backend: "memory" }))
    expect(storage.ids()).toEqual([])
  })

  it("a batch of a hundred thousand records is stored and loaded", async () => {
    const store = createMemoryStore()
    await store.replace("a", batch(...Array(100_000).keys()))
    await store.append("a", entry("last"))
    const labels = await loadLabels(store, "a")
    expect([labels.length, labels.at(-1)]).toEqual([100_002, "last"])
    expect(await outcomeOf(store.close())).toBe("ok")
  })
})
