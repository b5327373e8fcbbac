import { checkOptions, hasMethods, StoreError } from "@holdfast/store-core"
import { BACKEND } from "../errors.js"
import {
  ADAPTER_OPTIONS,
  type PgAdapter,
  type PgAdapterOptions,
  type PgConnection,
  type PgParameter,
  type PgRow,
  type PgSession,
} from "../pg-adapter.js"
import { hearErrors } from "./errors-heard.js"
import { runInSavepoint } from "./savepoint.js"
import { Turns } from "./turns.js"

/** What the store hands to `query`: no row is parsed by the client's own type parsers. */
export interface PgQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly name?: string
  readonly rowMode?: "array"
  readonly binary?: boolean
  readonly types?: { getTypeParser(): (value: unknown) => string }
}

/** What a query brings. */
export interface PgResult {
  readonly rows: unknown[]
  readonly rowCount: number | null
}

/** What the store uses of a `Client` of `pg`. */
export interface PgClient {
  /** Calls back once, or returns a promise as a wrapper may that knows no callbacks. */
  query(query: PgQuery, callback: (error: Error, result: PgResult) => void): unknown
  on(event: "error", listener: (error: Error) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
  /** `"I"` outside a transaction, `"T"` inside, `"E"` inside one that has failed, null before it is connected. */
  getTransactionStatus(): string | null
  /** The server's process behind the connection. */
  readonly processID?: number | null
}

/** The calls of all stores on one client take turns: one inside another's savepoint would be rolled back with it. */
const turns = new WeakMap<PgClient, Turns>()

/**
 * An adapter for one connected `Client` of `pg`, which the caller keeps: closing the store leaves it open. Inside a
 * transaction of the caller the store joins it. While the store is open the client has an `error` listener.
 *
 * @throws TypeError when this is no client of pg, or is not connected yet.
 */
export function fromClient(client: PgClient, options: PgAdapterOptions = {}): PgAdapter {
  if (!hasMethods(client, "getTransactionStatus", "query", "on", "off")) {
    throw new TypeError("fromClient: this is not a connected Client of pg 8.16 or later. A pool goes to fromPool.")
  }
  if (client.getTransactionStatus() === null) {
    throw new TypeError(
      "fromClient: this client is not connected; its queries would wait for ever. Await client.connect() first.",
    )
  }
  const { preparedStatements } = checkOptions("fromClient", options, ADAPTER_OPTIONS)
  const queue = turns.get(client) ?? new Turns()
  turns.set(client, queue)
  const deafen = hearErrors(client)
  return {
    reconnects: false,
    run: work => queue.take(() => runOnClient(client, preparedStatements === true, work)),
    close: async () => deafen(),
  }
}

async function runOnClient<T>(
  client: PgClient,
  prepared: boolean,
  work: (session: PgSession) => Promise<T>,
): Promise<T> {
  const status = client.getTransactionStatus()
  if (status === "E") throw failedTransaction()
  const session = clientSession(client, prepared, status === "T")
  return session.inHostTransaction ? runInSavepoint(session, work) : work(session)
}

function failedTransaction(): StoreError {
  const message = "The transaction on this connection has failed. Roll it back first."
  return new StoreError("STORE_IN_TRANSACTION", message, { backend: BACKEND })
}

export function clientSession(client: PgClient, prepared: boolean, inHostTransaction: boolean): PgSession {
  const run = (text: string, values: unknown[], result: typeof BINARY_ROWS | null) =>
    ask(client, prepared ? { text, values, name: nameOf(text), ...result } : { text, values, ...result })
  return {
    inHostTransaction,
    connection: connectionOf(client),
    query: async (text, params) => (await run(text, params as PgParameter[], BINARY_ROWS)).rows as PgRow[],
    execute: async (text, params) => (await run(text, params as PgParameter[], null)).rowCount ?? 0,
    script: async text => void (await ask(client, { text, ...ROWS })),
  }
}

/**
 * By callback: what pg makes for its own promise keeps the rows from the collections of young objects, so that all that was
 * ever read would wait for one of the whole heap.
 */
function ask(client: PgClient, query: PgQuery): Promise<PgResult> {
  return new Promise((resolve, reject) => {
    const answer = client.query(query, (error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
    // Of a wrapper that passes the callback on, the promise brings nothing and may be there before the answer.
    if (isPromise(answer)) answer.then(result => result != null && resolve(result), reject)
  })
}

function isPromise(value: unknown): value is Promise<PgResult | undefined> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function"
}

const connections = new WeakMap<PgClient, PgConnection>()

/** A client never connects twice. */
function connectionOf(client: PgClient): PgConnection | undefined {
  const { processID } = client
  if (typeof processID !== "number") return undefined
  const connection = connections.get(client) ?? { process: String(processID) }
  connections.set(client, connection)
  return connection
}

/**
 * Passed with every query, because an application may have replaced the parsers of the whole driver. `String`, should a
 * driver hand over bytes.
 */
const ROWS = { rowMode: "array", types: { getTypeParser: () => String } } as const

/**
 * Text in the binary form is the same bytes. But for the other one the server looks for their end, which takes some builds,
 * those made for size, as long as encoding them in base64. Not for scripts, whose protocol has no such choice.
 */
const BINARY_ROWS = { ...ROWS, binary: true } as const

const names = new Map<string, string>()

/** A name that is the same for the same text in every store and every copy of this package on one connection. */
function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined) {
    let hash = 0xcbf29ce484222325n
    for (let i = 0; i < text.length; i++)
      hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn
    name = `holdfast_${hash.toString(36)}`
    names.set(text, name)
  }
  return name
}
