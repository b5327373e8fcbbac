import { readFileSync } from "node:fs"
import { join } from "node:path"
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql"
import { createPostgresStore, fromPool, type PostgresStore } from "@holdfast/postgres-store"
import pg from "pg"
import { META } from "./holdfast.js"

export const PAYLOAD = new Uint8Array(200).fill(7)
export const VERSION = "00000001"

/** Where the scenarios' server is: in a file of the directory that the trials share. */
export function urlFile(shared: string): string {
  return join(shared, "url")
}

/** What a trial has of the server: a schema of its own, pools and stores, all gone afterwards. */
export class PostgresTrial {
  readonly url: string
  readonly schema = `trial_${process.pid}`
  private readonly ends: (() => Promise<unknown>)[] = []

  static async start(shared: string): Promise<PostgresTrial> {
    const trial = new PostgresTrial(readFileSync(urlFile(shared), "utf8"))
    await trial.pool(1).query(`CREATE SCHEMA ${trial.schema}`)
    return trial
  }

  private constructor(url: string) {
    this.url = url
  }

  pool(max = 10): pg.Pool {
    // A trial that takes turns lasts longer than the time after which a pool closes what it takes for idle.
    const options = { idleTimeoutMillis: 0, options: `-c search_path=${this.schema}` }
    const pool = new pg.Pool({ connectionString: this.url, max, ...options })
    // A connection that is still closing when the server stops says so.
    pool.on("error", () => {})
    this.ends.push(() => pool.end())
    return pool
  }

  store(pool = this.pool(), preparedStatements = false): Promise<PostgresStore> {
    const { schema } = this
    return createPostgresStore(fromPool(pool, { preparedStatements }), { createTables: true, schema })
  }

  /** A store with documents that have metadata and nothing else. */
  async documents(ids: readonly string[], pool?: pg.Pool): Promise<PostgresStore> {
    const store = await this.store(pool)
    await Promise.all(ids.map(id => store.append(id, META)))
    return store
  }

  /** An event store as one would use it for documents: a stream each, an event for each record. */
  emmett() {
    const store = getPostgreSQLEventStore(this.url)
    this.ends.push(() => store.close())
    return store
  }

  async end(): Promise<void> {
    await this.pool(1).query(`DROP SCHEMA ${this.schema} CASCADE`)
    await Promise.all(this.ends.map(end => end()))
  }
}

/** Bytes have to be text in its events. */
export function event(data: Uint8Array = PAYLOAD) {
  return { type: "entry", data: { version: VERSION, data: Buffer.from(data).toString("base64") } }
}

export async function createPlainTable(client: pg.Pool): Promise<void> {
  await client.query(
    "CREATE TABLE plain (doc bigint, seq bigint, kind smallint, version text, lineage text, payload text, blob bytea, PRIMARY KEY (doc, seq))",
  )
}

/** A record of a row, as one would make it by hand. */
export function toRecord(row: {
  readonly kind: number
  readonly version: string
  readonly payload: string
  readonly blob: Buffer | null
}) {
  if (row.kind <= 2) return { kind: "meta", meta: JSON.parse(row.payload) }
  const kind = row.kind === 3 ? "entirety" : "since"
  const encoding = row.blob === null ? "json" : "binary"
  const payload = { kind, encoding, data: row.blob === null ? row.payload : new Uint8Array(row.blob) }
  return { kind: "entry", payload, version: row.version }
}

/** The usual way to append without a store: look the document up, look for its last record, insert, in a transaction. */
export async function appendNaively(pool: pg.Pool, id: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    const { rows: documents } = await client.query("SELECT doc, data FROM holdfast_meta WHERE doc_id = $1 FOR UPDATE", [
      id,
    ])
    const { doc } = documents[0]
    const { rows: last } = await client.query("SELECT max(seq) AS seq FROM holdfast_records WHERE doc = $1", [doc])
    const text = "INSERT INTO holdfast_records (doc, seq, kind, version, blob) VALUES ($1, $2, 4, $3, $4)"
    await client.query(text, [doc, Number(last[0].seq) + 1, VERSION, Buffer.from(PAYLOAD)])
    await client.query("COMMIT")
  } finally {
    client.release()
  }
}
