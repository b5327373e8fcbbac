import { deepEqual, equal, ok, show } from "../assert.js"
import { seeded } from "../fixtures.js"
import { type AdapterCheck, type AdapterUnderCheck, createTable, INSERT, rows, SELECT } from "./adapter-check.js"

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw new Error(`bytes came back as ${show(value)}`)
}

function checkBytes(adapter: AdapterUnderCheck, bytes: Uint8Array): void {
  createTable(adapter)
  const expected = Uint8Array.from(bytes)
  adapter.exec(INSERT, 1, "x", bytes)
  const [found] = rows<{ b: unknown; type: string }>(adapter, "SELECT b, typeof(b) AS type FROM holdfast_check")
  equal(found?.type, "blob", "the stored type")
  deepEqual([...bytesOf(found?.b)], [...expected], "the bytes read")
}

const ODD_TEXTS: readonly string[] = [
  ...["", " ", "a'b\"c`d\\e;--", "%_*?", "\r\n\t", "\u00e9 e\u0301 \u212b", "\u{1f469}\u200d\u{1f4bb}"],
  ...["\ufeff", "\ufeffafter a byte order mark that is longer than a few letters", "\ud7ff\ue000\ufffd\ufffe\uffff"],
  ...["\u{10000}\u{10ffff}", "9007199254740993", "1e400", "x'00'", "\u0001\u007f\u0080\u2028"],
]

/** What goes in comes out. */
export const valueChecks: readonly AdapterCheck[] = [
  {
    name: "integers",
    remedy: "Let integers that fit come back as numbers, whatever the connection's default is.",
    run(adapter) {
      createTable(adapter)
      const all = [0, -1, 255, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
      for (const n of all) adapter.exec(INSERT, n, null, null)
      const raw = (sql: string) => Array.from(adapter.iterate<{ n: unknown }>(sql), row => row.n)
      deepEqual(raw(SELECT), all)
      deepEqual(raw("SELECT count(*) AS n FROM holdfast_check"), [all.length])
    },
  },
  {
    name: "nulls",
    remedy: "Bind null as NULL, and give NULL back as null.",
    run(adapter) {
      createTable(adapter)
      adapter.exec(INSERT, null, null, null)
      deepEqual(rows(adapter), [{ n: null, s: null, b: null }])
      deepEqual(rows<object>(adapter, "SELECT typeof(s) AS type FROM holdfast_check"), [{ type: "null" }])
    },
  },
  {
    name: "text",
    remedy:
      "Bind and read text as UTF-8 without changing it: no normalising, no byte order mark dropped, '' is not null.",
    run(adapter) {
      createTable(adapter)
      const random = seeded(1)
      const texts = [...ODD_TEXTS, ...Array.from({ length: 50 }, (_, i) => `${i}${random.text(40)}`)]
      for (const text of texts) adapter.exec(INSERT, null, text, null)
      const sql = "SELECT s, octet_length(s) AS bytes FROM holdfast_check ORDER BY id"
      const found = rows<{ s: unknown; bytes: unknown }>(adapter, sql)
      const length = (text: string) => new TextEncoder().encode(text).length
      for (const [i, text] of texts.entries()) {
        equal(found[i]?.bytes, length(text), `bytes stored of ${show(text)}`)
        equal(found[i]?.s, text, "text")
      }
    },
  },
  {
    name: "bytes",
    remedy: "Bind a Uint8Array as a blob, and give blobs back as Uint8Array or ArrayBuffer.",
    run: adapter =>
      checkBytes(
        adapter,
        Uint8Array.from({ length: 512 }, (_, i) => i),
      ),
  },
  {
    name: "bytes-empty",
    remedy: "Bind an empty Uint8Array as an empty blob, not as NULL, and give it back as one.",
    run: adapter => checkBytes(adapter, new Uint8Array()),
  },
  {
    name: "bytes-of-a-view",
    remedy: "Bind only the part of the buffer that the Uint8Array shows: mind byteOffset and byteLength.",
    run: adapter => checkBytes(adapter, Uint8Array.from([9, 9, 1, 2, 3, 9]).subarray(2, 5)),
  },
  {
    name: "large-values",
    remedy: "Let blobs and text of 1,000,000 bytes pass: the store cuts larger records into pieces of that size.",
    run(adapter) {
      createTable(adapter)
      const text = "\u20ac".repeat(333_333)
      adapter.exec(INSERT, 1, text, new Uint8Array(1_000_000).fill(7))
      const [found] = rows(adapter)
      ok(found?.s === text, "text of 1,000,000 bytes comes back equal")
      const bytes = bytesOf(found?.b)
      ok(bytes.length === 1_000_000 && bytes.every(byte => byte === 7), "1,000,000 bytes come back equal")
    },
  },
]
