import { ENGINE, EngineStore, type WriteOperation } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { outcomeOf } from "./support/outcome.js"
import { batch, entry, load, loadLabels, rest } from "./support/records.js"
import { failure, gate, ScriptedBackend } from "./support/scripted-backend.js"

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return "ok"
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
}

async function storeWithSix(options: object = {}) {
  const backend = new ScriptedBackend()
  const store = new EngineStore(backend, options)
  await store.replace("a", batch(1, 2, 3, 4, 5))
  return { backend, store, engine: store[ENGINE] }
}

describe("settleNow", () => {
  it("gives every call made so far its turn, at once", async () => {
    const { backend, store, engine } = await storeWithSix()
    backend.steps.length = 0
    const calls = [store.append("a", entry(6)), store.currentMeta("a"), store.append("a", entry(7)), store.delete("b")]
    engine.settleNow()
    expect(backend.steps.map(step => step.method)).toEqual(["commit", "readMeta", "commit"])
    expect(await Promise.all(calls.map(outcomeOf))).toEqual(Array(4).fill("ok"))
  })

  it("also when the program has kept the event loop waiting", async () => {
    const { store, engine } = await storeWithSix()
    const calls: Promise<unknown>[] = [store.append("a", entry(6)), store.currentMeta("a")]
    const end = performance.now() + 20
    while (performance.now() < end);
    calls.push(store.append("a", entry(7)), store.currentMeta("b"), store.currentMeta("a"))
    expect(codeOf(() => engine.settleNow())).toBe("ok")
    expect(await Promise.all(calls.map(outcomeOf))).toEqual(Array(5).fill("ok"))
  })

  it("says STORE_BUSY while a call has to wait, and works again after", async () => {
    const { backend, store, engine } = await storeWithSix()
    const held = gate()
    backend.before = () => held.opened
    const write = store.append("a", entry(6))
    expect(codeOf(() => engine.settleNow())).toBe("STORE_BUSY")
    held.open()
    expect(await outcomeOf(write)).toBe("ok")
    await new Promise(resolve => setImmediate(resolve))
    expect(codeOf(() => engine.settleNow())).toBe("ok")
  })

  it("says STORE_BUSY while a write is tried again", async () => {
    const { backend, store, engine } = await storeWithSix()
    let locked = 1
    backend.refuse = () => (locked-- > 0 ? failure("STORE_BUSY") : null)
    const write = store.append("a", entry(6))
    expect(codeOf(() => engine.settleNow())).toBe("STORE_BUSY")
    expect(await outcomeOf(write)).toBe("ok")
  })

  it("CLOSE-2: checkOpen and prepare say STORE_CLOSED after close", async () => {
    const { store, engine } = await storeWithSix()
    await store.close()
    expect(codeOf(() => engine.checkOpen())).toBe("STORE_CLOSED")
    expect(codeOf(() => engine.prepare("delete", "a"))).toBe("STORE_CLOSED")
  })
})

describe("prepare, admit and finish", () => {
  it("check and copy as the methods do", async () => {
    const { engine } = await storeWithSix()
    expect(engine.prepare("append", "a", entry(1))).toEqual({ kind: "append", docId: "a", records: [entry(1)] })
    expect(engine.prepare("replace", "a", batch(1))).toEqual({ kind: "replace", docId: "a", records: batch(1) })
    expect(engine.prepare("delete", "a", "ignored")).toEqual({ kind: "delete", docId: "a" })
    expect([
      codeOf(() => engine.prepare("append", "", entry(1))),
      codeOf(() => engine.prepare("append", "a", {})),
      codeOf(() => engine.prepare("replace", "a", [entry(1)])),
    ]).toEqual(["STORE_INVALID_DOC_ID", "STORE_INVALID_RECORD", "STORE_META_MISSING"])
  })

  it("LOAD-4: open loads read ahead before a removal", async () => {
    const { backend, store, engine } = await storeWithSix()
    const open = load(store, "a")
    await open.next()
    const removal: WriteOperation = { kind: "delete", docId: "a" }
    engine.admit(removal)
    expect(await backend.commit([removal], engine.plan)).toEqual([null])
    engine.finish(removal, null)
    expect(await rest(open)).toEqual(["1", "2", "3", "4", "5"])
    expect(await loadLabels(store, "a")).toEqual([])
  })

  it("a removal whose open load cannot read at once is refused, and is then none of the store's", async () => {
    const { backend, store, engine } = await storeWithSix({ readAhead: 1 })
    const open = load(store, "a")
    await open.next()
    backend.before = () => new Promise(resolve => setImmediate(resolve))
    expect(codeOf(() => engine.admit({ kind: "delete", docId: "a" }))).toBe("STORE_BUSY")
    backend.before = () => {}
    backend.overtake("a")
    expect(await outcomeOf(rest(open))).toBe("STORE_LOAD_SUPERSEDED")
    expect(await outcomeOf(store.append("a", entry(6)))).toBe("STORE_LOAD_FAILED")
  })

  it("GUARD-1, GUARD-2: the guard refuses, and is lifted by a delete that is stored", async () => {
    const { backend, store, engine } = await storeWithSix()
    backend.before = () => {
      throw failure("STORE_BACKEND")
    }
    await outcomeOf(store.currentMeta("a"))
    backend.before = () => {}
    const append: WriteOperation = { kind: "append", docId: "a", records: [entry(6)] }
    const removal: WriteOperation = { kind: "delete", docId: "a" }
    expect(codeOf(() => engine.admit(append))).toBe("STORE_LOAD_FAILED")
    engine.admit(removal)
    engine.finish(removal, failure("STORE_FULL"))
    expect(codeOf(() => engine.admit(append))).toBe("STORE_LOAD_FAILED")
    engine.finish(removal, null)
    expect(codeOf(() => engine.admit(append))).toBe("ok")
  })
})
