import {
  createMemoryStore,
  type DocId,
  type Store,
  StoreError,
  type StoreMeta,
  type StoreRecord,
  verifyStore,
} from "@holdfast/store-core"
import { beforeEach, describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { entry, meta, metaRecord } from "./support/records.js"
import { failure } from "./support/scripted-backend.js"

/** A store with some of its methods exchanged. */
function broken(store: Store, methods: Partial<Store>): Store {
  return {
    append: (docId, record) => store.append(docId, record),
    loadAll: docId => store.loadAll(docId),
    replace: (docId, records) => store.replace(docId, records),
    delete: docId => store.delete(docId),
    currentMeta: docId => store.currentMeta(docId),
    listDocIds: prefix => store.listDocIds(prefix),
    close: () => store.close(),
    ...methods,
  }
}

async function* yields<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

describe("verifyStore", () => {
  let store: Store

  beforeEach(async () => {
    store = createMemoryStore()
    for (const docId of ["a", "b", "c"])
      await Promise.all([store.append(docId, metaRecord()), store.append(docId, entry(1))])
  })

  const find = async (methods: Partial<Store>) =>
    (await verifyStore(broken(store, methods))).findings.map(({ kind, docId }) => [kind, docId])

  it("counts what is there and finds nothing", async () => {
    expect(await verifyStore(store)).toEqual({ documents: 3, records: 6, findings: [] })
  })

  it("finds ids that are out of order or repeated (LIST-1, LIST-2)", async () => {
    expect(await find({ listDocIds: () => yields(["b", "a", "a", "c"]) })).toEqual([
      ["listing", "a"],
      ["listing", "a"],
    ])
    const ids = ["\u{10000}", "\uffff"]
    for (const docId of ids) await store.append(docId, metaRecord())
    expect(await find({ listDocIds: () => yields(ids) })).toEqual([["listing", "\uffff"]])
    expect(await find({ listDocIds: () => yields(ids.toReversed()) })).toEqual([])
  })

  it("ends although a listing does not", async () => {
    const listDocIds = async function* () {
      for (;;) yield* ["a", "b"]
    }
    const { findings } = await verifyStore(broken(store, { listDocIds }))
    expect(findings.at(-1)).toMatchObject({ kind: "listing", message: expect.stringContaining("circles") })
  })

  it("finds ids that are none, and documents that are listed but do not exist (ID-2, DELETE-1)", async () => {
    const listDocIds = (prefix?: string) => yields(["a", "gone", "\0"].filter(id => id.startsWith(prefix ?? "")))
    expect(await find({ listDocIds })).toEqual([
      ["listing", "gone"],
      ["listing", "\0"],
    ])
  })

  it("finds a listing that fails, and what was listed before", async () => {
    const listDocIds = async function* () {
      yield "a"
      throw new Error("the disk is on fire")
    }
    const { documents, findings } = await verifyStore(broken(store, { listDocIds }))
    expect(documents).toBe(1)
    expect(findings).toEqual([
      { kind: "listing", message: expect.stringContaining("on fire"), cause: expect.any(Error) },
    ])
  })

  it("finds every document that cannot be loaded (LOAD-3)", async () => {
    const failing = async function* () {
      yield metaRecord()
      throw new StoreError("STORE_CORRUPT", "row 2 is gone", { backend: "memory" })
    }
    const loadAll = (docId: DocId) => (docId === "b" ? store.loadAll(docId) : failing())
    const { records, findings } = await verifyStore(broken(store, { loadAll }))
    expect(records).toBe(4)
    expect(findings.map(({ kind, docId, cause }) => [kind, docId, (cause as StoreError).code])).toEqual([
      ["load", "a", "STORE_CORRUPT"],
      ["load", "c", "STORE_CORRUPT"],
    ])
  })

  it("finds streams that break a rule (META-1, META-3)", async () => {
    const streams: Record<DocId, StoreRecord[]> = {
      a: [entry(1), metaRecord()],
      b: [metaRecord({ replicaType: ["list", 1, 0] }), metaRecord()],
      c: [metaRecord({ replicaType: ["text", 1, 9] }), metaRecord()],
    }
    expect(await find({ loadAll: docId => yields(streams[docId] ?? []) })).toEqual([
      ["stream", "a"],
      ["stream", "b"],
    ])
  })

  it("finds metadata that fails or differs from the stream (META-4)", async () => {
    const answers: Record<DocId, () => Promise<ReturnType<typeof meta> | null>> = {
      a: () => Promise.resolve(meta({ schemaHash: "another" })),
      b: () => Promise.reject(new StoreError("STORE_TIMEOUT", "late", { backend: "memory" })),
      c: () => Promise.resolve(null),
    }
    expect(await find({ currentMeta: docId => answers[docId]?.() ?? Promise.resolve(null) })).toEqual([
      ["meta", "a"],
      ["meta", "b"],
      ["meta", "c"],
    ])
  })

  it("looks again before it calls a contradiction one, so that a write in between is none", async () => {
    let reads = 0
    const currentMeta = (docId: DocId) => {
      reads++
      return reads % 2 === 1 ? Promise.resolve(meta({ schemaHash: "old" })) : store.currentMeta(docId)
    }
    expect(await find({ currentMeta })).toEqual([])
    expect(reads).toBe(6)
  })

  it("rejects with STORE_CLOSED (CLOSE-2)", async () => {
    await store.close()
    expect(await outcomeOf(verifyStore(store))).toBe("STORE_CLOSED")
  })

  it("a document that is replaced during each of three looks is reported, one that is replaced once is not", async () => {
    let overtaken = 0
    const superseded = async function* () {
      overtaken++
      yield metaRecord()
      throw failure("STORE_LOAD_SUPERSEDED")
    }
    const loads = (times: number) => (docId: DocId) =>
      docId === "b" && overtaken < times ? superseded() : store.loadAll(docId)
    expect(await find({ loadAll: loads(2) })).toEqual([])
    overtaken = 0
    expect(await find({ loadAll: loads(100) })).toEqual([["load", "b"]])
    expect(overtaken).toBe(3)
  })

  it("a document that is deleted after it was listed is none that is missing", async () => {
    const listDocIds = (prefix?: string) => yields(prefix === undefined ? ["a", "gone"] : [])
    expect(await find({ listDocIds })).toEqual([])
  })

  it("a document is looked for once more by its own id, which others may begin with", async () => {
    const listDocIds = (prefix?: string) => yields(prefix === undefined ? ["a", "gone"] : ["gone/on"])
    expect(await find({ listDocIds })).toEqual([])
  })

  it("says of a listing whether an id is none, repeated or out of order", async () => {
    const { findings } = await verifyStore(broken(store, { listDocIds: () => yields(["b", "b", "a", "\0"]) }))
    expect(findings.map(({ message }) => message)).toEqual([
      'Document "b" is listed twice.',
      expect.stringMatching(/^Document "a" is listed after "b"/),
      expect.stringMatching(/^The listing has what is no id: STORE_INVALID_DOC_ID/),
    ])
  })

  it("a finding has a cause only when there is one", async () => {
    const { findings } = await verifyStore(broken(store, { loadAll: () => yields([entry(1)]) }))
    expect(findings.length).toBe(6)
    for (const finding of findings) expect(finding).not.toHaveProperty("cause")
  })

  it("metadata without records, and records without metadata, are told apart from a document that is gone", async () => {
    expect(await find({ loadAll: () => yields([]) })).toEqual([
      ["meta", "a"],
      ["meta", "b"],
      ["meta", "c"],
    ])
    const none = { loadAll: () => yields([entry(1)]), currentMeta: async () => null }
    expect(await find(none)).toEqual([
      ["stream", "a"],
      ["stream", "b"],
      ["stream", "c"],
    ])
  })

  it("looks three times at what may be a race, and once at what is none", async () => {
    const looks = async (methods: Partial<Store>, currentMeta: Store["currentMeta"]) => {
      let count = 0
      await find({
        listDocIds: prefix => yields(prefix === undefined || prefix === "a" ? ["a"] : []),
        ...methods,
        currentMeta: docId => {
          count++
          return currentMeta(docId)
        },
      })
      return count
    }
    const failing = () => Promise.reject(failure("STORE_TIMEOUT"))
    const gone = { loadAll: () => yields([]) }
    expect(await looks({}, docId => store.currentMeta(docId))).toBe(1)
    expect(await looks({}, failing)).toBe(1)
    expect(await looks(gone, async () => null)).toBe(3)
    const listDocIds = (prefix?: string) => yields(prefix === undefined ? ["a"] : [])
    expect(await looks({ ...gone, listDocIds }, async () => null)).toBe(1)
  })

  it("ends when a document's reads say that the store is closed, also where the listing does not (CLOSE-2)", async () => {
    const closed = () => Promise.reject(failure("STORE_CLOSED"))
    const verified = verifyStore(broken(store, { listDocIds: () => yields(["a"]), currentMeta: closed }))
    expect(await outcomeOf(verified)).toBe("STORE_CLOSED")
  })

  it("ends when the store is closed in the middle (CLOSE-2)", async () => {
    const currentMeta = async (docId: DocId) => {
      if (docId === "b") await store.close()
      return store.currentMeta(docId)
    }
    expect(await outcomeOf(verifyStore(broken(store, { currentMeta })))).toBe("STORE_CLOSED")
    const listing = () => store.listDocIds()
    expect(await outcomeOf(verifyStore(broken(store, { listDocIds: listing })))).toBe("STORE_CLOSED")
  })

  it("says what was thrown, whatever it was", async () => {
    const said = async (thrown: unknown) => {
      const { findings } = await verifyStore(broken(store, { listDocIds: () => fails(thrown) }))
      expect(findings).toEqual([expect.objectContaining({ kind: "listing", cause: thrown })])
      return findings[0]?.message
    }
    expect(await said("on fire")).toBe("The listing failed: on fire")
    expect(await said(new Error("on fire"))).toBe("The listing failed: on fire")
    expect(await said(failure("STORE_BUSY"))).toBe("The listing failed: STORE_BUSY: scripted STORE_BUSY")
    expect(await said(7)).toContain("no Error")
  })

  it("every kind of difference between currentMeta and the stream is one (META-4)", async () => {
    const same = meta()
    const others: Partial<StoreMeta>[] = [
      { schemaHash: "other" },
      { replicaType: ["list", 1, 0] },
      { replicaType: ["text", 2, 0] },
      { replicaType: ["text", 1, 1] },
      { syncMode: { ...same.syncMode, writerModel: "serialized" } },
      { syncMode: { ...same.syncMode, delivery: "snapshot-only" } },
      { syncMode: { ...same.syncMode, durability: "transient" } },
    ]
    for (const other of others) {
      const currentMeta = async (docId: DocId) => (docId === "a" ? meta(other) : store.currentMeta(docId))
      expect(await find({ currentMeta }), JSON.stringify(other)).toEqual([["meta", "a"]])
    }
  })
})

async function* fails(thrown: unknown): AsyncGenerator<never> {
  yield await Promise.reject(thrown)
}
