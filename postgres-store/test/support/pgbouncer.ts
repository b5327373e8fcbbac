import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { delimiter, join } from "node:path"
import { freePort } from "./server.js"

/** Where PgBouncer is installed, or null. */
export function findPgBouncer(): string | null {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]
  return directories.map(directory => join(directory, "pgbouncer")).find(path => existsSync(path)) ?? null
}

/** Starts PgBouncer in transaction mode in front of a database; returns the URL through it. */
export async function startPgBouncer(binary: string, databaseUrl: string) {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const directory = await mkdtemp(join(tmpdir(), "pgbouncer-"))
  const listen = await freePort()
  const users = join(directory, "users.txt")
  const config = join(directory, "pgbouncer.ini")
  await writeFile(users, `"${username}" "${password}"\n`)
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listen}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
`,
  )
  const isRoot = userInfo().uid === 0
  if (isRoot)
    for (const [path, mode] of [
      [directory, 0o755],
      [users, 0o644],
      [config, 0o644],
    ] as const)
      await chmod(path, mode)
  const log: string[] = []
  const bouncer = spawn(binary, [...(isRoot ? ["-u", "postgres"] : []), config], { stdio: ["ignore", "pipe", "pipe"] })
  for (const stream of [bouncer.stdout, bouncer.stderr]) stream.on("data", chunk => log.push(String(chunk)))
  const ended = new Promise<void>(resolve => bouncer.once("exit", () => resolve()))
  // A test file that fails to load runs no hooks, and the process must not outlive the run all the same.
  const kill = () => bouncer.kill("SIGTERM")
  process.once("exit", kill)
  const stop = async () => {
    process.off("exit", kill)
    kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  for (let attempt = 0; !(await accepts(listen)); attempt++) {
    if (bouncer.exitCode !== null || attempt > 100) {
      await stop()
      throw new Error(`PgBouncer did not start:\n${log.join("")}`)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return { url: `postgres://${username}:${password}@127.0.0.1:${listen}${pathname}`, stop }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, "127.0.0.1")
    const answer = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once("connect", () => answer(true))
    socket.once("error", () => answer(false))
  })
}
