import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { afterAll, beforeAll, expect, it } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "rooms-"))
let script: string
let workerd: Miniflare

/** The worker, whose objects also say which instance answered and can be thrown out of memory. */
const CONTENTS = `
  import worker, { Room as Plain } from "./worker.ts"
  export default worker
  export class Room extends Plain {
    instance = crypto.randomUUID()
    async fetch(request) {
      if (request.headers.has("evict")) this.ctx.abort("evicted")
      const response = await super.fetch(request)
      response.headers.set("instance", this.instance)
      return response
    }
  }`

beforeAll(async () => {
  const resolveDir = fileURLToPath(new URL("../src", import.meta.url))
  const { outputFiles } = await build({
    stdin: { contents: CONTENTS, resolveDir },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*"],
  })
  script = outputFiles[0]?.text ?? ""
  workerd = start()
})

afterAll(async () => {
  await workerd.dispose()
  rmSync(folder, { recursive: true, force: true })
})

function start(): Miniflare {
  return new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-07-01",
    durableObjects: { ROOMS: { className: "Room", useSQLite: true } },
    durableObjectsPersist: folder,
  })
}

const at = (path: string) => `http://rooms/rooms/${path}`
const put = (path: string, body: Uint8Array | string) => workerd.dispatchFetch(at(path), { method: "PUT", body })
const remove = (path: string) => workerd.dispatchFetch(at(path), { method: "DELETE" })
const get = (path: string) => workerd.dispatchFetch(at(path))
const list = async (room: string, query = "") => (await get(`${room}/docs${query}`)).json()

/** The updates of a document, or the status it was refused with. */
async function updates(path: string): Promise<Buffer[] | number> {
  const response = await get(path)
  if (!response.ok) return response.status
  const bytes = Buffer.from(await response.arrayBuffer())
  const found: Buffer[] = []
  for (let i = 0; i < bytes.length; i += 4 + (found.at(-1)?.length ?? 0)) {
    found.push(bytes.subarray(i + 4, i + 4 + bytes.readUInt32BE(i)))
  }
  return found
}

it("keeps a document's updates in order, and deletes them", async () => {
  const sent = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.alloc(3_000_000, 7)]
  for (const update of sent) expect((await put("a/docs/one", update)).status).toBe(204)
  expect(await updates("a/docs/one")).toEqual(sent)
  expect((await remove("a/docs/one")).status).toBe(204)
  expect(await updates("a/docs/one")).toBe(404)
})

it("lists a room's documents by prefix, and knows nothing of other rooms", async () => {
  for (const doc of ["notes/b", "notes/a", "draft", "notes%25/c"]) await put(`list/docs/${doc}`, "x")
  expect(await list("list")).toEqual(["draft", "notes%/c", "notes/a", "notes/b"])
  expect(await list("list", "?prefix=notes/")).toEqual(["notes/a", "notes/b"])
  expect(await list("empty")).toEqual([])
})

it("says what is wrong with a request", async () => {
  const tooLong = await put(`a/docs/${"x".repeat(1025)}`, "x")
  expect(tooLong.status).toBe(400)
  expect(await tooLong.json()).toMatchObject({ code: "STORE_INVALID_DOC_ID" })
  expect((await get("a/docs/%FF")).status).toBe(400)
  expect((await workerd.dispatchFetch(at("a/docs/x"), { method: "POST" })).status).toBe(405)
  expect((await workerd.dispatchFetch("http://rooms/elsewhere")).status).toBe(404)
})

it("keeps everything when its object is thrown out of memory", async () => {
  await put("evicted/docs/one", "first")
  const before = (await get("evicted/docs/one")).headers.get("instance")
  const evicted = await workerd.dispatchFetch(at("evicted/docs/one"), { headers: { evict: "yes" } })
  expect(evicted.ok).toBe(false)
  expect(await updates("evicted/docs/one")).toEqual([Buffer.from("first")])
  await put("evicted/docs/one", "second")
  expect(await updates("evicted/docs/one")).toEqual([Buffer.from("first"), Buffer.from("second")])
  expect((await get("evicted/docs/one")).headers.get("instance")).not.toBe(before)
})

it("keeps everything over a restart", async () => {
  await put("kept/docs/one", "first")
  await put("kept/docs/one", "second")
  for (let round = 0; round < 2; round++) {
    await workerd.dispose()
    workerd = start()
    expect(await updates("kept/docs/one")).toEqual([
      Buffer.from("first"),
      Buffer.from("second"),
      ...Array.from({ length: round }, () => Buffer.from("again")),
    ])
    await put("kept/docs/one", "again")
  }
  expect(await list("kept")).toEqual(["one"])
})
