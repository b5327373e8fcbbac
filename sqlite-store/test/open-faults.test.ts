import { collect, metaRecord } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createSqliteStore } from "../src/index.js"
import { BINDINGS, connect } from "./support/connection.js"

describe.each(BINDINGS)("createSqliteStore over %s", binding => {
  it("that fails at any statement leaves no transaction, and both tables or none; then it can be tried again", async () => {
    let struck = 0
    for (let call = 1; ; call++) {
      const connection = connect(binding, ":memory:")
      connection.watch.fault.arm(call)
      const error = thrownBy(() => createSqliteStore(connection.adapter({ lent: true })))
      const hasStruck = connection.watch.fault.disarm()
      expect(error === undefined).toBe(!hasStruck)
      if (hasStruck) expect(error).toMatchObject({ name: "StoreError", code: "STORE_BACKEND", outcome: "none" })
      connection.exec("BEGIN; COMMIT")
      const tables = connection.all("SELECT name FROM sqlite_schema WHERE name LIKE 'holdfast%'").length
      expect(tables).toBe(hasStruck ? 0 : 2)
      const store = createSqliteStore(connection.adapter())
      await store.append("doc", metaRecord())
      expect(await collect(store.listDocIds())).toEqual(["doc"])
      await store.close()
      if (!hasStruck) break
      struck++
    }
    // It looks for the tables, begins, looks again, creates both, stamps and commits.
    expect(struck).toBeGreaterThan(6)
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
