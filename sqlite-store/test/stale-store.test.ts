import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createSqliteStore } from "../src/index.js"
import { BINDINGS, connect } from "./support/connection.js"

describe.each(BINDINGS)("a store left open while its tables were made anew, over %s (DELETE-3)", binding => {
  it("does not write into the document that got the number of its own", async () => {
    const connection = connect(binding, ":memory:")
    try {
      const stale = createSqliteStore(connection.adapter({ lent: true }))
      await stale.append("mine", metaRecord())
      connection.exec("DROP TABLE holdfast_records; DROP TABLE holdfast_meta")
      const fresh = createSqliteStore(connection.adapter({ lent: true }))
      await fresh.append("stranger", metaRecord())
      const numbers = connection.all("SELECT doc FROM holdfast_meta WHERE doc_id = 'stranger'")
      expect(numbers, "the numbers begin again, or there is nothing to mix up").toEqual([{ doc: 2 }])

      await rejects(stale.append("mine", entry(1)), "STORE_META_MISSING")
      expect(await collect(fresh.loadAll("stranger"))).toEqual([metaRecord()])
      expect(await collect(fresh.listDocIds())).toEqual(["stranger"])
    } finally {
      connection.close()
    }
  })
})
