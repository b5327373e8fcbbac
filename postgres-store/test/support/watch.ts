import { createFaultSeam, type OwnFaultSeam } from "@holdfast/testing"
import type { PgAdapter, PgSession } from "../../src/index.js"

/** What passes between a store and its adapter: counted, and made to fail. */
export class Watch {
  readonly fault: OwnFaultSeam = createFaultSeam()
  /** Every statement and script since the last `clear`. */
  statements: string[] = []
  /** Statements and scripts that wrote. */
  commits = 0

  clear(): void {
    this.statements = []
  }

  /** The adapter, every call of which passes the seam. */
  adapter(adapter: PgAdapter): PgAdapter {
    return {
      reconnects: adapter.reconnects,
      answersLater: adapter.answersLater,
      run: work => {
        this.fault.pass()
        return adapter.run(session => work(this.session(session)))
      },
      close: () => adapter.close(),
    }
  }

  private session(session: PgSession): PgSession {
    const pass = async <T>(text: string, run: () => Promise<T>): Promise<T> => {
      this.statements.push(text)
      this.fault.pass()
      const result = await run()
      if (/\b(INSERT INTO|DELETE FROM) |^SELECT WHERE /.test(text)) this.commits++
      return result
    }
    return {
      inHostTransaction: session.inHostTransaction,
      connection: session.connection,
      prepares: session.prepares,
      query: (text, params) => pass(text, () => session.query(text, params)),
      execute: (text, params) => pass(text, () => session.execute(text, params)),
      script: text => pass(text, () => session.script(text)),
    }
  }
}
