import type { Decision, DocId, StoreRecord, WriteOperation } from "@holdfast/store-core"
import { StoreError } from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { RecordAssembler } from "../src/assemble.js"
import { type PlannedSteps, planSteps, type Step, type StoredDocument } from "../src/plan.js"
import { decodeMeta, encodeMeta, type Row } from "../src/rows.js"
import { entry, jsonEntry, META, META_JSON, metaRecord, metaRecords, stream } from "./samples.js"

const REFUSED = new StoreError("STORE_META_MISSING", "no", { backend: "test" })

const write = (kind: "append" | "replace", docId: DocId, ...records: StoreRecord[]): WriteOperation => ({
  kind,
  docId,
  records,
})

/** The two tables, as an executor of steps has them. */
class Tables {
  readonly meta = new Map<number, { docId: DocId; data: string }>()
  readonly rows = new Map<number, Map<number, Row>>()
  #lastDoc = 0

  run(steps: readonly Step[]): void {
    for (const step of steps) this.#runOne(step)
  }

  #runOne(step: Step): void {
    const { target } = step
    if (step.kind === "create") {
      expect(target.doc).toBe(null)
      expect([...this.meta.values()].some(row => row.docId === target.docId)).toBe(false)
      target.doc = ++this.#lastDoc
      this.meta.set(target.doc, { docId: target.docId, data: step.data })
      this.rows.set(target.doc, new Map())
      return
    }
    const doc = target.doc ?? 0
    const meta = this.meta.get(doc)
    const rows = this.rows.get(doc)
    if (meta === undefined || rows === undefined) throw new Error(`no document for ${step.kind}`)
    expect(meta.docId).toBe(target.docId)
    if (step.kind === "meta") meta.data = step.data
    else if (step.kind === "clear") rows.clear()
    else if (step.kind === "drop") {
      expect(rows.size).toBe(0)
      this.meta.delete(doc)
      this.rows.delete(doc)
    } else {
      step.rows.forEach((row, at) => {
        expect(rows.has(step.first + at)).toBe(false)
        rows.set(step.first + at, row)
      })
    }
  }

  /** Each document's number and greatest sequence number, as a backend reads them. */
  documents(docIds: readonly DocId[]): Map<DocId, StoredDocument | null> {
    const found = new Map<DocId, StoredDocument | null>(docIds.map(docId => [docId, null]))
    for (const [doc, { docId }] of this.meta) {
      found.set(docId, { doc, last: Math.max(...(this.rows.get(doc)?.keys() ?? [])) })
    }
    return found
  }

  load(docId: DocId): StoreRecord[] | null {
    for (const [doc, row] of this.meta) {
      if (row.docId !== docId) continue
      const assembler = new RecordAssembler()
      const rows = [...(this.rows.get(doc) ?? [])].map(([seq, stored]) => ({ seq, ...stored }))
      const { records } = assembler.feed(rows)
      assembler.finish()
      const last = records.findLast(record => record.kind === "meta")
      expect(last?.kind === "meta" && decodeMeta(row.data)).toStrictEqual(last?.kind === "meta" && last.meta)
      return records
    }
    return null
  }
}

type Action = { readonly kind: "append" | "replace"; readonly records: StoreRecord[] } | { readonly kind: "delete" }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      records: fc.array(fc.oneof({ weight: 3, arbitrary: entry }, { weight: 1, arbitrary: metaRecords }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("append" as const, "replace" as const), records: stream }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "delete" as const }) },
)

const DOC_IDS = ["a", "b", "c"]
const groups = fc.array(fc.array(fc.tuple(fc.constantFrom(...DOC_IDS), action), { maxLength: 6 }), { maxLength: 5 })

/** What the engine decides for an operation on a document with these records, and what they are afterwards. */
function decide(before: StoreRecord[] | null, next: Action): [Decision, StoreRecord[] | null] {
  if (next.kind === "delete") return before === null ? [{ kind: "nothing" }, null] : [{ kind: "remove" }, null]
  const last = next.records.findLast(record => record.kind === "meta")
  const meta = last?.kind === "meta" ? last.meta : null
  if (before === null) {
    if (meta === null || next.records[0]?.kind !== "meta") return [{ kind: "refuse", error: REFUSED }, null]
    return [{ kind: "create", meta }, next.records]
  }
  if (next.kind === "append") return [{ kind: "append", meta }, [...before, ...next.records]]
  return [{ kind: "replace", meta }, next.records]
}

