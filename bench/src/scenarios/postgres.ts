import { writeFileSync } from "node:fs"
import type { StoreRecord } from "@holdfast/store-core"
import { entry, META } from "../drivers/holdfast.js"
import {
  appendNaively,
  createPlainTable,
  event,
  PAYLOAD,
  PostgresTrial,
  toRecord,
  urlFile,
  VERSION,
} from "../drivers/postgres.js"
import { type PostgresServer, startPostgres } from "../postgres-server.js"
import type { Scenario, Target, TrialResult } from "../scenario.js"
import { type Duration, each, rate } from "../timing.js"

/** Does a piece of the work and says how many operations it was. */
type Step = () => Promise<number>

/** Sets a driver up. */
type Driver = (trial: PostgresTrial) => Promise<Step>

const RECORD = entry(PAYLOAD, VERSION)
const HUNDRED = ids(100)

/** Some thousand round trips go by before the code on both sides of the connection is compiled and its caches are filled. */
const DURATION: Duration = { warm: 1000, measured: 1000 }

/** Over TCP on loopback, with the server as it comes: `synchronous_commit = on`. */
export const postgres: readonly Scenario[] = [
  rates({
    name: "postgres-append",
    title: "Postgres, awaited appends of 200 B to one document, against one INSERT each on one connection",
    unit: "records/s",
    drivers: {
      holdfast: trial => appends(trial, false),
      raw: trial => inserts(trial, false),
      "holdfast, prepared statements": trial => appends(trial, true),
      "raw, prepared statements": trial => inserts(trial, true),
      naive: async trial => {
        const pool = trial.pool()
        await trial.documents(["doc"], pool)
        return () => each(20, () => appendNaively(pool, "doc"))
      },
      "emmett-postgresql": async trial => {
        const store = trial.emmett()
        return () => each(20, () => store.appendToStream(`${trial.schema}-doc`, [event()]))
      },
    },
    targets: [
      { driver: "holdfast", against: ["raw"], atLeast: 0.75 },
      { driver: "holdfast, prepared statements", against: ["raw, prepared statements"], atLeast: 0.85 },
    ],
    duration: { ...DURATION, measured: 2000 },
    minRepetitions: 7,
    settings: { documents: 1, bytes: 200 },
  }),
  rates({
    name: "postgres-ticks",
    title: "Postgres, 100 documents appending 200 B at once, against one INSERT of 100 rows from arrays",
    unit: "records/s",
    drivers: {
      holdfast: async trial => {
        const store = await trial.documents(HUNDRED)
        return () => atOnce(HUNDRED, id => store.append(id, RECORD))
      },
      raw: insertsOfArrays,
      naive: async trial => {
        const pool = trial.pool()
        await trial.documents(HUNDRED, pool)
        return () => atOnce(HUNDRED, id => appendNaively(pool, id))
      },
      "emmett-postgresql": async trial => {
        const store = trial.emmett()
        return () => atOnce(HUNDRED, id => store.appendToStream(`${trial.schema}-${id}`, [event()]))
      },
    },
    targets: [{ driver: "holdfast", against: ["raw"], atLeast: 0.5 }],
    settings: { documents: 100, bytes: 200 },
  }),
  rates({
    name: "postgres-load",
    title: "Postgres, loadAll of 20000 records of 200 B, against the SELECT mapped to the same records",
    unit: "records/s",
    drivers: {
      holdfast: async trial => {
        const store = await trial.store()
        await store.replace("doc", longDocument())
        return () => count(store.loadAll("doc"), 20_001)
      },
      raw: async trial => {
        await (await trial.store()).replace("doc", longDocument())
        const pool = trial.pool(1)
        const text =
          "SELECT kind, version, lineage, payload, blob FROM holdfast_records AS r JOIN holdfast_meta AS m ON m.doc = r.doc WHERE doc_id = $1 ORDER BY seq"
        return async () => expected((await pool.query(text, ["doc"])).rows.map(toRecord).length, 20_001)
      },
      "emmett-postgresql": async trial => {
        const store = trial.emmett()
        const name = `${trial.schema}-doc`
        await each(40, () =>
          store.appendToStream(
            name,
            Array.from({ length: 500 }, () => event()),
          ),
        )
        return async () => {
          const { events } = await store.readStream<ReturnType<typeof event>>(name)
          return expected(events.map(({ data }) => new Uint8Array(Buffer.from(data.data, "base64"))).length, 20_000)
        }
      },
    },
    targets: [{ driver: "holdfast", against: ["raw"], atLeast: 0.7 }],
    settings: { records: 20_000, bytes: 200 },
  }),
  rates({
    name: "postgres-current-meta",
    title: "Postgres, 100 currentMeta at once, against a prepared SELECT each on a pool of 10",
    unit: "calls/s",
    drivers: {
      holdfast: async trial => {
        const store = await trial.documents(HUNDRED)
        return () => atOnce(HUNDRED, id => store.currentMeta(id))
      },
      raw: async trial => {
        const pool = trial.pool()
        await trial.documents(HUNDRED, pool)
        const query = { name: "meta", text: "SELECT data FROM holdfast_meta WHERE doc_id = $1" }
        return () =>
          atOnce(HUNDRED, async id => JSON.parse((await pool.query({ ...query, values: [id] })).rows[0].data))
      },
    },
    targets: [{ driver: "holdfast", against: ["raw"], atLeast: 4 }],
    minRepetitions: 7,
    settings: { documents: 100 },
  }),
  rates({
    name: "postgres-hydrate",
    title: "Postgres, 1000 documents of 10 records loaded at once, against a query each on a pool of 10",
    unit: "documents/s",
    drivers: {
      holdfast: async trial => {
        const store = await smallDocuments(trial)
        return () => atOnce(ids(1000), id => count(store.loadAll(id), 11))
      },
      raw: async trial => {
        await smallDocuments(trial)
        const pool = trial.pool()
        const text =
          "SELECT kind, version, lineage, payload, blob FROM holdfast_records WHERE doc = (SELECT doc FROM holdfast_meta WHERE doc_id = $1) ORDER BY seq"
        return () =>
          atOnce(ids(1000), async id => expected((await pool.query(text, [id])).rows.map(toRecord).length, 11))
      },
    },
    targets: [{ driver: "holdfast", against: ["raw"], atLeast: 4 }],
    minRepetitions: 7,
    settings: { documents: 1000, records: 10, bytes: 200 },
  }),
  onServer({
    name: "postgres-large-record",
    title: "Postgres, a record of 64 MiB, once in a fresh process",
    unit: "ms",
    better: "less",
    drivers: ["holdfast"],
    trial: async place => {
      const { stored, loaded } = await largeRecord(place)
      return { stored, loaded }
    },
    targets: [
      { driver: "holdfast: stored", atMost: 2000 },
      { driver: "holdfast: loaded", atMost: 2000 },
    ],
    settings: { bytes: 64 * 1024 * 1024 },
  }),
  onServer({
    name: "postgres-large-record-memory",
    title:
      "Postgres, memory that storing and loading a record of 64 MiB takes beyond the record itself and what was there",
    unit: "MiB",
    better: "less",
    drivers: ["holdfast"],
    trial: async place => (await largeRecord(place)).memory,
    targets: [{ driver: "holdfast", atMost: 300 }],
    settings: { bytes: 64 * 1024 * 1024 },
  }),
]

