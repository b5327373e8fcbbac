import { createMemoryStore, MemoryStorage, type Store, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { Editor } from "../src/editor.js"
import { editsOf, type Script } from "../src/edits.js"

const DOC = "main-job/a"

async function recordsOf(store: Store): Promise<StoreRecord[]> {
  const records: StoreRecord[] = []
  for await (const record of store.loadAll(DOC)) records.push(record)
  return records
}

async function type(store: Store, script: Script): Promise<Editor> {
  const editor = await Editor.open(store, DOC)
  await Promise.all([...editsOf(script)].map(edit => editor.apply(edit)))
  return editor
}

describe("Editor", () => {
  it("stores nothing of a document that was only opened", async () => {
    const store = createMemoryStore()
    const editor = await Editor.open(store, DOC)
    expect([editor.text, editor.edits]).toEqual(["", 0])
    expect(await store.currentMeta(DOC)).toBeNull()
  })

  it("begins with a snapshot and appends one update for each edit", async () => {
    const store = createMemoryStore()
    await type(store, { kind: "typed", text: "a😀b" })
    const records = await recordsOf(store)
    expect(records.map(record => (record.kind === "meta" ? "meta" : [record.payload.kind, record.version]))).toEqual([
      "meta",
      ["entirety", "1"],
      ["since", "2"],
      ["since", "3"],
    ])
  })

  it("finds text and number of edits again, and goes on from there", async () => {
    const storage = new MemoryStorage()
    await type(createMemoryStore({ storage }), { kind: "typed", text: "a😀" })
    const again = await Editor.open(createMemoryStore({ storage }), DOC)
    expect([again.text, again.edits]).toEqual(["a😀", 2])
    await again.apply({ index: 1, deleted: 2, inserted: "b" })
    const third = await Editor.open(createMemoryStore({ storage }), DOC)
    expect([third.text, third.edits]).toEqual(["ab", 3])
  })

  it("compacts a log that outgrows its snapshot, with appends in flight", async () => {
    const storage = new MemoryStorage()
    const store = createMemoryStore({ storage })
    const text = "many words ".repeat(1000)
    const { edits } = await type(store, { kind: "typed", text })
    expect((await recordsOf(store)).length).toBeLessThan(edits / 2)
    const again = await Editor.open(createMemoryStore({ storage }), DOC)
    expect([again.text, again.edits]).toEqual([text, edits])
  })

  it("refuses a document with a missing update", async () => {
    const store = createMemoryStore()
    await type(store, { kind: "typed", text: "abcd" })
    const records = await recordsOf(store)
    await store.replace(DOC, records.toSpliced(3, 1))
    await expect(Editor.open(store, DOC)).rejects.toThrow(DOC)
  })

  it("refuses a document of another kind and updates that are none", async () => {
    const store = createMemoryStore()
    const syncMode = { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" } as const
    await store.append(DOC, { kind: "meta", meta: { replicaType: ["other", 1, 0], syncMode, schemaHash: "" } })
    await expect(Editor.open(store, DOC)).rejects.toThrow(DOC)

    await store.delete(DOC)
    await store.append(DOC, { kind: "meta", meta: { replicaType: ["yjs", 1, 0], syncMode, schemaHash: "" } })
    const data = new Uint8Array([255, 255, 255])
    await store.append(DOC, { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version: "1" })
    await expect(Editor.open(store, DOC)).rejects.toThrow(DOC)
  })
})
