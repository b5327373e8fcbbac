// `bun exchange.ts write|read <file>`: writes the sample to the file, or reads it there and adds a record.
import { Database } from "bun:sqlite"
import { createSqliteStore, fromBunSqlite } from "../../src/index.js"
import { addTo, expectSample, writeSample } from "../exchange/sample.js"

const [job, path] = process.argv.slice(2)
const db = new Database(path)
// What the operating system would lose no test can see; without waiting for the disk the tests are quicker.
db.run("PRAGMA synchronous = OFF")
const store = createSqliteStore(fromBunSqlite(db))
if (job === "write") await writeSample(store)
else {
  await expectSample(store)
  await addTo(store, "bun:sqlite")
}
await store.close()