describe("planSteps", () => {
  test("carried out, the steps leave what a plain list of records per document has", () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 4, max: 60 }), (all, pieceBytes) => {
        const tables = new Tables()
        const model = new Map<DocId, StoreRecord[] | null>()
        for (const group of all) {
          const decisions = group.map(([docId, next]) => {
            const [decision, after] = decide(model.get(docId) ?? null, next)
            model.set(docId, after)
            return decision
          })
          const operations = group.map(([docId, next]) => ({ docId, ...next }))
          const planned = planSteps(operations, decisions, tables.documents(DOC_IDS), pieceBytes)
          tables.run(planned.steps)
          for (const docId of DOC_IDS) expect(tables.load(docId)).toStrictEqual(model.get(docId) ?? null)
          expectSame(planned, tables.documents(DOC_IDS))
        }
      }),
      { numRuns: 300 },
    )
  })

  test("a new document", () => {
    const { steps, documents } = planSteps(
      [write("append", "a", metaRecord()), write("append", "a", jsonEntry("x"), jsonEntry("y"))],
      [
        { kind: "create", meta: META },
        { kind: "append", meta: null },
      ],
      new Map([["a", null]]),
    )
    expect(steps).toMatchObject([
      { kind: "create", target: { docId: "a", doc: null }, data: META_JSON },
      { kind: "insert", first: 1, rows: [{ kind: 1 }] },
      { kind: "insert", first: 2, rows: [{ kind: 4 }, { kind: 4 }] },
    ])
    expect(new Set(steps.map(step => step.target)).size).toBe(1)
    expect(documents.get("a")).toEqual({ target: { docId: "a", doc: null }, last: 3 })
    expect(documents.get("a")?.target).toBe(steps[0]?.target)
  })

  test("replace continues the numbers and begins a generation (DELETE-3, LOAD-3)", () => {
    const later = { ...META, schemaHash: "h2" }
    const { steps, documents } = planSteps(
      [write("replace", "a", metaRecord("h1"), metaRecord("h2")), write("append", "a", jsonEntry("x"))],
      [
        { kind: "replace", meta: later },
        { kind: "append", meta: null },
      ],
      new Map([["a", { doc: 7, last: 40 }]]),
    )
    const target = { docId: "a", doc: 7 }
    expect(steps).toMatchObject([
      { kind: "clear", target },
      { kind: "meta", target, data: encodeMeta(later) },
      { kind: "insert", target, first: 41, rows: [{ kind: 1 }, { kind: 2 }] },
      { kind: "insert", target, first: 43, rows: [{ kind: 4 }] },
    ])
    expect(documents.get("a")).toEqual({ target, last: 43 })
  })

  test("metadata is written only where the decision has some", () => {
    const { steps } = planSteps(
      [write("replace", "a", metaRecord()), write("append", "a", metaRecord())],
      [
        { kind: "replace", meta: null },
        { kind: "append", meta: META },
      ],
      new Map([["a", { doc: 1, last: 1 }]]),
    )
    expect(steps.map(step => step.kind)).toEqual(["clear", "insert", "meta", "insert"])
  })

  test("a document created again is another, numbered from 1 (DELETE-3)", () => {
    const { steps, documents } = planSteps(
      [{ kind: "delete", docId: "a" }, write("append", "a", metaRecord())],
      [{ kind: "remove" }, { kind: "create", meta: META }],
      new Map([["a", { doc: 7, last: 40 }]]),
    )
    expect(steps).toMatchObject([
      { kind: "clear", target: { doc: 7 } },
      { kind: "drop", target: { doc: 7 } },
      { kind: "create", target: { doc: null } },
      { kind: "insert", target: { doc: null }, first: 1, rows: [{ kind: 1 }] },
    ])
    expect(documents.get("a")).toEqual({ target: { docId: "a", doc: null }, last: 1 })
    const removed = planSteps(
      [{ kind: "delete", docId: "a" }],
      [{ kind: "remove" }],
      new Map([["a", { doc: 7, last: 4 }]]),
    )
    expect(removed.documents).toEqual(new Map([["a", null]]))
  })

  test("refused operations and those with nothing to do write nothing and say what is there", () => {
    const { steps, documents } = planSteps(
      [write("append", "a", jsonEntry("x")), { kind: "delete", docId: "b" }, write("append", "c", jsonEntry("x"))],
      [{ kind: "refuse", error: REFUSED }, { kind: "nothing" }, { kind: "refuse", error: REFUSED }],
      new Map([
        ["a", null],
        ["b", null],
        ["c", { doc: 3, last: 9 }],
      ]),
    )
    expect(steps).toEqual([])
    expect(documents).toEqual(
      new Map([
        ["a", null],
        ["b", null],
        ["c", { target: { docId: "c", doc: 3 }, last: 9 }],
      ]),
    )
  })

  test("the last sequence number is the greatest safe integer", () => {
    const plan = (last: number) =>
      planSteps(
        [write("append", "a", jsonEntry("x"), jsonEntry("y"))],
        [{ kind: "append", meta: null }],
        new Map([["a", { doc: 1, last }]]),
      )
    expect(plan(Number.MAX_SAFE_INTEGER - 2).documents.get("a")?.last).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => plan(Number.MAX_SAFE_INTEGER - 1)).toThrow(RangeError)
    expect(() => plan(Number.MAX_SAFE_INTEGER)).toThrow(RangeError)
  })

  test("decisions that do not fit are a TypeError, not a wrong write", () => {
    const absent = new Map([["a", null]])
    const present = new Map([["a", { doc: 1, last: 1 }]])
    const append = [write("append", "a", metaRecord())]
    expect(() => planSteps(append, [], present)).toThrow(new TypeError("There must be one decision for each operation"))
    const thrown = (operations: WriteOperation[], decision: Decision, documents: typeof present | typeof absent) => {
      try {
        return planSteps(operations, [decision], documents)
      } catch (error) {
        return error
      }
    }
    expect(() => planSteps(append, [{ kind: "append", meta: null }], new Map())).toThrow("is missing")
    expect(thrown(append, { kind: "append", meta: null }, absent)).toEqual(
      new TypeError('Decision "append" for document "a", which does not exist'),
    )
    expect(thrown(append, { kind: "create", meta: META }, present)).toEqual(
      new TypeError('Decision "create" for document "a", which exists'),
    )
    expect(thrown([{ kind: "delete", docId: "a" }], { kind: "append", meta: null }, present)).toEqual(
      new TypeError("A delete writes no records"),
    )
    expect(() => planSteps([write("append", "a", jsonEntry("x"))], [{ kind: "create", meta: META }], absent)).toThrow(
      TypeError,
    )
  })
})

/** The planned documents are those a backend would read after the commit. */
function expectSame(planned: PlannedSteps, stored: ReadonlyMap<DocId, StoredDocument | null>): void {
  for (const [docId, document] of planned.documents) {
    const expected = stored.get(docId) ?? null
    expect(document === null ? null : { doc: document.target.doc, last: document.last }).toEqual(expected)
  }
}
