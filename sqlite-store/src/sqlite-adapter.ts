/** A value a statement takes. */
export type SqliteParameter = null | string | number | bigint | Uint8Array

/**
 * What the store needs of a SQLite binding: four synchronous methods, and a flag where the driver has one. Any object
 * with them works; `checkSqliteAdapter` of `@holdfast/testing` tells what is wrong with one.
 *
 * Statements come from a small fixed set, so a binding should keep each prepared: preparing one per call halves the rate.
 */
export interface SqliteAdapter {
  /**
   * Runs one statement whose rows, if any, nobody wants. Parameters are `?`, by position. Bytes may be a view into a larger
   * buffer that has other documents' bytes too: bind the view, and neither keep nor transfer its buffer.
   */
  exec(sql: string, ...params: SqliteParameter[]): void

  /**
   * The rows of one statement, as objects by column name. Columns that are read by name are named with `AS`, so an adapter may
   * keep the names with the statement. May read the rows all at once or one by one; two calls must not disturb each other,
   * also with the same text. Integers are numbers (bigint where they do not fit), blobs
   * `Uint8Array` or `ArrayBuffer`.
   */
  iterate<T>(sql: string, ...params: SqliteParameter[]): Iterable<T>

  /**
   * Runs `fn`, once, in a write transaction (`BEGIN IMMEDIATE`) and returns what it returns. When `fn` or the commit throws, the
   * transaction is rolled back and the first error thrown on; a failing rollback must not replace it.
   */
  transaction<R>(fn: () => R): R

  /** Closes the connection, unless it was lent to the store. May be called again. */
  close(): void

  /**
   * Whether the connection is inside a transaction now. With it the store notices a transaction of the host without a
   * statement, and need not read what it wrote last; without it every write opens a transaction and reads first.
   */
  readonly inTransaction?: boolean | undefined

  /**
   * Whether a statement run outside a transaction is committed when `exec` returns. SQLite does not commit it while
   * another statement of the connection that writes is unfinished, so this holds where the driver refuses to run the two
   * together, or where nobody else uses the connection. Then a lone record is written without opening a transaction.
   */
  readonly commitsAlone?: boolean | undefined

  /**
   * Whether nobody but the store uses the connection, so that only other connections and triggers change anything behind its
   * back, of which SQLite tells. Then rows of large groups need not prove one by one that nobody has, and writes do not ask
   * for a transaction of somebody else's: a lone record written in one would be acknowledged before it is committed.
   */
  readonly exclusive?: boolean | undefined
}

/** Who closes the connection an adapter was made of. */
export interface AdapterOptions {
  /** The caller keeps the connection: closing the store leaves it open. Default false: it is closed with the store. */
  readonly lent?: boolean
}

export interface SharedAdapterOptions extends AdapterOptions {
  /**
   * Nobody but the store uses the connection, `transact` aside, which makes some writes quicker. Default false. If it is not
   * true, a record written inside a transaction of yours is acknowledged and goes with your rollback.
   */
  readonly exclusive?: boolean
}
