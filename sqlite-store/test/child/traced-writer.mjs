// Makes writes one group after the other and says "acknowledged" after each, for a test that watches the system calls.
import { writeSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import { DOCS, randomWrites } from "./random-writes.mjs"

const [path, durability] = process.argv.slice(2)
const store = await openSqliteStore(path, { durability })
const other = new DatabaseSync(path)
let group = []
for (const { number, docId, kind, records } of randomWrites(1, DOCS[0])) {
  if (number === 60) break
  if (kind === "replace") group.push(store.replace(docId, records))
  else group.push(kind === "delete" ? store.delete(docId) : store.append(docId, records[0]))
  if (number % 3 === 0) continue
  await Promise.all(group)
  writeSync(1, "acknowledged\n")
  group = []
  // The next write begins the log anew.
  if (number % 20 === 10) other.exec("PRAGMA wal_checkpoint(RESTART)")
}
other.close()
await store.close()
