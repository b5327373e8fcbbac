type Parameter = null | string | number | bigint | Uint8Array

/** The shape of `SqliteAdapter` of `@holdfast/sqlite-store`. */
export interface AdapterUnderCheck {
  exec(sql: string, ...params: Parameter[]): void
  iterate<T>(sql: string, ...params: Parameter[]): Iterable<T>
  transaction<R>(fn: () => R): R
  close(): void
  readonly inTransaction?: boolean | undefined
}

export interface AdapterCheck {
  readonly name: string
  /** What to do about a problem. */
  readonly remedy: string
  /** Throws an error that says what is wrong. */
  run(adapter: AdapterUnderCheck): void
}

export const INSERT = "INSERT INTO holdfast_check (n, s, b) VALUES (?, ?, ?)"
export const SELECT = "SELECT n, s, b FROM holdfast_check ORDER BY id"

export interface Row {
  readonly n: unknown
  readonly s: unknown
  readonly b: unknown
}

/** An empty table, made by single statements without parameters. */
export function createTable(adapter: AdapterUnderCheck): void {
  adapter.exec("DROP TABLE IF EXISTS holdfast_check_other")
  adapter.exec("DROP TABLE IF EXISTS holdfast_check")
  adapter.exec(`CREATE TABLE holdfast_check (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  n INTEGER, -- a comment; with 'a quote
  s TEXT UNIQUE,
  b BLOB
)`)
}

export function fill(adapter: AdapterUnderCheck, count: number): void {
  createTable(adapter)
  for (let n = 1; n <= count; n++) adapter.exec(INSERT, n, `row ${n}`, null)
}

/** All rows. Integers as numbers even where the adapter gives bigints, so that only the check about integers minds. */
export function rows<T extends object = Row>(adapter: AdapterUnderCheck, sql = SELECT, ...params: Parameter[]): T[] {
  return Array.from(adapter.iterate<T>(sql, ...params), row => {
    const plain = Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value])
    return Object.fromEntries(plain) as T
  })
}

export function numbers(adapter: AdapterUnderCheck): unknown[] {
  return rows(adapter).map(row => row.n)
}

const PROMISE = "a promise was returned, so nothing is known of a failure yet"

/** What was thrown, if anything. */
export function thrown(run: () => unknown): unknown {
  try {
    const result = run()
    if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return undefined
    void Promise.resolve(result).catch(() => {})
    return PROMISE
  } catch (error) {
    return error
  }
}

/** Throws what `run` throws, or what is wrong with how it fails. */
export function passOn(run: () => unknown): void {
  const error = thrown(run)
  if (error !== undefined) throw error
}
