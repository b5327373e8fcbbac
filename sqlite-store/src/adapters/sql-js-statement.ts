type Value = null | string | number | Uint8Array

/** The part of a sql.js `Database` that is used. */
export interface SqlJsDatabase {
  prepare(sql: string): SqlJsStatement
  exec(sql: string): unknown
  close(): void
}

export interface SqlJsStatement {
  bind(params: Value[]): boolean
  step(): boolean
  get(): Value[]
  getColumnNames(): string[]
  /** Not in the type declarations of sql.js, but in every release. */
  getBlob?(column: number): Uint8Array
  reset(): void
  free(): boolean
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * The row a statement has stepped to, as an object. Text is decoded here: sql.js drops a byte order mark (U+FEFF) at the
 * start of a text, which would make two ids one.
 */
export function readSqlJsRow(statement: SqlJsStatement): object {
  const names = statement.getColumnNames()
  const values = statement.get().map((value, column) => {
    if (typeof value !== "string" || statement.getBlob === undefined) return value
    return decoder.decode(statement.getBlob(column))
  })
  return Object.fromEntries(names.map((name, column) => [name, values[column]]))
}

/** Prepares a statement; of a closed database sql.js would say "out of memory". */
export function prepareSqlJs(db: SqlJsDatabase, sql: string): SqlJsStatement {
  try {
    return db.prepare(sql)
  } catch (error) {
    if (isClosed(db)) throw new Error("The database was closed", { cause: error })
    throw error
  }
}

function isClosed(db: SqlJsDatabase): boolean {
  try {
    db.exec("")
    return false
  } catch {
    return true
  }
}
