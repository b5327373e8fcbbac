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
  readonly types?: { getTypeParser(): (value: string) => string }
}

/** What the store uses of a `Client` of `pg`. */
export interface PgClient {
  query(query: PgQuery): Promise<{ rows: unknown[]; rowCount: number | null }>
  on(event: "error", listener: (error: Error) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
  /** `"I"` outside a transaction, `"T"` inside, `"E"` inside one that has failed. */
  getTransactionStatus(): string | null
  /** The server's process behind the connection. */
  readonly processID?: number | null
}

/** The calls of all stores on one client take turns: one inside another's savepoint would be rolled back with it. */
const turns = new WeakMap<PgClient, Turns>()

/**
 * An adapter for one connected `Client` of `pg`, which the caller keeps: closing the store leaves it open. Inside a
 * transaction of the caller the store joins it. While the store is open the client has an `error` listener.
 */
export function fromClient(client: PgClient, options: PgAdapterOptions = {}): PgAdapter {
  if (!hasMethods(client, "getTransactionStatus", "query", "on", "off")) {
    throw new TypeError("fromClient: this is not a connected Client of pg 8.16 or later. A pool goes to fromPool.")
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
  const run = (text: string, values: unknown[], result: typeof ROWS | null) =>
    client.query(prepared ? { text, values, name: nameOf(text), ...result } : { text, values, ...result })
  return {
    inHostTransaction,
    connection: connectionOf(client),
    query: async (text, params) => (await run(text, params as PgParameter[], ROWS)).rows as PgRow[],
    execute: async (text, params) => (await run(text, params as PgParameter[], null)).rowCount ?? 0,
    script: async text => void (await client.query({ text, ...ROWS })),
  }
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

/** Passed with every query, because an application may have replaced the parsers of the whole driver. */
const ROWS = { rowMode: "array", types: { getTypeParser: () => identity } } as const

function identity(value: string): string {
  return value
}

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
