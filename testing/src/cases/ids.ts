import { isStoreError } from "@holdfast/store-core"
import { collect, deepEqual, equal, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, metaRecord, nastyIds, seeded } from "../fixtures.js"
import { callsWith, create, forEach, labels, META, sortedIds, untyped } from "./support.js"

const utf8 = new TextEncoder()

/** Each with an entry of its own; then each is read, and then all are listed, in whichever order. */
async function keepsApart(store: Parameters<ConformanceCase["run"]>[0]["store"], ids: readonly string[]) {
  await Promise.all(ids.map((id, i) => create(store, id, `entry of ${i}`)))
  const numbered = ids.map((id, i) => [JSON.stringify(id).slice(0, 80), { id, i }] as const)
  await forEach(numbered, async ({ id, i }) => deepEqual(await labels(store, id), [META, `entry of ${i}`]))
  deepEqual(sortedIds(await collect(store.listDocIds())), sortedIds(ids), "listing")
}

const INVALID_TEXTS: readonly (readonly [string, string])[] = [
  ["the empty string", ""],
  ["U+0000 alone", "\0"],
  ["U+0000 at the start", "\0a"],
  ["U+0000 in the middle", "a\0b"],
  ["U+0000 at the end", "a\0"],
  ["a lone high surrogate", "\ud83d"],
  ["a lone low surrogate", "\ude00"],
  ["a reversed pair", "\ude00\ud83d"],
  ["a high surrogate at the end", "a\ud83d"],
  ["a high surrogate before a letter", "\ud83da"],
  ["two high surrogates before a low one", "\ud83d\ud83d\ude00"],
  ["1,025 bytes of one-byte characters", "x".repeat(1025)],
  ["1,025 bytes with a two-byte character", `x${"\u00e9".repeat(512)}`],
  ["1,026 bytes of three-byte characters", "\u20ac".repeat(342)],
  ["1,028 bytes of four-byte characters", "\u{1f600}".repeat(257)],
  ["a mebibyte", "x".repeat(1 << 20)],
]

const NOT_STRINGS: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 1],
  ["NaN", Number.NaN],
  ["a boolean", true],
  ["a bigint", 1n],
  ["a symbol", Symbol("doc")],
  ["a String object", Object("doc")],
  ["bytes", utf8.encode("doc")],
  ["an array", ["doc"]],
  ["an object with toString", { toString: () => "doc" }],
  ["a function", () => "doc"],
]

