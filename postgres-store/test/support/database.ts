import pg from "pg"
import { afterAll, inject } from "vitest"

/** A database of a test file's own. */
export interface TestDatabase {
  readonly url: string
  readonly name: string
  /** For the test itself, as superuser. */
  readonly admin: pg.Pool
  /** A pool that ends with the file. */
  pool(config?: pg.PoolConfig): pg.Pool
  /** A connected client that ends with the file. */
  client(config?: pg.ClientConfig): Promise<pg.Client>
}

let databases = 0

/** Creates a database that is dropped after the file. `collation: "icu"`: its default order is that of English. */
export async function createDatabase(collation: "bytes" | "icu" = "bytes"): Promise<TestDatabase> {
  const server = inject("serverUrl")
  const name = `test_${process.pid}_${Date.now().toString(36)}_${++databases}`
  const locale =
    collation === "icu" ? "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'" : "LOCALE_PROVIDER libc LOCALE 'C'"
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' ${locale}`)
  const url = withDatabase(server, name)
  const ends: (() => Promise<void>)[] = []
  const pool = (config: pg.PoolConfig = {}) => {
    const made = new pg.Pool({ connectionString: url, ...config })
    // Connections left open are ended by force with the database.
    made.on("error", () => {})
    ends.push(() => (made.ended ? Promise.resolve() : made.end()))
    return made
  }
  const client = async (config: pg.ClientConfig = {}) => {
    const made = new pg.Client({ connectionString: url, ...config })
    made.on("error", () => {})
    await made.connect()
    ends.push(() => made.end())
    return made
  }
  const admin = pool()
  afterAll(async () => {
    await Promise.all(ends.map(end => end().catch(() => {})))
    await asAdmin(server, `DROP DATABASE ${name} WITH (FORCE)`)
  })
  return { url, name, admin, pool, client }
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
