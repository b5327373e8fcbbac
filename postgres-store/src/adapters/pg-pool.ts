import { checkOptions, hasMethods, StoreError } from "@holdfast/store-core"
import { BACKEND, isBroken } from "../errors.js"
import { ADAPTER_OPTIONS, type PgAdapter, type PgAdapterOptions, type PgSession } from "../pg-adapter.js"
import { hearErrors } from "./errors-heard.js"
import { clientSession, type PgClient } from "./pg-client.js"

/** What the store uses of a client that a `Pool` of `pg` gave it. */
export interface PgPoolClient extends Omit<PgClient, "getTransactionStatus"> {
  getTransactionStatus?(): string | null
  /** With `true` or an error the connection is closed instead of being used again. */
  release(destroy?: boolean | Error): void
}

/** What the store uses of a `Pool` of `pg`. */
export interface PgPool {
  connect(): Promise<PgPoolClient>
  on(event: "error", listener: (error: Error) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
}

/**
 * An adapter for a `Pool` of `pg`, which the caller keeps: closing the store leaves it open. While the store is open the
 * pool has an `error` listener.
 */
export function fromPool(pool: PgPool, options: PgAdapterOptions = {}): PgAdapter {
  if (!hasMethods(pool, "connect", "on", "off") || hasMethods(pool, "getTransactionStatus")) {
    throw new TypeError("fromPool: this is not a Pool of pg. A connected Client goes to fromClient.")
  }
  const { preparedStatements } = checkOptions("fromPool", options, ADAPTER_OPTIONS)
  const deafen = hearErrors(pool)
  return {
    reconnects: true,
    run: work => runOnPool(pool, preparedStatements === true, work),
    close: async () => deafen(),
  }
}

async function runOnPool<T>(pool: PgPool, prepared: boolean, work: (session: PgSession) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken = false
  const lost = () => {
    broken = true
  }
  client.on("error", lost)
  try {
    refuseTransaction(client)
    return await work(clientSession(client as PgClient, prepared, false))
  } catch (error) {
    broken ||= isBroken(error)
    throw error
  } finally {
    client.off("error", lost)
    giveBack(client, broken)
  }
}

/** Whatever is wrong with the pool, or with a listener of the application, changes nothing about what was stored. */
function giveBack(client: PgPoolClient, broken: boolean): void {
  try {
    client.release(broken)
  } catch {
    // The next call that needs a connection meets the pool as it is.
  }
}

/** Whoever gave the client back inside a transaction would roll back, or commit, what the store acknowledged. */
function refuseTransaction(client: PgPoolClient): void {
  const status = client.getTransactionStatus?.() ?? "I"
  if (status === "I") return
  const message =
    "The pool gave a connection inside a transaction that the store did not begin. End every transaction before releasing its client."
  throw new StoreError("STORE_IN_TRANSACTION", message, { backend: BACKEND })
}
