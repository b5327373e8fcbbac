import { asRows, isInTransaction, type PrismaClientLike, query, type ResultRow, type Statement } from "./client.js"
import { isFailedCommit, ofPrisma } from "./errors.js"
import { inSavepoint, takeTurn } from "./turns.js"

/** How the store reaches SQLite. */
export interface SqliteSession {
  readonly inHostTransaction: boolean
  /** The rows of one statement, in one look at what is committed. */
  query(statement: Statement): Promise<readonly ResultRow[]>
  /** Runs the statements in one transaction: all are stored or none. */
  write(statements: readonly Statement[]): Promise<void>
}

/**
 * A batch is a transaction whose statements are all known beforehand, so it is over as soon as they are done; the limit is
 * for a machine that is very slow, since Prisma's of 5 seconds may be short for 64 MiB.
 */
const LIMITS = { timeout: 120_000 }

const NOTHING = "SELECT 1"

export function sqliteSession(client: PrismaClientLike): SqliteSession {
  return isInTransaction(client) ? joiningSession(client) : ownSession(client)
}

/**
 * The client has one connection for everything. What runs outside a transaction runs in whichever one the program has open
 * on it, so that a write could be rolled back with it and a read could see what is not committed. So everything is a batch,
 * which waits for its turn; and one of at least two statements, because Prisma runs a single one without a transaction.
 */
function ownSession(client: PrismaClientLike): SqliteSession {
  const run = async (begin: () => PromiseLike<unknown>[]) => {
    if (typeof client.$transaction !== "function") throw new TypeError("The client has no $transaction")
    try {
      return asArray(await client.$transaction(begin(), LIMITS))
    } catch (error) {
      if (isFailedCommit(error)) await endTransaction(client)
      throw ofPrisma(error)
    }
  }
  const transaction = (begin: () => PromiseLike<unknown>[]) => takeTurn(client, () => run(begin))
  return {
    inHostTransaction: false,
    query: async ({ sql, parameters }) => {
      const [rows] = await transaction(() => [
        client.$queryRawUnsafe(sql, ...parameters),
        client.$queryRawUnsafe(NOTHING),
      ])
      return asRows(rows)
    },
    write: async statements => {
      await transaction(() => [
        ...statements.map(({ sql, parameters }) => client.$executeRawUnsafe(sql, ...parameters)),
        client.$queryRawUnsafe(NOTHING),
      ])
    },
  }
}

/**
 * With the rollback journal, a COMMIT that finds the file locked leaves the transaction open, and Prisma takes it for ended:
 * the next one could not begin, and Prisma would wait for that one for ever. That is why the store's calls take turns.
 */
async function endTransaction(client: PrismaClientLike): Promise<void> {
  try {
    await client.$executeRawUnsafe("ROLLBACK")
  } catch {
    // It had ended after all.
  }
}

function joiningSession(client: PrismaClientLike): SqliteSession {
  return {
    inHostTransaction: true,
    query: ({ sql, parameters }) => inSavepoint(client, () => query(client, sql, parameters)),
    write: statements =>
      inSavepoint(client, async () => {
        try {
          for (const { sql, parameters } of statements) await client.$executeRawUnsafe(sql, ...parameters)
        } catch (error) {
          throw ofPrisma(error)
        }
      }),
  }
}

function asArray(result: unknown): readonly unknown[] {
  return Array.isArray(result) ? result : []
}
