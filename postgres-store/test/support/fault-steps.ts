import { Socket } from "node:net"
import pg from "pg"
import { writeSoakReport } from "../../../scripts/soak-report.mjs"
import type { Pglite, PgliteQueryOptions, PgQuery } from "../../src/index.js"

/**
 * How a call to the driver fails:
 * - `refused`: the server answers it with an error; nothing was done
 * - `refused twice`: so is the next, so that what is done about the first failure fails too
 * - `serialization`: the server refuses it so that it is to be tried again
 * - `lost`: the connection is lost before the server has it
 * - `answer lost`: the connection is lost when the server has done it
 */
export type Mode = "refused" | "refused twice" | "serialization" | "lost" | "answer lost"

export const isLoss = (mode: Mode): boolean => mode === "lost" || mode === "answer lost"

/** A statement that the server refuses, the first or the second. In a transaction the transaction fails with it. */
function refusal(mode: Mode, strike: number): string {
  const state = mode === "serialization" ? "40001" : "58030"
  return `DO $$ BEGIN RAISE EXCEPTION 'the disk is on fire, ${strike}' USING ERRCODE = '${state}'; END $$`
}

/** How many calls of this test file failed, for the report of `npm run soak`. */
let injected = 0

/** The calls a store makes to its driver, one of which fails. */
export class Steps {
  /** The texts of the calls that failed. */
  struck: string[] = []
  private at = 0
  private mode: Mode = "refused"

  arm(call: number, mode: Mode): void {
    Object.assign(this, { at: call, mode, struck: [] })
  }

  disarm(): void {
    this.at = 0
  }

  /** To be asked at every call: how it fails, or null. */
  next(text: string): Mode | null {
    if (this.at === 0 || --this.at > 0) return null
    this.struck.push(text)
    injected++
    if (this.mode === "refused twice" && this.struck.length === 1) this.at = 1
    return this.mode
  }
}

/** A client of `pg` whose every statement is a step. */
export function watchClient<C extends pg.ClientBase>(client: C, steps: Steps): C {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<{ rows: unknown[] }>
  const { stream } = (client as unknown as { connection: pg.Connection }).connection
  const faulty = (wanted: PgQuery, ...more: unknown[]) => {
    const mode = steps.next(wanted.text)
    if (mode === "lost") stream.destroy()
    if (mode === "answer lost") loseAnswer(stream as Socket)
    if (mode === null || isLoss(mode)) return query(wanted, ...more)
    const { rowMode, types } = wanted
    return query({ text: refusal(mode, steps.struck.length), rowMode, types })
  }
  return Object.assign(client, { query: faulty })
}

/** The driver hears nothing any more, and loses the connection when the server has said that it is ready again. */
function loseAnswer(socket: Socket): void {
  const ready = Buffer.from([0x5a, 0, 0, 0, 5])
  socket.removeAllListeners("data")
  socket.on("data", (data: Buffer) => {
    if (data.subarray(-6, -1).equals(ready)) socket.destroy()
  })
}

export const CONNECT = "connect"

/** A pool whose connections and statements are steps, and the clients it has made. */
export function watchPool(config: pg.PoolConfig, steps: Steps) {
  const clients: pg.PoolClient[] = []
  const stream = () => {
    const socket = new Socket()
    // The address is asked for when the pool has begun to wait for the connection.
    if (steps.next(CONNECT) !== null) socket.connect = () => refuseConnection(socket)
    return socket
  }
  const pool = new pg.Pool({ ...config, stream, idleTimeoutMillis: 0 })
  pool.on("connect", client => {
    clients.push(client)
    watchClient(client, steps)
  })
  return { pool, clients }
}

/** Connections are still closing when `end` has resolved, and may hear that the server ends them. */
export async function endPool(pool: pg.Pool): Promise<void> {
  pool.on("error", () => {})
  await pool.end()
}

function refuseConnection(socket: Socket): Socket {
  const error = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
  process.nextTick(() => socket.destroy(error))
  return socket
}

/** PGlite, or its `tx`, whose every call is a step. It has no connection to lose: instead its code breaks off. */
export function watchPglite(db: Pglite, steps: Steps): Pglite {
  const run = async <T>(text: string, work: (text: string) => Promise<T>): Promise<T> => {
    const mode = steps.next(text)
    if (mode === "lost") throw brokeOff()
    if (mode === null || mode === "answer lost") {
      const result = await work(text)
      if (mode === "answer lost") throw brokeOff()
      return result
    }
    return work(refusal(mode, steps.struck.length))
  }
  const query = (wanted: string, params?: unknown[], options?: PgliteQueryOptions) =>
    run(wanted, text => db.query(text, text === wanted ? params : [], options))
  const exec = (wanted: string) => run(wanted, text => db.exec(text))
  return "transaction" in db ? { query, exec, transaction: true } : { query, exec }
}

function brokeOff(): Error {
  return Object.assign(new Error("unreachable"), { name: "RuntimeError" })
}

/** Runs `check` with a fault at call 1, 2, 3 … until none struck; returns how many did. */
export async function untilNone(check: (at: number) => Promise<boolean>): Promise<number> {
  for (let at = 1; ; at++) if (!(await check(at))) return at - 1
}

/** How many timers the process has. */
export function timers(): number {
  return process.getActiveResourcesInfo().filter(kind => kind === "Timeout").length
}

/** Resolves when the process has no more timers than `most`; those of a store would not end by themselves that soon. */
export async function timersDown(most: number): Promise<boolean> {
  for (let turn = 0; turn < 100; turn++) {
    if (timers() <= most) return true
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  return false
}

/** With `HOLDFAST_FAULTS=all` in the environment every operation is tried everywhere, and a report is written at the end. */
export const TRIES_ALL = process.env.HOLDFAST_FAULTS === "all"

export function reportFaults(name: string, driver: string): void {
  if (!TRIES_ALL) return
  writeSoakReport({
    name,
    what: `Every call that an operation makes to ${driver} fails, one after the other: refused, refused twice, lost, its answer lost.`,
    figures: { "faults injected": injected, "lost, torn or leaked": 0 },
    seed: null,
    repeat: "HOLDFAST_FAULTS=all npm run soak:faults -w @holdfast/postgres-store",
    seconds: Math.round(performance.now() / 1000),
  })
}
