// Holds the store on Postgres against plain statements through the same driver, over TCP on loopback with
// synchronous_commit = on. Both sides of a ratio are measured in turns, in one process, on one server.
// `--only WORD` measures what has the word in its name, `--rounds N` says how often.
import { parseArgs } from "node:util"
import { createPostgresStore, fromPool, type PostgresStore } from "@holdfast/postgres-store"
import type { StoreMeta, StoreRecord } from "@holdfast/store-core"
import pg from "pg"
import { startPostgres } from "./postgres-server.js"

const { values: options } = parseArgs({ options: { only: { type: "string" }, rounds: { type: "string" } } })
/** Part of the name of the work to measure. */
const only = options.only ?? ""
const ROUNDS = Number(options.rounds ?? 15)
const META: StoreMeta = {
  replicaType: ["text", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "hash",
}
const BYTES = new Uint8Array(100).fill(7)

function entry(data: Uint8Array = BYTES): StoreRecord {
  return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version: "00000001" }
}

/** Two ways to do the same work, and the least ratio of their rates that is promised. */
interface Pair {
  readonly what: string
  readonly least: number
  ours(): Promise<unknown>
  plain(): Promise<unknown>
}

const server = await startPostgres()
const pools: pg.Pool[] = []
try {
  await run()
} finally {
  await Promise.all(pools.map(pool => pool.end()))
  await server.stop()
}

async function run(): Promise<void> {
  const admin = pool(1)
  const { rows } = await admin.query("SELECT version(), current_setting('synchronous_commit') AS sync")
  console.log(`${rows[0].version}\nsynchronous_commit = ${rows[0].sync}, Node ${process.version}, ${ROUNDS} rounds\n`)
  console.log(
    `${"work".padEnd(58)}${"ours/s".padStart(9)}${"plain/s".padStart(9)}${"ratio".padStart(7)}${"least".padStart(7)}`,
  )
  for (const pair of [...(await appends(admin)), await groups(), await load(), await metas(), await hydration()]) {
    if (pair.what.includes(only)) await compare(pair)
  }
  if ("a record of 64 MiB".includes(only)) await largeRecord()
}

async function compare({ what, least, ours, plain }: Pair): Promise<void> {
  await ours()
  await plain()
  const times: [number, number][] = []
  for (let round = 0; round < ROUNDS; round++) {
    // In turns which goes first, so that neither always finds the caches the other has warmed.
    const first = round % 2 === 0
    const a = await time(first ? ours : plain)
    const b = await time(first ? plain : ours)
    times.push(first ? [a, b] : [b, a])
  }
  const ratio = median(times.map(([mine, theirs]) => theirs / mine))
  const rate = (side: 0 | 1) => (1000 / median(times.map(pair => pair[side]))).toFixed(1)
  console.log(
    what.padEnd(58) +
      rate(0).padStart(9) +
      rate(1).padStart(9) +
      ratio.toFixed(2).padStart(7) +
      String(least).padStart(7) +
      (ratio < least ? "  TOO SLOW" : ""),
  )
  if (ratio < least) process.exitCode = 1
}

async function appends(admin: pg.Pool): Promise<Pair[]> {
  const COUNT = 200
  await admin.query(
    "CREATE TABLE plain (doc bigint, seq bigint, kind smallint, version text, lineage text, payload text, blob bytea, PRIMARY KEY (doc, seq))",
  )
  let seq = 0
  const client = pool(1)
  const text = "INSERT INTO plain VALUES ($1, $2, $3, $4, $5, $6, $7)"
  const pair = async (prepared: boolean, least: number): Promise<Pair> => {
    const store = await open(pool(1), prepared)
    const doc = `sequential ${prepared}`
    await store.append(doc, { kind: "meta", meta: META })
    return {
      what: `${COUNT} appends, each awaited${prepared ? ", prepared statements" : ""}`,
      least,
      ours: async () => {
        for (let i = 0; i < COUNT; i++) await store.append(doc, entry())
      },
      plain: async () => {
        const connection = await client.connect()
        for (let i = 0; i < COUNT; i++) {
          const values = [prepared ? 1 : 0, ++seq, 4, "00000001", null, null, Buffer.from(BYTES)]
          await connection.query(prepared ? { name: "plain", text, values } : { text, values })
        }
        connection.release()
      },
    }
  }
  return [await pair(false, 0.75), await pair(true, 0.85)]
}

async function groups(): Promise<Pair> {
  const store = await open(pool(10))
  const ids = Array.from({ length: 100 }, (_, i) => `group ${i}`)
  await Promise.all(ids.map(id => store.append(id, { kind: "meta", meta: META })))
  const client = pool(1)
  let seq = 1_000_000
  const docs = ids.map((_, i) => 1000 + i)
  const text =
    "INSERT INTO plain SELECT doc, $2, 4, version, NULL, NULL, blob FROM unnest($1::bigint[], $3::text[], $4::bytea[]) AS r(doc, version, blob)"
  return {
    what: "100 documents appending at once, 10 times",
    least: 0.5,
    ours: async () => {
      for (let i = 0; i < 10; i++) await Promise.all(ids.map(id => store.append(id, entry())))
    },
    plain: async () => {
      for (let i = 0; i < 10; i++) {
        const values = [docs, ++seq, docs.map(() => "00000001"), docs.map(() => Buffer.from(BYTES))]
        await client.query(text, values)
      }
    },
  }
}

