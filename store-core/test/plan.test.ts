import { type DocumentState, isStoreError, needsMeta, type StoreMeta, type WriteOperation } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { createPlan } from "../src/engine/plan.js"
import { batch, entry, meta, metaRecord } from "./support/records.js"

const plan = createPlan("test")
const stored = meta({ schemaHash: "stored" })
const append = (...records: ReturnType<typeof entry>[]): WriteOperation => ({ kind: "append", docId: "a", records })
const replace = (...records: ReturnType<typeof entry>[]): WriteOperation => ({ kind: "replace", docId: "a", records })
const remove: WriteOperation = { kind: "delete", docId: "a" }
const newer = meta({ schemaHash: "newer" })
const newerMinor = meta({ schemaHash: "stored", replicaType: ["text", 1, 7] })
const otherName = meta({ replicaType: ["list", 1, 0] })
const otherMajor = meta({ replicaType: ["text", 2, 0] })
const modes: StoreMeta["syncMode"][] = [
  { ...meta().syncMode, writerModel: "serialized" },
  { ...meta().syncMode, delivery: "snapshot-only" },
  { ...meta().syncMode, durability: "transient" },
]

/** What is decided for operations on one document, an error as its code. */
function decide(state: DocumentState, ...operations: WriteOperation[]): unknown[] {
  return plan(operations, new Map([["a", state]])).map(decision =>
    decision.kind === "refuse" ? decision.error.code : decision,
  )
}

const known: DocumentState = { meta: stored }
const unread: DocumentState = { meta: "unread" }
const unreadable: DocumentState = { meta: "unreadable" }

describe("one operation", () => {
  it.each<[string, DocumentState, WriteOperation, unknown]>([
    ["META-1 append entry, no document", null, append(entry(1)), "STORE_META_MISSING"],
    ["META-1 replace without meta, no document", null, replace(entry(1)), "STORE_META_MISSING"],
    ["META-1 nothing to append, no document", null, append(), "STORE_META_MISSING"],
    ["APPEND-2 append meta, no document", null, append({ kind: "meta", meta: newer }), { kind: "create", meta: newer }],
    ["REPLACE-3 replace, no document", null, replace(...batch(1)), { kind: "create", meta: meta() }],
    ["DELETE-2 delete, no document", null, remove, { kind: "nothing" }],
    ["append entry", known, append(entry(1)), { kind: "append", meta: null }],
    ["append entry, metadata unread", unread, append(entry(1)), { kind: "append", meta: null }],
    ["append entry, metadata unreadable", unreadable, append(entry(1)), { kind: "append", meta: null }],
    ["append equal meta", known, append({ kind: "meta", meta: { ...stored } }), { kind: "append", meta: null }],
    ["META-2 append new hash", known, append({ kind: "meta", meta: newer }), { kind: "append", meta: newer }],
    [
      "META-2 append new minor",
      known,
      append({ kind: "meta", meta: newerMinor }),
      { kind: "append", meta: newerMinor },
    ],
    ["META-3 append other name", known, append({ kind: "meta", meta: otherName }), "STORE_META_MISMATCH"],
    ["META-3 append other major", known, append({ kind: "meta", meta: otherMajor }), "STORE_META_MISMATCH"],
    ["META-3 replace other name", known, replace({ kind: "meta", meta: otherName }), "STORE_META_MISMATCH"],
    ["append meta, unreadable", unreadable, append({ kind: "meta", meta: newer }), "STORE_CORRUPT"],
    ["replace equal meta", known, replace({ kind: "meta", meta: { ...stored } }), { kind: "replace", meta: null }],
    ["replace new hash", known, replace({ kind: "meta", meta: newer }), { kind: "replace", meta: newer }],
    ["replace repairs", unreadable, replace({ kind: "meta", meta: otherName }), { kind: "replace", meta: otherName }],
    ["delete", known, remove, { kind: "remove" }],
    ["delete, metadata unread", unread, remove, { kind: "remove" }],
    ["delete, metadata unreadable", unreadable, remove, { kind: "remove" }],
  ])("%s", (_, state, operation, expected) => {
    expect(decide(state, operation)).toEqual([expected])
  })

  it.each(modes)("META-3: another sync mode, %o", syncMode => {
    const record = metaRecord({ syncMode })
    expect(decide(known, append(record), replace(record))).toEqual(["STORE_META_MISMATCH", "STORE_META_MISMATCH"])
  })

  it("a document the backend did not look up counts as absent", () => {
    expect(plan([remove, append(entry(1))], new Map()).map(one => one.kind)).toEqual(["nothing", "refuse"])
  })
})

