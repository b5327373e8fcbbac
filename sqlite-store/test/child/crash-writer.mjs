// Writes without awaiting, a few dozen calls ahead, and says the number of each write that was acknowledged. Runs until
// it is killed.
import { createSqliteStore, fromBetterSqlite3 } from "@holdfast/sqlite-store"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import Database from "better-sqlite3"
import { say } from "../../../store-core/test/child/say.mjs"
import { DOCS, randomWrites } from "./random-writes.mjs"

const [path, seed, durability, binding, writer] = process.argv.slice(2)

function openBetterSqlite3() {
  const db = new Database(path)
  db.pragma("journal_mode = WAL")
  db.pragma(`synchronous = ${durability}`)
  return createSqliteStore(fromBetterSqlite3(db))
}

const store = binding === "better-sqlite3" ? openBetterSqlite3() : await openSqliteStore(path, { durability })
let pending = 0
let settled = () => {}
say("open")

for (const { number, docId, kind, records } of randomWrites(Number(seed), DOCS[Number(writer)])) {
  const call =
    kind === "replace"
      ? store.replace(docId, records)
      : kind === "delete"
        ? store.delete(docId)
        : store.append(docId, records[0])
  pending++
  call.then(
    () => {
      say(number)
      pending--
      settled()
    },
    error => {
      say(`failed ${number} ${error.code} ${error.message}`)
      process.exit(1)
    },
  )
  while (pending >= 40) {
    await new Promise(resolve => {
      settled = resolve
    })
  }
}