export const idCases: readonly ConformanceCase[] = [
  {
    id: "id-nasty",
    title: "ids that databases, collations, drivers and file systems are known to confuse are documents of their own",
    rules: ["ID-1"],
    run: ({ store }) => keepsApart(store, nastyIds),
  },
  {
    id: "id-unicode-families",
    title: "ids that differ in case, normal form, white space, width or invisible characters are different documents",
    rules: ["ID-1"],
    run: ({ store }) =>
      keepsApart(store, [
        ...["stra\u00dfe", "STRASSE", "strasse", "stra\u1e9ee", "STRA\u00dfE"],
        ...["\u0130x", "ix", "Ix", "\u0131x", "i\u0307x", "\u00e9x", "e\u0301x", "Ex\u0301", "\uff21x", "Ax", "ax"],
        ...["x", " x", "x ", "x\t", "x\n", "x\r\n", "x\u00a0", "x\u200b", "x\ufeff", "\ufeffx", "x\u00ad"],
        ...["\u{1f468}\u200d\u{1f469}", "\u{1f468}\u{1f469}", "\u{1f1e9}\u{1f1ea}", "\u{1f1e9}", "\ufffe", "\uffff"],
      ]),
  },
  {
    id: "id-random-unicode",
    title: "random well-formed ids from every plane are documents of their own",
    rules: ["ID-1"],
    async run({ store }) {
      const random = seeded(11)
      const ids = new Set<string>()
      while (ids.size < 300) ids.add(random.text(random.int(1, 40)))
      await keepsApart(store, [...ids])
    },
  },
  {
    id: "id-neighbours",
    title: "replace and delete of a document leave documents alone whose ids look like it",
    rules: ["ID-1"],
    async run({ store }) {
      const family = ["doc", "doc-1", "doc/1", "doc\u0001", "doc0", "doc ", "do", "Doc", "doc%", "doc_", "d_c", "%"]
      for (const id of family) await create(store, id, `of ${id}`)
      for (const [i, id] of family.entries()) {
        await (i % 2 === 0 ? store.delete(id) : store.replace(id, [metaRecord(), entry("replaced")]))
        for (const [j, other] of family.entries()) {
          const left = j > i ? [META, `of ${other}`] : j % 2 === 0 ? [] : [META, "replaced"]
          deepEqual(await labels(store, other), left, `${JSON.stringify(other)} after a write to ${JSON.stringify(id)}`)
        }
      }
    },
  },
  {
    id: "id-own-names",
    title: "ids that look like names a store might use itself work",
    rules: ["ID-1"],
    run: ({ store }) =>
      keepsApart(store, [
        ...["holdfast_meta", "holdfast_records", "v1", "header", "format", "meta", "records", "doc", "id", "0", "1"],
        ...["sqlite_master", "sqlite_sequence", "pg_catalog", "information_schema", "_prisma_migrations"],
      ]),
  },
  {
    id: "id-lengths",
    title: "ids of 1 to 1,024 UTF-8 bytes work, whatever number of bytes their characters take",
    rules: ["ID-1"],
    async run({ store }) {
      const lengths = [1, 2, 63, 64, 127, 128, 255, 256, 257, 511, 512, 767, 768, 1000, 1023, 1024]
      const wide = ["\u00e9".repeat(512), "\u20ac".repeat(341), `${"\u20ac".repeat(341)}x`, "\u{1f600}".repeat(256)]
      await keepsApart(store, [...lengths.map(length => "x".repeat(length)), ...wide])
    },
  },
  {
    id: "id-long-common-start",
    title: "ids of 1,024 bytes that differ only in the last byte are different documents",
    rules: ["ID-1"],
    run: ({ store }) =>
      keepsApart(
        store,
        Array.from("abcdefghij0123456789", last => "x".repeat(1023) + last),
      ),
  },
  {
    id: "id-invalid-text",
    title: "a string that is no valid id rejects in every method and stores nothing",
    rules: ["ID-2"],
    async run({ store }) {
      await create(store, "a", "kept")
      await forEach(INVALID_TEXTS, text =>
        forEach(callsWith(store, text), async call => void (await rejects(call, "STORE_INVALID_DOC_ID"))),
      )
      deepEqual(await collect(store.listDocIds()), ["a"])
      deepEqual(await labels(store, "a"), [META, "kept"])
    },
  },
  {
    id: "id-not-a-string",
    title: "an id that is not a string rejects in every method, is never converted, and stores nothing",
    rules: ["ID-2"],
    async run({ store }) {
      await create(store, "doc", "kept")
      await forEach(NOT_STRINGS, value =>
        forEach(callsWith(store, untyped(value)), async call => void (await rejects(call, "STORE_INVALID_DOC_ID"))),
      )
      deepEqual(await collect(store.listDocIds()), ["doc"])
      deepEqual(await labels(store, "doc"), [META, "kept"])
    },
  },
  {
    id: "id-invalid-before-io",
    title: "an invalid id rejects before anything underneath the store is called",
    rules: ["ID-2", "LIST-5"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc")
      parts.fault.arm(1)
      for (const [, text] of INVALID_TEXTS) {
        await forEach(callsWith(store, text), async call => void (await rejects(call, "STORE_INVALID_DOC_ID")))
        if (text !== "") await rejects(() => collect(store.listDocIds(text)), "STORE_INVALID_DOC_ID")
      }
      equal(parts.fault.disarm(), false, "whether anything underneath was called")
    },
  },
  {
    id: "id-invalid-never-yields",
    title: "an iteration that rejected because of an invalid id yields nothing when it is asked again",
    rules: ["ID-2", "LIST-5"],
    async run({ store }) {
      for (const iterable of [store.loadAll("\0"), store.listDocIds("\0")]) {
        const iterator = (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]()
        await rejects(() => iterator.next(), "STORE_INVALID_DOC_ID")
        const again = await iterator.next().then(
          result => result.done,
          error => isStoreError(error, "STORE_INVALID_DOC_ID"),
        )
        equal(again, true, "whether the next step ends or rejects again")
      }
    },
  },
]