describe("several metas in one operation", () => {
  it("META-2: the last one wins, on whatever the document was", () => {
    const records = [metaRecord({ schemaHash: "1" }), entry(1), metaRecord({ schemaHash: "2" })]
    const last = meta({ schemaHash: "2" })
    expect(decide(null, append(...records))).toEqual([{ kind: "create", meta: last }])
    expect(decide(known, append(...records))).toEqual([{ kind: "append", meta: last }])
    expect(decide(known, replace(...records))).toEqual([{ kind: "replace", meta: last }])
    expect(decide(unreadable, replace(...records))).toEqual([{ kind: "replace", meta: last }])
  })

  it("META-3: one that clashes with an earlier one of the same operation refuses all of it", () => {
    const records = [metaRecord(), { kind: "meta", meta: otherName } as const]
    for (const state of [null, known, unreadable]) {
      expect(decide(state, replace(...records))).toEqual(["STORE_META_MISMATCH"])
    }
  })

  it("one that goes back to what is stored changes nothing but is stored as it is last", () => {
    const there: WriteOperation = append({ kind: "meta", meta: newer }, { kind: "meta", meta: { ...stored } })
    const [decision] = plan([there], new Map([["a", known]]))
    expect(decision).toEqual({ kind: "append", meta: stored })
  })
})

describe("a group: each operation sees what those before it on its document leave", () => {
  it.each<[string, DocumentState, WriteOperation[], unknown[]]>([
    [
      "create, append, delete, append",
      null,
      [append(metaRecord()), append(entry(1)), remove, append(entry(2))],
      [{ kind: "create", meta: meta() }, { kind: "append", meta: null }, { kind: "remove" }, "STORE_META_MISSING"],
    ],
    [
      "delete, then another identity",
      known,
      [remove, append({ kind: "meta", meta: otherName }), append(metaRecord()), remove, remove],
      [
        { kind: "remove" },
        { kind: "create", meta: otherName },
        "STORE_META_MISMATCH",
        { kind: "remove" },
        { kind: "nothing" },
      ],
    ],
    [
      "a refused operation leaves no trace",
      null,
      [
        replace(metaRecord(), { kind: "meta", meta: otherName }),
        append(entry(1)),
        append({ kind: "meta", meta: otherName }),
      ],
      ["STORE_META_MISMATCH", "STORE_META_MISSING", { kind: "create", meta: otherName }],
    ],
    [
      "new metadata is known to what follows",
      known,
      [
        append({ kind: "meta", meta: newer }),
        append({ kind: "meta", meta: newer }),
        append({ kind: "meta", meta: stored }),
      ],
      [
        { kind: "append", meta: newer },
        { kind: "append", meta: null },
        { kind: "append", meta: stored },
      ],
    ],
    [
      "a repair is known to what follows",
      unreadable,
      [append(metaRecord()), replace(metaRecord()), append(metaRecord()), append({ kind: "meta", meta: otherName })],
      ["STORE_CORRUPT", { kind: "replace", meta: meta() }, { kind: "append", meta: null }, "STORE_META_MISMATCH"],
    ],
  ])("%s", (_, state, operations, expected) => {
    expect(decide(state, ...operations)).toEqual(expected)
  })

  it("documents know nothing of each other, and the states given are left alone", () => {
    const states = new Map<string, DocumentState>([
      ["a", null],
      ["b", known],
    ])
    const on = (docId: string, operation: WriteOperation): WriteOperation => ({ ...operation, docId })
    const group = [on("a", append(metaRecord())), on("b", remove), on("a", append(entry(1))), on("b", append(entry(1)))]
    const kinds = () => plan(group, states).map(decision => decision.kind)
    expect(kinds()).toEqual(["create", "remove", "append", "refuse"])
    expect(kinds()).toEqual(["create", "remove", "append", "refuse"])
    expect(states).toEqual(
      new Map([
        ["a", null],
        ["b", known],
      ]),
    )
  })
})

describe("ERROR-2: a refusal", () => {
  it.each<[string, DocumentState, WriteOperation]>([
    ["Append one first", null, append(entry(1))],
    ["replicaType", known, append({ kind: "meta", meta: otherName })],
    ["syncMode", known, append(metaRecord({ syncMode: modes[0] as StoreMeta["syncMode"] }))],
    ["Delete the document first", known, replace({ kind: "meta", meta: otherMajor })],
    ["Replace the document", unreadable, append(metaRecord())],
  ])("says %j and names the document", (said, state, operation) => {
    const [decision] = plan([operation], new Map([["a", state]]))
    if (decision?.kind !== "refuse") throw new Error("not refused")
    expect(isStoreError(decision.error)).toBe(true)
    expect(decision.error).toMatchObject({ docId: "a", backend: "test", outcome: "none", retryable: false })
    expect(decision.error.message).toContain('Document "a": ')
    expect(decision.error.message).toContain(said)
  })

  it("stays short whatever the names are", () => {
    const long = meta({ replicaType: ["x".repeat(60_000), 1, 0] })
    for (const [state, next] of [
      [{ meta: long }, meta()],
      [known, long],
    ] as const) {
      const [decision] = plan([append({ kind: "meta", meta: next })], new Map([["a", state]]))
      expect(decision?.kind === "refuse" && decision.error.message.length < 700).toBe(true)
    }
  })
})

it("needsMeta: only what carries a meta has to know the stored one", () => {
  expect(
    [remove, append(entry(1)), append(metaRecord()), append(entry(1), metaRecord()), replace(...batch(1))].map(
      needsMeta,
    ),
  ).toEqual([false, false, true, true, true])
})
