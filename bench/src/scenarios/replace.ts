import type { StoreRecord } from "@holdfast/store-core"
import { type Binding, openDatabase } from "../drivers/database.js"
import { pick } from "../drivers/driver.js"
import { entry, META, openHoldfast } from "../drivers/holdfast.js"
import { database, openDriver, SQLITE } from "../drivers/open.js"
import { META_TEXT } from "../drivers/raw.js"
import { documentIds, payloads, seeded } from "../random.js"
import type { Place, Scenario } from "../scenario.js"
import { type Duration, each, rate } from "../timing.js"

const DOCUMENTS = 100
const RECORDS = 100

/** The log is copied every sixth of a second, which takes as long as a hundred replaces: enough of them to average. */
const COPIES: Duration = { warm: 500, measured: 1000 }

export const replace: Scenario = {
  name: "replace",
  title: `replace of ${RECORDS} records of 200 B, against DELETE and one prepared INSERT each in one transaction`,
  unit: "replaces/s",
  better: "more",
  drivers: [...SQLITE],
  trial: (name, place) => {
    const binding = name.endsWith("node:sqlite") ? "node:sqlite" : "better-sqlite3"
    return name.startsWith("holdfast") ? byStore(binding, place) : byHand(binding, place)
  },
  targets: [
    { driver: "holdfast", against: ["raw"], atLeast: 0.9 },
    { driver: "holdfast node:sqlite", against: ["raw node:sqlite"], atLeast: 0.9 },
  ],
  minRepetitions: 5,
  settings: { documents: DOCUMENTS, records: RECORDS, bytes: 200, durability: "normal" },
}

function input(place: Place) {
  const random = seeded(place.seed)
  return { ids: documentIds(DOCUMENTS, random), data: payloads(200, random) }
}

async function byStore(binding: Binding, place: Place): Promise<number> {
  const store = openHoldfast(binding, database(place.directory), "normal")
  const { ids, data } = input(place)
  const batch = (at: number): StoreRecord[] => {
    const records = [META]
    for (let i = 1; i < RECORDS; i++) records.push(entry(pick(data, at + i), String(i)))
    return records
  }
  for (const id of ids) await store.replace(id, batch(0))
  let calls = 0
  const result = await rate(
    () =>
      each(8, () => {
        const at = calls++
        return store.replace(pick(ids, at), batch(at))
      }),
    COPIES,
  )
  await store.close()
  return result
}

/** Removes a document's rows and writes the new ones behind their numbers. */
async function byHand(binding: Binding, place: Place): Promise<number> {
  const driver = await openDriver("raw", place.directory, "normal")
  const { ids, data } = input(place)
  await driver.create(ids)
  await driver.close()
  const db = openDatabase(binding, database(place.directory), "normal")
  const numbers = new Map<string, { doc: number; last: number }>()
  for (const row of db.prepare("SELECT doc_id AS id, doc FROM holdfast_meta").all() as { id: string; doc: number }[]) {
    numbers.set(row.id, { doc: row.doc, last: 1 })
  }
  const remove = db.prepare("DELETE FROM holdfast_records WHERE doc = ?")
  const insert = db.prepare(
    "INSERT INTO holdfast_records (doc, seq, kind, version, lineage, payload, blob) VALUES (?, ?, ?, ?, ?, ?, ?)",
  )
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const write = (id: string, at: number) => {
    const document = numbers.get(id) as { doc: number; last: number }
    begin.run()
    remove.run(document.doc)
    insert.run(document.doc, ++document.last, 1, null, null, META_TEXT, null)
    for (let i = 1; i < RECORDS; i++) {
      insert.run(document.doc, ++document.last, 4, String(i), null, null, pick(data, at + i))
    }
    commit.run()
  }
  for (const id of ids) write(id, 0)
  let calls = 0
  const result = await rate(
    () =>
      each(8, () => {
        const at = calls++
        write(pick(ids, at), at)
      }),
    COPIES,
  )
  db.close()
  return result
}
