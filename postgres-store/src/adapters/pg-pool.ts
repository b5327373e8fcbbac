import { checkOptions, hasMethods, StoreError } from "@holdfast/store-core"
import { soon } from "../batch.js"
import { BACKEND, isBroken } from "../errors.js"
import { ADAPTER_OPTIONS, type PgAdapter, type PgAdapterOptions, type PgSession } from "../pg-adapter.js"
import { hearPoolErrors } from "./errors-heard.js"
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
  /** How many calls of `connect` wait for a client. */
  readonly waitingCount?: number
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "connect", listener: (client: PgPoolClient) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
  off(event: "connect", listener: (client: PgPoolClient) => void): unknown
}

/**
 * An adapter for a `Pool` of `pg`, which the caller keeps: closing the store leaves it open. While the store is open the
 * pool has an `error` and a `connect` listener. A client goes back to the pool when its work is done and the code that waited for
 * that has not asked for more, or at once where somebody waits for it.
 */
export function fromPool(pool: PgPool, options: PgAdapterOptions = {}): PgAdapter {
  if (!hasMethods(pool, "connect", "on", "off") || hasMethods(pool, "getTransactionStatus")) {
    throw new TypeError("fromPool: this is not a Pool of pg. A connected Client goes to fromClient.")
  }
  const { preparedStatements } = checkOptions("fromPool", options, ADAPTER_OPTIONS)
  const clients = new HeldClients(pool, preparedStatements === true)
  const deafen = hearPoolErrors(pool)
  return {
    reconnects: true,
    answersLater: true,
    run: work => clients.run(work),
    close: async () => {
      clients.releaseAll()
      deafen()
    },
  }
}

/**
 * When the code that waited for an answer has run and has asked for what it asks for next. A turn of the event loop later, which
 * it is elsewhere, a loop of appends takes a hundredth longer.
 */
const { process } = globalThis as { process?: { nextTick?(run: () => void): void } }
const whenIdle: (run: () => void) => unknown = process?.nextTick ?? soon

/** How often a client is used before it goes back to the pool. */
const MOST_USES = 100

interface HeldClient {
  readonly client: PgPoolClient
  readonly session: PgSession
  readonly lost: () => void
  broken: boolean
  uses: number
}

/**
 * The clients that the pool gave. One whose work is done is kept until the code that waited for it has run, so that a
 * program that awaits one append after another does not have the pool take it back and give it out again each time.
 */
class HeldClients {
  private readonly pool: PgPool
  private readonly prepares: boolean
  private readonly kept: HeldClient[] = []
  private scheduled = false

  constructor(pool: PgPool, prepares: boolean) {
    this.pool = pool
    this.prepares = prepares
  }

  async run<T>(work: (session: PgSession) => Promise<T>): Promise<T> {
    const held = this.takeKept() ?? (await this.connect())
    try {
      return await work(held.session)
    } catch (error) {
      held.broken ||= isBroken(error)
      throw error
    } finally {
      this.keep(held)
    }
  }

  releaseAll(): void {
    for (const held of this.kept.splice(0)) release(held)
  }

  private takeKept(): HeldClient | undefined {
    const held = this.kept.pop()
    if (held?.broken !== true) return held
    release(held)
    return this.takeKept()
  }

  private async connect(): Promise<HeldClient> {
    const client = await this.pool.connect()
    const held: HeldClient = {
      client,
      session: clientSession(client as PgClient, this.prepares, false),
      broken: false,
      uses: 0,
      lost: () => {
        held.broken = true
      },
    }
    client.on("error", held.lost)
    try {
      refuseTransaction(client)
    } catch (error) {
      release(held)
      throw error
    }
    return held
  }

  /** Not when somebody waits for it. And not for ever, because the pool may limit how long a connection is used. */
  private keep(held: HeldClient): void {
    if (held.broken || ++held.uses >= MOST_USES || this.pool.waitingCount !== 0) {
      release(held)
      return
    }
    this.kept.push(held)
    if (this.scheduled) return
    this.scheduled = true
    whenIdle(() => {
      this.scheduled = false
      this.releaseAll()
    })
  }
}

/** Whatever is wrong with the pool, or with a listener of the application, changes nothing about what was stored. */
function release({ client, lost, broken }: HeldClient): void {
  client.off("error", lost)
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
