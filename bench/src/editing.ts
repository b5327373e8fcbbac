import { readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { gunzipSync } from "node:zlib"
import { LeveldbPersistence } from "y-leveldb"
import * as Y from "yjs"
import { openDriver } from "./drivers/open.js"
import type { Place } from "./scenario.js"

/** A recorded editing session; positions count code points. */
interface Recording {
  readonly txns: readonly { readonly patches: readonly (readonly [at: number, deleted: number, inserted: string])[] }[]
}

const ID = "traces/document"

/**
 * Stores the first `transactions` of each recording in the place, and loads them again. Apart from the scenario, because every trial
 * of any loads all scenarios, and Yjs takes longer to load than many a trial's own store.
 */
export async function storeRecordings(
  name: string,
  place: Place,
  transactions: number,
): Promise<Record<string, number>> {
  const results: Record<string, number> = {}
  for (const path of place.traces) {
    const label = basename(path).split(".")[0] ?? path
    const original = replay(JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as Recording, transactions)
    const { appends, loads } = await storeAndLoad(await openFor(name, place, label), original)
    results[`appends, ${label}`] = appends
    results[`loads, ${label}`] = loads
  }
  return results
}

interface Original {
  readonly updates: readonly Uint8Array[]
  readonly text: string
}

function replay({ txns }: Recording, transactions: number): Original {
  const doc = new Y.Doc()
  doc.clientID = 1
  const updates: Uint8Array[] = []
  doc.on("update", (update: Uint8Array) => updates.push(update))
  const text = doc.getText()
  for (const { patches } of txns.slice(0, transactions)) {
    doc.transact(() => {
      for (const [at, deleted, inserted] of patches) {
        text.delete(at, deleted)
        text.insert(at, inserted)
      }
    })
  }
  return { updates, text: text.toString() }
}

interface UpdateStore {
  store(update: Uint8Array, at: number): unknown
  load(): Promise<Y.Doc>
  close(): unknown
}

async function openFor(name: string, place: Place, label: string): Promise<UpdateStore> {
  if (name === "y-leveldb") {
    const level = new LeveldbPersistence(join(place.directory, label))
    return {
      store: update => level.storeUpdate(ID, update),
      load: () => level.getYDoc(ID),
      close: () => level.destroy(),
    }
  }
  const driver = await openDriver(name, place.directory, "normal")
  const id = `${ID}/${label}`
  await driver.create([id])
  return {
    store: (update, at) => driver.append(id, update, String(at)),
    async load() {
      const doc = new Y.Doc()
      const updates: Uint8Array[] = []
      await driver.load(id, data => updates.push(data))
      Y.transact(doc, () => {
        for (const update of updates) Y.applyUpdate(doc, update)
      })
      return doc
    },
    close: () => driver.close(),
  }
}

async function storeAndLoad(store: UpdateStore, { updates, text }: Original) {
  const began = performance.now()
  for (let at = 0; at < updates.length; at++) {
    const pending = store.store(updates[at] as Uint8Array, at)
    if (pending instanceof Promise) await pending
  }
  const stored = performance.now()
  const doc = await store.load()
  const loaded = performance.now()
  if (doc.getText().toString() !== text) throw new Error("The text that came back is another one")
  await store.close()
  return { appends: updates.length / ((stored - began) / 1000), loads: 1000 / (loaded - stored) }
}