async function load(): Promise<Pair> {
  const RECORDS = 20_000
  const store = await open(pool(1))
  await store.replace("long", [{ kind: "meta", meta: META }, ...Array.from({ length: RECORDS }, () => entry())])
  const client = pool(1)
  const text =
    "SELECT kind, version, lineage, payload, blob FROM holdfast_records AS r JOIN holdfast_meta AS m ON m.doc = r.doc WHERE doc_id = $1 ORDER BY seq"
  return {
    what: `load of ${RECORDS} records`,
    least: 0.7,
    ours: async () => check(await count(store, "long"), RECORDS + 1),
    plain: async () => {
      const { rows } = await client.query(text, ["long"])
      check(rows.map(toRecord).length, RECORDS + 1)
    },
  }
}

async function metas(): Promise<Pair> {
  const shared = pool(10)
  const store = await open(shared)
  const ids = Array.from({ length: 100 }, (_, i) => `group ${i}`)
  const query = { name: "meta", text: "SELECT data FROM holdfast_meta WHERE doc_id = $1" }
  return {
    what: "100 currentMeta at once, 20 times",
    least: 4,
    ours: async () => {
      for (let i = 0; i < 20; i++) await Promise.all(ids.map(id => store.currentMeta(id)))
    },
    plain: async () => {
      for (let i = 0; i < 20; i++) {
        await Promise.all(
          ids.map(async id => JSON.parse((await shared.query({ ...query, values: [id] })).rows[0].data)),
        )
      }
    },
  }
}

async function hydration(): Promise<Pair> {
  const DOCUMENTS = 1_000
  const shared = pool(10)
  const store = await open(shared)
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => `small ${i}`)
  const records: StoreRecord[] = [{ kind: "meta", meta: META }, ...Array.from({ length: 10 }, () => entry())]
  await Promise.all(ids.map(id => store.replace(id, records)))
  const text =
    "SELECT kind, version, lineage, payload, blob FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = $1) ORDER BY seq"
  return {
    what: `${DOCUMENTS} documents of 10 records loaded at once`,
    least: 4,
    ours: async () => {
      for (const found of await Promise.all(ids.map(id => count(store, id)))) check(found, records.length)
    },
    plain: async () => {
      const all = await Promise.all(ids.map(async id => (await shared.query(text, [id])).rows.map(toRecord)))
      for (const found of all) check(found.length, records.length)
    },
  }
}

async function largeRecord(): Promise<void> {
  const store = await open(pool(1))
  await store.append("large", { kind: "meta", meta: META })
  const data = new Uint8Array(64 * 1024 * 1024).map((_, i) => i)
  let most = 0
  const before = process.memoryUsage().rss
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before)
  }, 5)
  const stored = await time(() => store.append("large", entry(data)))
  const afterStore = Math.max(most, process.memoryUsage().rss - before)
  const loaded = await time(() => count(store, "large"))
  const afterLoad = Math.max(most, process.memoryUsage().rss - before)
  clearInterval(timer)
  const mebibytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`
  console.log(
    `\na record of 64 MiB: stored in ${Math.round(stored)} ms, loaded in ${Math.round(loaded)} ms; ` +
      `extra memory up to ${mebibytes(afterStore)} when stored, ${mebibytes(afterLoad)} when loaded too`,
  )
}

function toRecord(row: {
  kind: number
  version: string
  lineage: string | null
  payload: string
  blob: Buffer | null
}) {
  if (row.kind <= 2) return { kind: "meta", meta: JSON.parse(row.payload) }
  const kind = row.kind === 3 ? "entirety" : "since"
  const encoding = row.blob === null ? "json" : "binary"
  const payload = { kind, encoding, data: row.blob === null ? row.payload : new Uint8Array(row.blob) }
  return { kind: "entry", payload, version: row.version }
}

async function count(store: PostgresStore, id: string): Promise<number> {
  let found = 0
  for await (const _ of store.loadAll(id)) found++
  return found
}

function check(found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} records instead of ${expected}`)
}

function open(on: pg.Pool, preparedStatements = false): Promise<PostgresStore> {
  return createPostgresStore(fromPool(on, { preparedStatements }), { createTables: true })
}

function pool(max: number): pg.Pool {
  const made = new pg.Pool({ connectionString: server.url, max })
  // A connection that is still closing when the server stops says so.
  made.on("error", () => {})
  pools.push(made)
  return made
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}
