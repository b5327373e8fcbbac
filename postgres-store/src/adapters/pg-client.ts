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
import { type Answer, BINARY_ROWS, type PgQuery, PgRequest, type PgResult, ROWS, takesRequests } from "./pg-request.js"
import { runInSavepoint } from "./savepoint.js"
import { Turns } from "./turns.js"

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
  /** What its queries are written to. */
  readonly connection?: unknown
  /** Whether it sends queries without waiting for the answers to those before. */
  readonly pipeline?: unknown
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
    throw new TypeError("fromClient: this is not a connected Client of pg 8.21 or later. A pool goes to fromPool.")
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
    answersLater: true,
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

export function clientSession(client: PgClient, prepares: boolean, inHostTransaction: boolean): PgSession {
  const makesRequests = takesRequests(client)
  const run = <T>(text: string, params: readonly PgParameter[], take: (result: PgResult) => T): Promise<T> => {
    const name = prepares ? nameOf(text) : undefined
    return ask(take, answer => {
      const query = makesRequests
        ? new PgRequest(text, params, name)
        : { text, values: params as PgParameter[], name, ...BINARY_ROWS }
      return client.query(query, answer)
    })
  }
  return {
    inHostTransaction,
    prepares,
    connection: connectionOf(client),
    query: (text, params) => run(text, params, ({ rows }) => rows as PgRow[]),
    execute: (text, params) => run(text, params, ({ rowCount }) => rowCount ?? 0),
    script: text =>
      ask(
        () => {},
        answer => client.query({ text, ...ROWS }, answer),
      ),
  }
}

/**
 * By callback: what pg makes for its own promise keeps the rows from the collections of young objects, so that all that was
 * ever read would wait for one of the whole heap.
 */
function ask<T>(take: (result: PgResult) => T, send: (answer: Answer) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const answered = send((error, result) => {
      if (error) reject(error)
      else resolve(take(result as PgResult))
    })
    // Of a wrapper that passes the callback on, the promise brings nothing and may be there before the answer.
    if (isPromise(answered)) answered.then(result => result != null && resolve(take(result)), reject)
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
