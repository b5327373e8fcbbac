import type { PgParameter, PgRow } from "../pg-adapter.js"

/** What the store hands to `query`: no row is parsed by the client's own type parsers. */
export interface PgQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly name?: string | undefined
  readonly rowMode?: "array"
  readonly binary?: boolean
  readonly types?: { getTypeParser(): (value: unknown) => string }
}

/** What a query brings. */
export interface PgResult {
  readonly rows: unknown[]
  readonly rowCount: number | null
}

export type Answer = (error: Error | null, result: PgResult | undefined) => void

/**
 * Passed with every query, because an application may have replaced the parsers of the whole driver. `String`, should a
 * driver hand over bytes.
 */
export const ROWS = { rowMode: "array", types: { getTypeParser: () => String } } as const

/**
 * Text in the binary form is the same bytes. But for the other one the server looks for their end, which takes some builds,
 * those made for size, as long as encoding them in base64. Not for scripts, whose protocol has no such choice.
 */
export const BINARY_ROWS = { ...ROWS, binary: true } as const

/** What a request uses of the `Connection` below a client of `pg`. */
interface Connection {
  readonly stream: { cork?(): void; uncork?(): void }
  readonly parsedStatements: Record<string, string | undefined>
  /** Those sent and not answered yet; older versions of pg do without. */
  readonly submittedNamedStatements?: Record<string, string | undefined>
  parse(statement: { readonly text: string; readonly name: string | undefined }): void
  bind(values: {
    readonly statement: string | undefined
    readonly values: readonly PgParameter[]
    readonly binary: boolean
    readonly valueMapper: (value: PgParameter) => unknown
  }): void
  execute(portal: null): void
  sync(): void
}

/**
 * A query that pg lets submit itself, as those of pg-cursor do. Pg's own copies its settings property by property, asks the
 * server to describe the result each time and tells of every row by an event: a lone append takes a tenth longer with it.
 *
 * Whoever copies the properties, as instrumentation of pg does, has a query that pg makes one of its own of.
 */
export class PgRequest implements PgQuery {
  readonly text: string
  readonly values: unknown[]
  readonly name: string | undefined
  readonly rowMode = BINARY_ROWS.rowMode
  readonly types = BINARY_ROWS.types
  readonly binary = BINARY_ROWS.binary
  /** Set by the client, which puts another one here when the query takes too long. */
  callback: Answer | undefined
  private readonly received: PgRow[] = []
  private count: number | null = null

  constructor(text: string, values: readonly PgParameter[], name: string | undefined) {
    this.text = text
    this.values = values as PgParameter[]
    this.name = name
  }

  submit(connection: Connection): void {
    const { stream } = connection
    // Else each of the messages would be a packet of its own.
    stream.cork?.()
    try {
      this.send(connection)
    } finally {
      stream.uncork?.()
    }
  }

  private send(connection: Connection): void {
    const { text, name, values, binary } = this
    if (name === undefined || !isParsed(connection, name)) {
      connection.parse({ text, name })
      if (name !== undefined && connection.submittedNamedStatements) connection.submittedNamedStatements[name] = text
    }
    try {
      connection.bind({ statement: name, values: values as PgParameter[], binary, valueMapper: asBuffer })
      connection.execute(null)
    } catch (error) {
      this.handleError(error as Error)
    } finally {
      // Without it the server answers nothing, and all that follows would wait for ever.
      connection.sync()
    }
  }

  handleDataRow({ fields }: { readonly fields: PgRow }): void {
    this.received.push(fields)
  }

  /** Such as `INSERT 0 1`, `UPDATE 1` and `CREATE TABLE`. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    const count = Number(text.slice(text.lastIndexOf(" ") + 1))
    if (!Number.isNaN(count)) this.count = count
  }

  /** Neither is asked for; pg would throw in the socket's own callback, should a proxy of the server send one. */
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    this.callback?.(null, { rows: this.received, rowCount: this.count })
  }

  handleError(error: Error): void {
    this.callback?.(error, undefined)
  }
}

/**
 * Whether the client is pg's own, in JavaScript, and nobody has put a `query` before its own: a wrapper may expect a promise, which
 * pg gives for no query that submits itself. In pipeline mode pg takes only queries of its own class.
 */
export function takesRequests(client: {
  readonly query: unknown
  readonly connection?: unknown
  readonly pipeline?: unknown
}): boolean {
  let owner: object | null = Object.getPrototypeOf(client)
  while (owner !== null && !Object.hasOwn(owner, "query")) owner = Object.getPrototypeOf(owner)
  const isOwn = owner !== null && Object.hasOwn(owner, "connect") && client.query === Reflect.get(owner, "query")
  if (!isOwn || client.pipeline === true || NodeBuffer === undefined) return false
  const { parse, bind, execute, sync, stream, parsedStatements } = (client.connection ?? {}) as Partial<Connection>
  const functions = [parse, bind, execute, sync].every(method => typeof method === "function")
  return functions && typeof stream === "object" && typeof parsedStatements === "object"
}

function isParsed({ parsedStatements, submittedNamedStatements }: Connection, name: string): boolean {
  return parsedStatements[name] !== undefined || submittedNamedStatements?.[name] !== undefined
}

const { Buffer: NodeBuffer } = globalThis as {
  Buffer?: { from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array }
}

/** Pg takes bytes for such only in Buffers. */
function asBuffer(value: PgParameter): unknown {
  if (value === null || typeof value === "string") return value
  return NodeBuffer?.from(value.buffer, value.byteOffset, value.byteLength)
}