interface Rates {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly drivers: Readonly<Record<string, Driver>>
  readonly targets: readonly Target[]
  readonly duration?: Duration
  readonly minRepetitions?: number
  readonly settings: Readonly<Record<string, unknown>>
}

function rates({ drivers, duration = DURATION, ...scenario }: Rates): Scenario {
  return onServer({
    ...scenario,
    better: "more",
    inTurns: true,
    drivers: Object.keys(drivers),
    trial: async (trial, driver) => rate(await (drivers[driver] as Driver)(trial), duration),
  })
}

interface OnServer extends Omit<Scenario, "trial"> {
  trial(trial: PostgresTrial, driver: string): Promise<TrialResult>
}

function onServer(scenario: OnServer): Scenario {
  let server: PostgresServer | null = null
  return {
    ...scenario,
    async prepare(shared) {
      server = await startPostgres()
      writeFileSync(urlFile(shared), server.url)
    },
    async cleanUp() {
      await server?.stop()
    },
    async trial(driver, { shared }) {
      const trial = await PostgresTrial.start(shared)
      const result = await scenario.trial(trial, driver)
      await trial.end()
      return result
    },
  }
}

async function appends(trial: PostgresTrial, prepared: boolean): Promise<Step> {
  const store = await trial.store(trial.pool(), prepared)
  await store.append("doc", META)
  return () => each(20, () => store.append("doc", RECORD))
}

async function inserts(trial: PostgresTrial, prepared: boolean): Promise<Step> {
  const pool = trial.pool(1)
  await createPlainTable(pool)
  const client = await pool.connect()
  client.release()
  const text = "INSERT INTO plain VALUES ($1, $2, $3, $4, $5, $6, $7)"
  let seq = 0
  return () =>
    each(20, () => {
      const values = [1, ++seq, 4, VERSION, null, null, Buffer.from(PAYLOAD)]
      return client.query(prepared ? { name: "plain", text, values } : { text, values })
    })
}

async function insertsOfArrays(trial: PostgresTrial): Promise<Step> {
  const pool = trial.pool(1)
  await createPlainTable(pool)
  const text =
    "INSERT INTO plain SELECT doc, $2, 4, version, NULL, NULL, blob FROM unnest($1::bigint[], $3::text[], $4::bytea[]) AS r(doc, version, blob)"
  const docs = HUNDRED.map((_, i) => i)
  let seq = 0
  return async () => {
    const values = [docs, ++seq, docs.map(() => VERSION), docs.map(() => Buffer.from(PAYLOAD))]
    await pool.query(text, values)
    return docs.length
  }
}

async function smallDocuments(trial: PostgresTrial) {
  const store = await trial.store()
  const records: StoreRecord[] = [META, ...Array.from({ length: 10 }, () => RECORD)]
  await Promise.all(ids(1000).map(id => store.replace(id, records)))
  return store
}

function longDocument(): StoreRecord[] {
  return [META, ...Array.from({ length: 20_000 }, () => RECORD)]
}

async function largeRecord(trial: PostgresTrial) {
  const store = await trial.documents(["doc"])
  const data = new Uint8Array(64 * 1024 * 1024).map((_, i) => i)
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 5)
  const began = performance.now()
  await store.append("doc", entry(data, VERSION))
  const stored = performance.now() - began
  await count(store.loadAll("doc"), 2)
  const loaded = performance.now() - began - stored
  clearInterval(timer)
  return { stored, loaded, memory: (most - before) / 1024 / 1024 }
}

function ids(length: number): string[] {
  return Array.from({ length }, (_, i) => `document ${i}`)
}

async function atOnce(documents: readonly string[], work: (id: string) => Promise<unknown>): Promise<number> {
  await Promise.all(documents.map(work))
  return documents.length
}

async function count(records: AsyncIterable<unknown>, least: number): Promise<number> {
  let found = 0
  for await (const _ of records) found++
  return expected(found, least)
}

function expected(found: number, expected: number): number {
  if (found !== expected) throw new Error(`${found} records instead of ${expected}`)
  return found
}
