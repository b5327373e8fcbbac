import type { Decision, WriteOperation } from "@holdfast/store-core"
import { StoreError } from "@holdfast/store-core"
import { expect, test } from "vitest"
import { planSteps } from "../src/plan.js"
import { tellWritten } from "../src/written.js"
import { jsonEntry, META, metaRecord } from "./samples.js"

test("OBSERVE-1: every operation that inserts has the numbers of its rows, pieces included, and no other has any", () => {
  const operations: WriteOperation[] = [
    { kind: "append", docId: "new", records: [metaRecord()] },
    { kind: "append", docId: "refused", records: [jsonEntry("x")] },
    { kind: "delete", docId: "absent" },
    { kind: "append", docId: "old", records: [jsonEntry("abcdefgh"), jsonEntry("y")] },
    { kind: "delete", docId: "gone" },
    { kind: "replace", docId: "old", records: [metaRecord(), jsonEntry("z")] },
  ]
  const error = new StoreError("STORE_META_MISSING", "no", { backend: "test" })
  const decisions: Decision[] = [
    { kind: "create", meta: META },
    { kind: "refuse", error },
    { kind: "nothing" },
    { kind: "append", meta: null },
    { kind: "remove" },
    { kind: "replace", meta: null },
  ]
  const documents = new Map([
    ["new", null],
    ["refused", null],
    ["absent", null],
    ["old", { doc: 1, last: 7 }],
    ["gone", { doc: 2, last: 3 }],
  ])
  const { steps } = planSteps(operations, decisions, documents, 4)
  const told: unknown[] = []
  tellWritten(operations, decisions, steps, (operation, first, last) => {
    told.push([operations.indexOf(operation), first, last])
  })
  expect(told).toEqual([
    [0, 1, 1],
    [3, 8, 10],
    [5, 11, 12],
  ])
})
