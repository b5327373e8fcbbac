import { ofPrisma } from "./errors.js"

/**
 * What the store uses of a `PrismaClient`, or of the client inside `$transaction(async tx => …)`. Any generated client
 * fits, of whatever major, extended or not.
 */
export interface PrismaClientLike {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>
  $executeRawUnsafe(query: string, ...values: unknown[]): PromiseLike<number>
  $transaction?(
    statements: PromiseLike<unknown>[],
    options?: { maxWait?: number; timeout?: number },
  ): PromiseLike<unknown>
}

/** A value a statement takes. */
export type Parameter = string | number | Uint8Array | null

export interface Statement {
  readonly sql: string
  readonly parameters: readonly Parameter[]
}

/** A row by column name, as Prisma gives it. */
export type ResultRow = Readonly<Record<string, unknown>>

/**
 * Whether the client is that of an interactive transaction. Newer ones have a `$transaction` of their own, so that is no
 * sign; none can be connected.
 */
export function isInTransaction(client: PrismaClientLike): boolean {
  return typeof (client as { $connect?: unknown }).$connect !== "function"
}

export async function query(client: PrismaClientLike, sql: string, parameters: readonly Parameter[]) {
  try {
    return asRows(await client.$queryRawUnsafe(sql, ...parameters))
  } catch (error) {
    throw ofPrisma(error)
  }
}

export async function execute(
  client: PrismaClientLike,
  sql: string,
  parameters: readonly Parameter[],
): Promise<number> {
  try {
    return await client.$executeRawUnsafe(sql, ...parameters)
  } catch (error) {
    throw ofPrisma(error)
  }
}

export function asRows(result: unknown): readonly ResultRow[] {
  return Array.isArray(result) ? result : []
}
