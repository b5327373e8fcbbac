import { createMemoryStore, MemoryStorage, type Store, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { Editor } from "../src/editor.js"
import { countEdits, type Edit } from "../src/edits.js"
import type { Input } from "../src/inputs.js"
import { findPlace, type Place } from "../src/open-store.js"
import { Progress } from "../src/progress.js"
import { type Result, runJob } from "../src/supervisor.js"

const SILENT = { write: () => true }

function inputOf(name: string, text: string): Input {
  const script = { kind: "typed", text } as const
  return { docId: `main-job/${name}`, script, edits: countEdits(script) }
}

const INPUTS = [inputOf("a", "some text ".repeat(40)), inputOf("empty", ""), inputOf("one", "😀")]

function run(place: Place, inputs: readonly Input[] = INPUTS): Promise<Result> {
  return runJob(place, inputs, new Progress(SILENT, inputs))
}

function memory(): Place {
  return findPlace("memory") ?? expect.fail("there is no memory place")
}

/** A memory place whose stores go wrong as `spoil` says. */
function spoiled(spoil: (store: Store) => Partial<Store>): Place {
  const storage = new MemoryStorage()
  return {
    ...memory(),
    async open() {
      const store = createMemoryStore({ storage })
      const methods: Store = {
        append: (docId, record) => store.append(docId, record),
        loadAll: docId => store.loadAll(docId),
        replace: (docId, records) => store.replace(docId, records),
        delete: docId => store.delete(docId),
        currentMeta: docId => store.currentMeta(docId),
        listDocIds: prefix => store.listDocIds(prefix),
        close: () => store.close(),
      }
      return { ...methods, ...spoil(store) }
    },
  }
}

describe("runJob", () => {
  it("writes everything and reports it", async () => {
    const result = await run(memory())
    const edits = INPUTS.reduce((sum, input) => sum + input.edits, 0)
    expect(result).toMatchObject({ place: "memory", documents: 3, edits, editsBefore: 0, bytesOnDisk: null })
    expect(result.kill?.process).toBe(false)
    expect(result.kill?.found).toBeGreaterThanOrEqual(result.kill?.acknowledged ?? Number.NaN)
    expect(result.kill?.found).toBeLessThan(edits)
  })

  it("continues an earlier state of the same text, and has nothing to do the second time", async () => {
    const place = memory()
    await run(place, [inputOf("a", "some text ")])
    expect(await run(place)).toMatchObject({ editsBefore: 10, kill: { process: false } })
    expect(await run(place)).toMatchObject({ kill: null })
  })

  it("changes nothing when a document of another text is there", async () => {
    const place = memory()
    await run(place, [inputOf("one", "another text")])
    await expect(run(place)).rejects.toThrow(/main-job\/one .*nothing was changed/)
    const store = await place.open()
    expect(await store.currentMeta("main-job/a")).toBeNull()
    expect((await Editor.open(store, "main-job/one")).text).toBe("another text")
  })

  it("leaves other documents alone", async () => {
    const place = memory()
    const store = await place.open()
    const other = await Editor.open(store, "other/a")
    const edit: Edit = { index: 0, deleted: 0, inserted: "mine" }
    await other.apply(edit)
    await run(place)
    expect((await Editor.open(await place.open(), "other/a")).text).toBe("mine")
  })

  it("notices acknowledged edits that are not there after the kill", async () => {
    let appended = 0
    // Acknowledged, but only the first ones stored.
    const place = spoiled(store => ({
      append: async (docId, record) => (++appended > 20 ? undefined : store.append(docId, record)),
    }))
    await expect(run(place)).rejects.toThrow(/edits were acknowledged, 21 are there after the kill/)
  })

  it("notices a hole", async () => {
    let appended = 0
    const place = spoiled(store => ({
      append: async (docId, record) => (++appended === 9 ? undefined : store.append(docId, record)),
    }))
    await expect(run(place)).rejects.toThrow("version 11 follows edit 9")
  })

  it("notices text that is not what it was after the edit it claims", async () => {
    let last: StoreRecord | undefined
    // Each version gets the update of the one before it.
    const place = spoiled(store => ({
      append(docId, record) {
        const wrong = record.kind === "entry" && last?.kind === "entry" ? { ...record, payload: last.payload } : record
        last = record
        return store.append(docId, wrong)
      },
    }))
    await expect(run(place)).rejects.toThrow(/the text after the kill is not what it was after edit/)
  })

  it("notices a text that is another when everything is read again", async () => {
    let opened = 0
    const place = spoiled(store => {
      opened += 1
      // Each writer opens the place once; the third time is for reading.
      if (opened < 3) return {}
      return {
        async *loadAll(docId) {
          for await (const record of store.loadAll(docId)) if (record.kind === "meta") yield record
        },
      }
    })
    await expect(run(place)).rejects.toThrow("main-job/a: the text read back is not the text typed")
  })

  it("ends with the error of a write that failed", async () => {
    let appended = 0
    const place = spoiled(store => ({
      append: async (docId, record) => {
        if (++appended > 5) throw new Error("no space left")
        return store.append(docId, record)
      },
    }))
    await expect(run(place)).rejects.toThrow("no space left")
  })
})
