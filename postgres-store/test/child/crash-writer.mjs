// Writes without awaiting, a few dozen calls ahead, and says the number of each write that was acknowledged. Runs until it
// is killed. Before, it says what the documents are where the test cannot look by itself: in PGlite's directory, which one
// process has at a time. Without a seed it ends then.
import { createPostgresStore, fromPglite } from "@holdfast/postgres-store"
import { openPostgresStore } from "@holdfast/postgres-store/open"
import { say } from "../../../store-core/test/child/say.mjs"
import { contentsOf, randomWrites } from "./random-writes.mjs"

const [place, options, seed] = process.argv.slice(2)

async function open() {
  if (place.startsWith("postgres:")) return openPostgresStore(place, { maxConnections: 3, ...JSON.parse(options) })
  const { PGlite } = await import("@electric-sql/pglite")
  const db = await PGlite.create(place, JSON.parse(options))
  return createPostgresStore(fromPglite(db), { createTables: true })
}

const store = await open()
say(place.startsWith("postgres:") ? "open" : JSON.stringify(await contentsOf(store)))
if (seed === undefined) process.exit(0)

let pending = 0
let settled = () => {}
for (const { number, docId, kind, records } of randomWrites(Number(seed))) {
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
