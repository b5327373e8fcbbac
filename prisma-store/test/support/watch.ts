import { createFaultSeam, type OwnFaultSeam } from "@holdfast/testing"
import type { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"

/** What passes between Prisma and its driver adapter: counted, and made to fail. */
export class Watch {
  readonly fault: OwnFaultSeam = createFaultSeam()
  /** Every statement since the last `clear`, but for BEGIN, which adapters run themselves. */
  statements: Seen[] = []
  /** Transactions committed that wrote, and writes outside of one. */
  commits = 0

  /** Called before each transaction begins. */
  beginning: () => void = () => {}

  clear(): void {
    this.statements = []
  }

  /** Makes every call of a connected adapter pass the seam. */
  adapter(adapter: Adapter): void {
    this.queryable(adapter, () => this.commits++)
    const begin = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async isolation => {
      this.fault.pass()
      this.beginning()
      const transaction = await begin(isolation)
      let wrote = false
      const run = transaction.executeRaw.bind(transaction)
      this.queryable(transaction, () => {
        wrote = true
      })
      const watched = transaction.executeRaw.bind(transaction)
      transaction.executeRaw = async query => {
        if (query.sql !== "COMMIT") return watched(query)
        try {
          this.fault.pass()
        } catch (error) {
          // As a database does when it cannot commit.
          await run({ ...query, sql: "ROLLBACK" })
          throw error
        }
        const result = await run(query)
        if (wrote) this.commits++
        return result
      }
      return transaction
    }
  }

  private queryable(queryable: Queryable, wrote: () => void): void {
    const pass = <R>(run: (query: Query) => Promise<R>) => {
      return async (query: Query): Promise<R> => {
        this.statements.push({ sql: query.sql, parameters: query.args.length })
        this.fault.pass()
        const result = await run(query)
        if (/\b(INSERT INTO|DELETE FROM|UPDATE) /.test(query.sql)) wrote()
        return result
      }
    }
    queryable.queryRaw = pass(queryable.queryRaw.bind(queryable))
    queryable.executeRaw = pass(queryable.executeRaw.bind(queryable))
  }
}

export interface Seen {
  readonly sql: string
  readonly parameters: number
}

type Adapter = Awaited<ReturnType<PrismaBetterSqlite3["connect"]>>
type Queryable = Pick<Adapter, "queryRaw" | "executeRaw">
type Query = Parameters<Adapter["queryRaw"]>[0]
