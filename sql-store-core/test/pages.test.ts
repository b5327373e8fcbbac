import { type StoreError, StoreError as StoreErrorClass, type StoreRecord } from "@holdfast/store-core"
import { describe, expect, test } from "vitest"
import { GapError, type StoredRow } from "../src/assemble.js"
import { PAGE_BYTES, PAGE_ROWS, PIECE_BYTES } from "../src/limits.js"
import {
  assemblePage,
  assembleWhole,
  beginPages,
  corruptError,
  isSuperseded,
  type PageCursor,
  supersededError,
  tryDecodeMeta,
} from "../src/pages.js"
import { encodeRecord, RowError } from "../src/rows.js"
import { binaryEntry, jsonEntry, META, META_JSON, metaRecord, numbered } from "./samples.js"

const RECORDS: StoreRecord[] = [metaRecord(), jsonEntry("abcdefgh"), binaryEntry(new Uint8Array(9)), jsonEntry("")]

function rows(first = 1): (StoredRow & { readonly seq: number })[] {
  return numbered(
    RECORDS.flatMap((record, at) => encodeRecord(record, at === 0, 4)),
    first,
  )
}

/** Loads what `stored` has, `size` rows at a time, as a backend does. */
function loadAll(stored: readonly (StoredRow & { readonly seq: number })[], size: number): StoreRecord[] {
  const records: StoreRecord[] = []
  let cursor: PageCursor | null = beginPages(3, stored.at(-1)?.seq ?? null)
  while (cursor !== null) {
    const { after, head } = cursor
    expect(cursor.doc).toBe(3)
    const page = assemblePage(cursor, stored.filter(({ seq }) => seq > after && seq <= head).slice(0, size))
    records.push(...page.records)
    cursor = page.next
  }
  return records
}

describe("the pages of a load", () => {
  test.each([1, 2, 3, 4, 100])(
    "LOAD-1: %i rows at a time, all records come, whichever number the first row has",
    size => {
      expect(loadAll(rows(), size)).toStrictEqual(RECORDS)
      expect(loadAll(rows(7), size)).toStrictEqual(RECORDS)
    },
  )

  test("LOAD-1: rows behind the head are not of this load", () => {
    const [head, ...more] = rows()
    if (head === undefined) throw new Error("no rows")
    const cursor = beginPages(1, 1)
    expect(cursor).toMatchObject({ doc: 1, after: 0, head: 1 })
    expect(assemblePage(cursor, [head])).toStrictEqual({
      records: [metaRecord()],
      bytes: expect.any(Number),
      next: null,
    })
    expect(more.length).toBeGreaterThan(0)
  })

  test("LOAD-7: a page says how much memory its records take, also when it holds none", () => {
    const [head, begun] = rows()
    if (head === undefined || begun === undefined) throw new Error("no rows")
    const first = assemblePage(beginPages(1, 8), [head])
    expect(first.bytes).toBeGreaterThan(100)
    if (first.next === null) throw new Error("complete")
    const second = assemblePage(first.next, [begun])
    expect(second).toMatchObject({ records: [], bytes: 0, next: { doc: 1, after: 2, head: 8 } })
  })

  test("LOAD-3: rows that are missing are a gap, at the start of a page and at its end", () => {
    expect(() => assemblePage(beginPages(1, 4), [])).toThrow(new GapError(1, 4))
    const [head] = rows()
    if (head === undefined) throw new Error("no rows")
    const { next } = assemblePage(beginPages(1, 4), [head])
    if (next === null) throw new Error("complete")
    expect(() => assemblePage(next, [])).toThrow(new GapError(2, 4))
  })

  test("LOAD-3: a document without rows, and a record cut off at the head, are row errors", () => {
    expect(() => beginPages(1, null)).toThrow(RowError)
    expect(() => assemblePage(beginPages(1, 2), rows().slice(0, 2))).toThrow(RowError)
  })

  test("LOAD-1 LOAD-3: all rows of a document are its only page, and what is wrong with them is said", () => {
    const page = assembleWhole(rows(7))
    expect(page).toStrictEqual({ records: RECORDS, bytes: expect.any(Number), next: null })
    expect(page.bytes).toBeGreaterThan(100)
    expect(() => assembleWhole([])).toThrow(RowError)
    expect(() => assembleWhole(rows().slice(0, 2))).toThrow(RowError)
    expect(() => assembleWhole(rows().toSpliced(1, 1))).toThrow(new GapError(2, 3))
  })

  test("LOAD-7: the limits are those the contract names", () => {
    expect({ PAGE_ROWS, PAGE_BYTES, PIECE_BYTES }).toEqual({
      PAGE_ROWS: 2000,
      PAGE_BYTES: 4_194_304,
      PIECE_BYTES: 1_000_000,
    })
  })
})

describe("whether a gap is a replace or damage (LOAD-5)", () => {
  const cursor = beginPages(1, 5)

  test.each<[string, { exists: boolean; first: number | null }, boolean]>([
    ["the document is gone", { exists: false, first: null }, true],
    ["the document is gone, rows of its number are not", { exists: false, first: 2 }, true],
    ["it is numbered from behind the head", { exists: true, first: 6 }, true],
    ["its first row is the head", { exists: true, first: 5 }, false],
    ["rows are missing in the middle", { exists: true, first: 1 }, false],
    ["it has no rows", { exists: true, first: null }, false],
  ])("%s", (_, left, superseded) => {
    expect(isSuperseded(cursor, left)).toBe(superseded)
  })
})

describe("errors", () => {
  const fields = ({ code, backend, docId, retryable, outcome, cause, message }: StoreError) => {
    return { code, backend, docId, retryable, outcome, cause, message }
  }

  test("ERROR-1, ERROR-2: superseded", () => {
    const error = supersededError("sqlite", "a")
    expect(error).toBeInstanceOf(StoreErrorClass)
    expect(fields(error)).toMatchObject({
      code: "STORE_LOAD_SUPERSEDED",
      backend: "sqlite",
      docId: "a",
      retryable: true,
    })
    expect(error.message).toContain('"a"')
  })

  test("ERROR-1, ERROR-2: corrupt, with what is wrong as its cause", () => {
    const cause = new RowError("row 2: it is odd")
    expect(fields(corruptError("sqlite", "a", cause))).toMatchObject({
      code: "STORE_CORRUPT",
      backend: "sqlite",
      docId: "a",
      retryable: false,
      cause,
      message: expect.stringMatching(/"a".*row 2: it is odd/),
    })
  })

  test("metadata that cannot be read is returned as an error, and nothing else is", () => {
    expect(tryDecodeMeta(META_JSON)).toStrictEqual(META)
    for (const data of ["{", "{}", null, 7]) expect(tryDecodeMeta(data)).toBeInstanceOf(RowError)
    const thrown = new RangeError("the caller's own")
    const odd = {
      toString: () => {
        throw thrown
      },
    }
    expect(() => tryDecodeMeta(odd)).toThrow(thrown)
  })
})
