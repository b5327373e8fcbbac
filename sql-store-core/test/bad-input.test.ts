import type { StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { finite, isMisuse, options } from "../../store-core/test/support/bad-input/functions.js"
import { noise, oddText } from "../../store-core/test/support/bad-input/odd-values.js"
import { Inputs, PATIENCE } from "../../store-core/test/support/bad-input/runs.js"
import { make } from "../../store-core/test/support/bad-input/shapes.js"
import { tables } from "../../store-core/test/support/bad-input/usual-options.js"
import {
  decodeMeta,
  encodeMeta,
  encodeRecord,
  type FoundColumn,
  formatGate,
  GapError,
  prefixRange,
  quoteName,
  RecordAssembler,
  RowError,
  type StoredRow,
  tableNames,
  tryDecodeMeta,
} from "../src/index.js"
import { metaRecords, numbered, stream } from "./samples.js"

const inputs = new Inputs("sql-store-core", 2000)
afterAll(() => inputs.report())

const name = {
  good: fc.constantFrom("m", "Select", "_1"),
  accepts: (value: unknown) => tables.accepts({ meta: value }),
}

describe("bad input to what the SQL backends share", () => {
  it(
    "table names are refused with a TypeError of ours, or are plain",
    async () => {
      const cases = fc.oneof(
        options({ meta: name, records: name }).map(({ shape }) => shape),
        finite,
        fc.record({ meta: oddText, records: oddText }).map(plain => ({ plain })),
      )
      await inputs.throwAt(500, cases, shape => {
        inputs.given++
        try {
          const names = tableNames(make(shape, []) as object)
          expect(Object.keys(names)).toEqual(["meta", "records"])
          expect(tables.accepts(names)).toBe(true)
        } catch (error) {
          isMisuse(error, "tables")
          inputs.refused++
        }
      })
    },
    PATIENCE,
  )

  it(
    "LIST-1 any text is quoted so that it comes back, and has a range that begins with it",
    async () => {
      await inputs.throwAt(300, oddText, text => {
        inputs.given++
        const quoted = quoteName(text)
        expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(text)
        expect(quoted.slice(1, -1).replaceAll('""', "")).not.toContain('"')
        const { from, below } = prefixRange(text)
        expect(from).toBe(text)
        if (below !== null && text.isWellFormed()) expect(Buffer.compare(Buffer.from(below), Buffer.from(text))).toBe(1)
      })
    },
    PATIENCE,
  )

  it(
    "META-4 text that is no metadata is a RowError; what is, comes back the same",
    async () => {
      const spoilt = fc.tuple(metaRecords, fc.nat(400), fc.nat(6), oddText).map(([record, at, length, text]) => {
        const json = record.kind === "meta" ? encodeMeta(record.meta) : ""
        return json.slice(0, at) + text + json.slice(at + length)
      })
      await inputs.throwAt(400, fc.oneof(spoilt, fc.json(), oddText), text => {
        inputs.given++
        const meta = tryDecodeMeta(text)
        if (meta instanceof RowError) {
          inputs.refused++
          expect(() => decodeMeta(text)).toThrow(RowError)
        } else expect(decodeMeta(encodeMeta(meta))).toStrictEqual(meta)
      })
    },
    PATIENCE,
  )

  it(
    "LOAD-3 rows that make no sense are found out, or are the records that were stored, and the page can be read again",
    async () => {
      const cases = fc.record({ records: stream, change, piece: fc.integer({ min: 4, max: 40 }), cut: fc.nat(10) })
      await inputs.throwAt(600, cases, ({ records, change, piece, cut }) => {
        inputs.given++
        const good = numbered(records.flatMap((record, at) => encodeRecord(record, at === 0, piece)))
        const rows = applied(good, change)
        const assembler = new RecordAssembler()
        const first = assembler.feed(good.slice(0, cut)).records
        try {
          assembler.feed(rows.slice(cut))
          return
        } catch (error) {
          inputs.refused++
          if (!(error instanceof GapError)) expect(error).toBeInstanceOf(RowError)
        }
        const rest: readonly StoreRecord[] = assembler.feed(good.slice(cut)).records
        expect([...first, ...rest]).toStrictEqual(records)
      })
    },
    PATIENCE,
  )

  it(
    "OPEN-2 whatever tables are found, they are created, used or refused with a reason",
    async () => {
      const column: fc.Arbitrary<FoundColumn> = fc.record({
        name: fc.constantFrom("doc", "doc_id", "data", "seq", "kind", "", "__proto__"),
        type: fc.constantFrom("INTEGER", "TEXT", "", "\0"),
        notNull: fc.boolean(),
        key: fc.nat(3),
        hasDefault: fc.boolean(),
      })
      const found = fc.record({
        meta: fc.option(fc.array(column, { maxLength: 5 })),
        records: fc.option(fc.array(column, { maxLength: 5 })),
        encoding: fc.oneof(fc.constantFrom("UTF-8", "utf8", "UTF-16le"), oddText),
        header: fc.option(fc.oneof(fc.json(), oddText, fc.constant('{"format":"1.0","created":"2026-01-01"}'))),
        hasRows: fc.boolean(),
      })
      const expected = {
        names: tableNames(),
        meta: [{ name: "doc", types: ["INTEGER"] as [string], notNull: false, key: 1 }],
        records: [{ name: "seq", types: ["INTEGER"] as [string], notNull: true, key: 0 }],
      }
      await inputs.throwAt(200, found, tables => {
        inputs.given++
        const verdict = formatGate(tables, expected)
        if (verdict.kind !== "refuse") return
        inputs.refused++
        expect(verdict.message).not.toBe("")
      })
    },
    PATIENCE,
  )
})

type Row = StoredRow & { readonly seq: number }

interface Change {
  readonly kind: "set" | "drop" | "repeat" | "swap"
  readonly at: number
  readonly column: keyof Row
  readonly value: unknown
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("set", "set", "set", "drop", "repeat", "swap"),
  at: fc.nat(6),
  column: fc.constantFrom("seq", "kind", "version", "lineage", "payload", "blob"),
  value: fc.oneof(noise, fc.integer({ min: -1, max: 9 }), fc.constant(null)),
})

function applied(rows: readonly Row[], { kind, at, column, value }: Change): Row[] {
  const changed = [...rows]
  const row = changed[at]
  if (row === undefined) return changed
  if (kind === "set") changed[at] = { ...row, [column]: value }
  if (kind === "drop") changed.splice(at, 1)
  if (kind === "repeat") changed.splice(at, 0, row)
  if (kind === "swap") changed.splice(at, 2, ...changed.slice(at, at + 2).reverse())
  return changed
}
