import { anyBoolean, type OptionRule } from "@holdfast/store-core"

/** A value a statement takes: text, bytes (also whole arrays in Postgres's binary form) or NULL. */
export type PgParameter = string | Uint8Array | null

/** One row: every column is text, because statements cast what they select. */
export type PgRow = readonly (string | null)[]

/** Tells connections apart: each has an object of its own, whichever process it is connected to. */
export interface PgConnection {
  /** The server's process behind it, as the driver was told; a pooler in between tells anything. */
  readonly process: string
}

/** A connection that has its turn: statements run one after the other and nobody else's come in between. */
export interface PgSession {
  /**
   * Whether the connection is inside a transaction of the host. Then what runs here is in a savepoint, and is stored only
   * if the host commits.
   */
  readonly inHostTransaction: boolean
  /** Without it nothing is taken over from one call to the next. */
  readonly connection?: PgConnection | undefined
  /** Whether the server keeps the plan of each statement for as long as the connection lasts. Default false. */
  readonly prepares?: boolean | undefined
  /** Runs one statement. Outside a host's transaction it commits by itself. */
  query(text: string, params: readonly PgParameter[]): Promise<readonly PgRow[]>
  /** Runs one statement whose rows nobody reads; resolves to how many it wrote or selected. Else as `query`. */
  execute(text: string, params: readonly PgParameter[]): Promise<number>
  /** Runs several statements without parameters in one round trip: all are stored or none. */
  script(text: string): Promise<void>
}

/** Marks a statement that commits: when it loses its connection, nobody knows whether it did. */
export type Committing = <T>(statement: Promise<T>) => Promise<T>

/** What the store needs of a driver. Errors are the driver's own, or a `StoreError`. */
export interface PgAdapter {
  /** Whether a statement that lost its connection finds another one when it is tried again. */
  readonly reconnects: boolean
  /** Whether nothing succeeds in the turn of the event loop in which it is asked for, as over a socket. Default false. */
  readonly answersLater?: boolean | undefined
  /** Gives `work` a connection, and takes it back when its promise has settled. Never called from inside `work`. */
  run<T>(work: (session: PgSession) => Promise<T>): Promise<T>
  /** Releases what the adapter made; what the caller made stays open. */
  close(): Promise<void>
}

/** How an adapter runs statements. */
export interface PgAdapterOptions {
  /**
   * Whether statements are prepared on each connection, which saves planning them on every call. Not through a pooler
   * that gives every transaction another connection, unless it keeps track of prepared statements. Default false.
   */
  readonly preparedStatements?: boolean
}

/** For `checkOptions`. */
export const ADAPTER_OPTIONS: Readonly<Record<keyof PgAdapterOptions, OptionRule>> = { preparedStatements: anyBoolean }
