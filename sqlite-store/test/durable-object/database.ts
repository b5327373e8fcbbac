import { type DurableObjectContext, fromDurableObject, type SqliteAdapter } from "../../src/index.js"
import type { AdapterDatabase } from "../support/adapter-place.js"
import { Watch } from "../support/watch.js"

/** The object's storage, every statement and transaction of which goes through `watch`. */
function watched({ storage }: DurableObjectContext, watch: Watch): DurableObjectContext {
  let inside = false
  const isInside = () => inside
  return {
    storage: {
      sql: { exec: (sql, ...params) => watch.run(sql, params, isInside, () => storage.sql.exec(sql, ...params)) },
      transactionSync: fn => {
        watch.fault.pass()
        try {
          return storage.transactionSync(() => {
            inside = true
            const result = fn()
            watch.run("COMMIT", [], isInside, () => {})
            return result
          })
        } finally {
          inside = false
        }
      },
    },
  }
}

/** The one database an object has. The platform keeps it, so there is nothing to close or dispose of. */
export class DurableObjectDatabase implements AdapterDatabase {
  readonly watch = new Watch()
  readonly own: SqliteAdapter
  private readonly ctx: DurableObjectContext

  constructor(ctx: DurableObjectContext) {
    this.ctx = ctx
    this.own = fromDurableObject(ctx)
  }

  adapter(): SqliteAdapter {
    return fromDurableObject(watched(this.ctx, this.watch))
  }

  dispose(): void {}
}
