import { createMemoryStore, MemoryStorage, type Store, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { collect } from "../src/assert.js"
import { generate } from "../src/model/steps.js"
import { runModelCheck } from "../src/model.js"

/** A memory store in which one method is another. */
function broken(change: (store: Store) => Partial<Store>): () => Store {
  return () => {
    const store = createMemoryStore()
    const methods: Store = {
      append: (docId, record) => store.append(docId, record),
      loadAll: docId => store.loadAll(docId),
      replace: (docId, records) => store.replace(docId, records),
      delete: docId => store.delete(docId),
      currentMeta: docId => store.currentMeta(docId),
      listDocIds: prefix => store.listDocIds(prefix),
      close: () => store.close(),
    }
    return { ...methods, ...change(store) }
  }
}

async function failureOf(factory: () => Store): Promise<string> {
  const error = await runModelCheck("broken", factory, { sequences: 200 }).catch((thrown: unknown) => thrown)
  return error instanceof Error ? error.message : "no failure"
}

function steps(message: string): string[] {
  const lines = message.split("\n").map(line => line.trim())
  return lines.filter(line => /^(await|const|store\.|i\d)/.test(line))
}

describe("runModelCheck", () => {
  it("passes on the memory store, reopened in between", async () => {
    await runModelCheck("memory", () => {
      const storage = new MemoryStorage()
      return { store: createMemoryStore({ storage }), reopen: () => createMemoryStore({ storage }) }
    })
  })

  it("does the same for the same seed", () => {
    expect(generate(5, 30, true)).toEqual(generate(5, 30, true))
    expect(generate(5, 30, true)).not.toEqual(generate(6, 30, true))
  })

  it("finds a load that sees a later append, with few steps (LOAD-1)", async () => {
    const factory = broken(store => ({
      async *loadAll(docId) {
        const seen: StoreRecord[] = []
        for (;;) {
          const now = await collect(store.loadAll(docId))
          const next = now[seen.length]
          if (next === undefined) return
          seen.push(next)
          yield next
        }
      },
    }))
    const message = await failureOf(factory)
    expect(message).toContain("next record")
    expect(message).toMatch(/runModelCheck shows it again with \{ seed: \d+, sequences: 1, operations: 30 \}/)
    // Made, loaded from, changed, loaded from: nothing shorter shows it.
    expect(steps(message).length).toBeLessThanOrEqual(5)
    expect(steps(message).join("\n")).toContain("// here")
  })

  it("finds ids in the order of UTF-16 (LIST-2)", async () => {
    const factory = broken(store => ({
      async *listDocIds(prefix) {
        yield* (await collect(store.listDocIds(prefix))).sort()
      },
    }))
    const message = await failureOf(factory)
    expect(message).toContain("at the end, the listing")
    expect(steps(message).filter(step => step.includes("\\u{10000}"))).toHaveLength(1)
    expect(steps(message)).toHaveLength(2)
  })

  it("finds a delete that an append called later overtakes (ORDER-1)", async () => {
    const factory = broken(store => ({
      async delete(docId) {
        await Promise.resolve()
        return store.delete(docId)
      },
    }))
    const message = await failureOf(factory)
    expect(message).not.toBe("no failure")
    expect(steps(message).some(step => step.startsWith("store.delete("))).toBe(true)
  })

  it("finds bytes that are shared with the caller (RECORD-6)", async () => {
    const factory = broken(store => ({
      async append(docId, record) {
        await Promise.resolve()
        return store.append(docId, record)
      },
    }))
    expect(await failureOf(factory)).not.toBe("no failure")
  })

  it("finds a wrong error code and a write that stores in spite of it (META-1)", async () => {
    const factory = broken(store => ({
      async append(docId, record) {
        if (record.kind === "entry" && (await store.currentMeta(docId)) === null) return
        return store.append(docId, record)
      },
    }))
    const message = await failureOf(factory)
    expect(message).toContain("STORE_META_MISSING")
    expect(steps(message)).toHaveLength(1)
  })

  it("finds a call that throws synchronously (ORDER-5)", async () => {
    const factory = broken(store => ({
      currentMeta(docId) {
        if (!docId.isWellFormed()) throw new Error("thrown at once")
        return store.currentMeta(docId)
      },
    }))
    expect(await failureOf(factory)).toContain("thrown at once")
  })
})
