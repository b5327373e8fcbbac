import type { StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decodeMeta, encodeMeta, encodeRecord, RowError, RowKind, wholeRow } from "../src/rows.js"
import { binaryEntry, jsonEntry, META, META_JSON, meta, metaRecord } from "./samples.js"

/** Frozen: these are in databases. A change here needs a new format major. */
describe("the stored form of format 1", () => {
  test("row kinds", () => {
    expect(RowKind).toEqual({
      head: 1,
      meta: 2,
      entirety: 3,
      since: 4,
      entiretyContinued: 5,
      sinceContinued: 6,
      middle: 7,
      last: 8,
    })
  })

  test("metadata", () => {
    const row = { version: null, lineage: null, payload: META_JSON, blob: null }
    expect(encodeRecord(metaRecord(), true)).toEqual([{ kind: 1, ...row }])
    expect(encodeRecord(metaRecord(), false)).toEqual([{ kind: 2, ...row }])
  })

  test("metadata has a fixed order of properties and no others", () => {
    const shuffled = {
      schemaHash: "h1",
      extra: 1,
      syncMode: { durability: "persistent", other: 2, delivery: "delta-capable", writerModel: "concurrent" },
      replicaType: ["yjs", 1, 0],
    } as const
    expect(encodeMeta(shuffled)).toBe(META_JSON)
  })

  test("whole entries", () => {
    const bytes = new Uint8Array([0, 255])
    expect(encodeRecord(binaryEntry(bytes, "v1"), false)).toEqual([
      { kind: 3, version: "v1", lineage: null, payload: null, blob: bytes },
    ])
    const withLineage: StoreRecord = {
      kind: "entry",
      payload: { kind: "since", encoding: "json", data: "{}", lineage: "l" },
      version: "",
    }
    expect(encodeRecord(withLineage, false)).toEqual([
      { kind: 4, version: "", lineage: "l", payload: "{}", blob: null },
    ])
  })

  test("entries in pieces", () => {
    expect(encodeRecord(jsonEntry("abcdefghij"), false, 4)).toEqual([
      { kind: 6, version: "v", lineage: null, payload: "abcd", blob: null },
      { kind: 7, version: null, lineage: null, payload: "efgh", blob: null },
      { kind: 8, version: null, lineage: null, payload: "ij", blob: null },
    ])
    expect(encodeRecord(binaryEntry(new Uint8Array([1, 2, 3, 4, 5])), false, 4)).toEqual([
      { kind: 5, version: "v", lineage: null, payload: null, blob: new Uint8Array([1, 2, 3, 4]) },
      { kind: 8, version: null, lineage: null, payload: null, blob: new Uint8Array([5]) },
    ])
  })

  test("an entry that surely is one row comes as that row; metadata and what may be longer as none", () => {
    const [row] = encodeRecord(binaryEntry(new Uint8Array([1, 2, 3, 4])), false, 4)
    expect(wholeRow(binaryEntry(new Uint8Array([1, 2, 3, 4])), 4)).toEqual(row)
    expect(wholeRow(binaryEntry(new Uint8Array(5)), 4)).toBeNull()
    expect(wholeRow(jsonEntry("ab"), 6)).toEqual(encodeRecord(jsonEntry("ab"), false, 6)[0])
    expect(wholeRow(jsonEntry("ab"), 5)).toBeNull()
    expect(wholeRow(metaRecord())).toBeNull()
  })

  test("empty payloads, versions and lineages are empty, not null (RECORD-1)", () => {
    expect(encodeRecord(jsonEntry("", ""), false)[0]).toMatchObject({ version: "", payload: "", blob: null })
    expect(encodeRecord(binaryEntry(new Uint8Array()), false)[0]).toMatchObject({
      payload: null,
      blob: new Uint8Array(),
    })
    const empty: StoreRecord = {
      kind: "entry",
      payload: { kind: "since", encoding: "json", data: "", lineage: "" },
      version: "",
    }
    expect(encodeRecord(empty, false)[0]?.lineage).toBe("")
  })

  test("a generation cannot begin with an entry (META-1)", () => {
    expect(() => encodeRecord(jsonEntry("x"), true)).toThrow(TypeError)
  })
})

describe("decodeMeta", () => {
  test("gives back what encodeMeta stored", () => {
    fc.assert(
      fc.property(meta, value => {
        expect(decodeMeta(encodeMeta(value))).toStrictEqual(value)
      }),
    )
  })

  test("shares nothing between two calls with one text (RECORD-6)", () => {
    const first = decodeMeta(META_JSON)
    Object.assign(first.replicaType, ["changed"])
    Object.assign(first.syncMode, { delivery: "changed" })
    Object.assign(first, { schemaHash: "changed" })
    expect(decodeMeta(META_JSON)).toEqual(META)
  })

  test("a text that failed fails again, and the good one before it is still right", () => {
    decodeMeta(META_JSON)
    expect(() => decodeMeta("{}")).toThrow(RowError)
    expect(() => decodeMeta("{}")).toThrow(RowError)
    expect(decodeMeta(META_JSON)).toEqual(META)
  })

  test("properties of later minors are dropped (RECORD-4)", () => {
    expect(decodeMeta(JSON.stringify({ ...META, later: 1, syncMode: { ...META.syncMode, later: 1 } }))).toEqual(META)
  })

  test.each([
    ["", "not JSON"],
    ["{", "not JSON"],
    ["null", "not a JSON object"],
    ["[]", "not a JSON object"],
    ['"x"', "not a JSON object"],
    [JSON.stringify({ ...META, replicaType: undefined }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", 1] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", 1, 2, 3] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: [1, 1, 2] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", "1", 2] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", 1, null] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", 1.5, 2] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: ["a", 1, -2] }), "replicaType"],
    [JSON.stringify({ ...META, replicaType: { 0: "a", 1: 1, 2: 2, length: 3 } }), "replicaType"],
    [JSON.stringify({ ...META, syncMode: null }), "syncMode"],
    [JSON.stringify({ ...META, syncMode: { ...META.syncMode, writerModel: "both" } }), "syncMode"],
    [JSON.stringify({ ...META, syncMode: { ...META.syncMode, delivery: undefined } }), "syncMode"],
    [JSON.stringify({ ...META, syncMode: { ...META.syncMode, durability: 1 } }), "syncMode"],
    [JSON.stringify({ ...META, schemaHash: null }), "schemaHash"],
  ])("%s is refused", (stored, words) => {
    expect(() => decodeMeta(stored)).toThrow(RowError)
    expect(() => decodeMeta(stored)).toThrow(words)
  })
})
