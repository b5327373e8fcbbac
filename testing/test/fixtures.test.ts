import { checkDocId } from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { binaryEntry, contentHash, entries, entry, meta, metaRecord, nastyIds, seeded } from "../src/fixtures.js"

describe("fixtures", () => {
  it("makes valid records, new ones each time", () => {
    expect(metaRecord({ schemaHash: "h" })).toEqual({ kind: "meta", meta: { ...meta(), schemaHash: "h" } })
    expect(metaRecord().meta).not.toBe(metaRecord().meta)
    expect(entry(7)).toEqual({
      kind: "entry",
      payload: { kind: "since", encoding: "json", data: '{"n":7}' },
      version: "v7",
    })
    expect("lineage" in entry("x").payload).toBe(false)
    const options = { kind: "entirety", version: "1", lineage: "l" } as const
    expect(binaryEntry(Uint8Array.of(1), options)).toEqual({
      kind: "entry",
      payload: { kind: "entirety", encoding: "binary", data: Uint8Array.of(1), lineage: "l" },
      version: "1",
    })
    expect(entries(2, 5)).toEqual([entry(5), entry(6)])
  })

  it("lists nasty ids that are valid and all different (ID-1)", () => {
    for (const id of nastyIds) checkDocId(id, "test")
    expect(new Set(nastyIds).size).toBe(nastyIds.length)
  })

  it("tells contents apart by their hash", () => {
    const hashes = [...nastyIds, ""].map(contentHash)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(contentHash("\u00e9")).toBe(contentHash(Uint8Array.of(0xc3, 0xa9)))
  })
})

describe("seeded", () => {
  it("says the same again for the same seed, and something else for another", () => {
    const draw = (seed: number) => {
      const random = seeded(seed)
      return [
        random.int(0, 1e9),
        random.text(20),
        Array.from(random.bytes(20)),
        random.chance(0.5),
        random.pick("abc".split("")),
      ]
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  it("reaches both ends of a range and nothing beyond", () => {
    const random = seeded(3)
    const drawn = Array.from({ length: 1000 }, () => random.int(2, 4))
    expect(new Set(drawn)).toEqual(new Set([2, 3, 4]))
    expect(() => random.pick([])).toThrow(RangeError)
  })

  it("makes text that the contract allows, of as many code points as asked for", () => {
    const random = seeded(4)
    for (let i = 0; i < 500; i++) {
      const text = random.text(20)
      expect(text.isWellFormed()).toBe(true)
      expect(text).not.toContain("\0")
      expect(Array.from(text)).toHaveLength(20)
    }
  })
})
