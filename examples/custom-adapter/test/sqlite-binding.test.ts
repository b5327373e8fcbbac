import { deepEqual } from "node:assert/strict"
import { DatabaseSync } from "node:sqlite"
import { it } from "node:test"
import { fromDriver } from "@holdfast/example-custom-adapter"
import { checkSqliteAdapter } from "@holdfast/testing"

// #region check
it("has what the store needs of a binding", async () => {
  const findings = await checkSqliteAdapter(() => fromDriver(new DatabaseSync(":memory:")))
  deepEqual(
    findings.filter(finding => !finding.ok),
    [],
  )
})
// #endregion check
