// Opens a store as a user who owns nothing, reads and writes, and prints what became of each step as JSON.
import "node:sqlite"
import { openSqliteStore } from "@holdfast/sqlite-store/open"

const NOBODY = 65534
if (process.getuid() === 0) {
  process.setgroups([])
  process.setgid(NOBODY)
  process.setuid(NOBODY)
}

const said = {}
const step = async (name, run) => {
  try {
    said[name] = await run()
  } catch (error) {
    said[name] = `${error.code}: ${error.message}`
  }
}

let store
await step("open", async () => {
  store = await openSqliteStore(process.argv[2], { busyTimeout: 200 })
  return "ok"
})
if (store !== undefined) {
  const record = { kind: "entry", payload: { kind: "since", encoding: "json", data: "more" }, version: "v" }
  await step("load", async () => (await Array.fromAsync(store.loadAll("doc"))).length)
  await step("list", async () => Array.fromAsync(store.listDocIds()))
  await step("append", async () => store.append("doc", record))
  await step("replace", async () => store.replace("doc", []))
  await step("delete", async () => store.delete("doc"))
  await step("loadAgain", async () => (await Array.fromAsync(store.loadAll("doc"))).length)
  await step("close", async () => store.close())
}
process.stdout.write(JSON.stringify(said))
