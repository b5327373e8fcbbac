// Writes through Prisma without awaiting, a few dozen calls ahead, and says the number of each write that was
// acknowledged. Runs until it is killed.
import "../../../store-core/test/child/register-source.mjs"
import { createPrismaStore } from "@holdfast/prisma-store"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import { randomWrites } from "../../../postgres-store/test/child/random-writes.mjs"
import { say } from "../../../store-core/test/child/say.mjs"

const { PrismaClient } = await import("../generated/sqlite/client.ts")

const [path, seed] = process.argv.slice(2)
const client = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${path}`, timeout: 5 }) })
const store = await createPrismaStore({ client })

say("open")
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
