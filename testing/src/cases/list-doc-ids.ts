import type { Store } from "@holdfast/store-core"
import { collect, deepEqual, ok, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, metaRecord, nastyIds, type Random, seeded } from "../fixtures.js"
import { create, createAll, forEach, names, outcomes, sortedIds, untyped } from "./support.js"

async function checkPrefixes(store: Store, ids: readonly string[], prefixes: Iterable<string>): Promise<void> {
  const sorted = sortedIds(ids)
  for (const prefix of prefixes) {
    const expected = sorted.filter(id => id.startsWith(prefix))
    deepEqual(await collect(store.listDocIds(prefix)), expected, `prefix ${JSON.stringify(prefix).slice(0, 80)}`)
  }
}

/** Ids of few different characters share prefixes; random text alone would hardly ever. */
function randomIds(random: Random, count: number): string[] {
  const units = ["a", "A", "b", "/", "%", "_", "\\", "\u00e9", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"]
  const ids = new Set<string>()
  while (ids.size < count) {
    const common = Array.from({ length: random.int(1, 5) }, () => random.pick(units)).join("")
    ids.add(random.chance(0.3) ? common + random.text(random.int(0, 6)) : common)
    if (random.chance(0.3)) ids.add(random.text(random.int(1, 10)))
  }
  return [...ids].slice(0, count)
}

/** Beginnings of ids, cut between code points so that each is a valid prefix, and some that fit no id. */
function randomPrefixes(random: Random, ids: readonly string[], count: number): string[] {
  return Array.from({ length: count }, () => {
    if (random.chance(0.1)) return random.text(random.int(1, 3))
    const points = [...random.pick(ids)]
    return points.slice(0, random.int(1, points.length)).join("")
  })
}

export const listCases: readonly ConformanceCase[] = [
  {
    id: "list-empty",
    title: "a store without documents lists nothing, with any prefix",
    rules: ["LIST-1"],
    async run({ store }) {
      for (const prefix of [undefined, "", "a", "%"]) deepEqual(await collect(store.listDocIds(prefix)), [])
    },
  },
  {
    id: "list-all",
    title: "no prefix, undefined and the empty prefix list all documents, each once",
    rules: ["LIST-1"],
    async run({ store }) {
      await Promise.all(names("doc", 30).map(doc => create(store, doc, "a", "b")))
      for (const doc of names("doc", 30)) await store.append(doc, metaRecord({ schemaHash: "again" }))
      deepEqual(await collect(store.listDocIds()), names("doc", 30), "no prefix")
      deepEqual(await collect(store.listDocIds(undefined)), names("doc", 30), "undefined")
      deepEqual(await collect(store.listDocIds("")), names("doc", 30), "empty prefix")
    },
  },
  {
    id: "list-only-documents",
    title: "ids that were only asked about, refused or deleted are not listed",
    rules: ["LIST-1"],
    async run({ store }) {
      await create(store, "doc")
      await create(store, "deleted")
      await store.currentMeta("asked")
      await collect(store.loadAll("loaded"))
      const refused = [store.append("refused", entry("x")), store.replace("empty", []), store.delete("deleted")]
      deepEqual(await outcomes(refused), ["STORE_META_MISSING", "STORE_META_MISSING", "ok"])
      deepEqual(await collect(store.listDocIds()), ["doc"])
    },
  },
  {
    id: "list-literal-prefix",
    title: "no character of a prefix is special: wildcards, escapes, quotes and case match themselves only",
    rules: ["LIST-1"],
    async run({ store }) {
      const ids = [
        ...[
          "users/x",
          "Users/x",
          "USERS/x",
          "users",
          "users/",
          "users0",
          "users.",
          "user",
          "a",
          "ab",
          "a%",
          "a%b",
          "a_",
        ],
        ...[
          "a_b",
          "axb",
          "[a]",
          "[ab]",
          "*",
          "?",
          "%",
          "%%",
          "_",
          "__",
          "\\",
          "\\%",
          "a\\",
          "a\\_",
          "'",
          "''",
          '"',
          "a'b",
        ],
      ]
      await createAll(store, ids)
      await checkPrefixes(store, ids, [...ids, "u", "U", "us", "A", "[", "]", "%_", "\\\\", "a\\%", "x' OR 1=1 --"])
    },
  },
  {
    id: "list-nasty-prefixes",
    title: "each id that databases or collations confuse works as a prefix, for itself and for what follows it",
    rules: ["LIST-1"],
    async run({ store }) {
      const longer = nastyIds.flatMap(id => [`${id}!`, `${id}\u{10ffff}`]).filter(id => id.length < 300)
      const ids = [...new Set([...nastyIds, ...longer])]
      await createAll(store, ids)
      await checkPrefixes(store, ids, nastyIds)
    },
  },
  {
    id: "list-order-is-utf8",
    title: "ids come in the order of their UTF-8 bytes, not of UTF-16 units, alphabets or numbers",
    rules: ["LIST-2"],
    async run({ store }) {
      const ids = [
        ...["b", "B", "a", "A", "aa", "a b", "a-b", "aB", "a10", "a9", "a09", "\u00e4", "z", "Z", "zz", "\u00df", "ss"],
        ...[
          "\u{1f600}",
          "\ufffd",
          "\uffff",
          "\ue000",
          "\ud7ff",
          "\u{10000}",
          "x\u{10000}",
          "x\uffff",
          "e\u0301",
          "\u00e9",
        ],
      ]
      await createAll(store, ids.toReversed())
      const listed = await collect(store.listDocIds())
      deepEqual(listed, sortedIds(ids))
      ok(listed.indexOf("\uffff") < listed.indexOf("\u{10000}"), "U+FFFF comes before U+10000")
    },
  },
  {
    id: "list-order-under-collations",
    title: "punctuation, digits and case around a separator neither widen nor narrow what a prefix lists",
    rules: ["LIST-1"],
    async run({ store }) {
      const ids = [
        "p",
        "p/",
        "p/1",
        "p/a",
        "p/A",
        "p0",
        "p.",
        "p:",
        "p-",
        "p ",
        "P/1",
        "p/1048576",
        "pp/1",
        "p\u00e9",
        "p/\u00e9",
      ]
      await createAll(store, ids)
      await checkPrefixes(store, ids, ["p/", "p", "P", "p/1", "p0", "p:", "p ", "p\u00e9"])
    },
  },
  {
    id: "list-every-plane",
    title: "ids that begin with the first and last characters of every plane and UTF-8 length are listed",
    rules: ["LIST-1"],
    async run({ store }) {
      const edges = [
        0x1, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff,
      ]
      for (let plane = 1; plane <= 16; plane++) edges.push(plane * 0x10000, plane * 0x10000 + 0xffff)
      const ids = edges.flatMap(point => {
        const char = String.fromCodePoint(point)
        return [char, `${char}a`, char + char, `a${char}`]
      })
      await createAll(store, ids)
      deepEqual(await collect(store.listDocIds()), sortedIds(ids))
      await checkPrefixes(store, ids, [
        ...edges.map(point => String.fromCodePoint(point)),
        "a",
        "a\ud7ff",
        "a\u{10ffff}",
      ])
    },
  },
  {
    id: "list-prefix-ends-at-an-edge",
    title: "prefixes that end in U+D7FF, U+FFFF or U+10FFFF, or consist of them, list exactly their ids",
    rules: ["LIST-1"],
    async run({ store }) {
      const edges = [
        "\ud7ff",
        "\uffff",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
        "a\u{10ffff}",
        "a\ud7ff",
        "\u007f",
        "\u07ff",
      ]
      const after = ["\ue000", "\u{10000}", "b", "a\ue000", "\u0080", "\u0800", "a\uffff\uffff", "\u{10fffe}"]
      const ids = [
        ...new Set([...edges, ...after, ...edges.flatMap(id => [`${id}a`, `${id}\u{10ffff}`, `${id}\u0001`])]),
      ]
      await createAll(store, ids)
      await checkPrefixes(store, ids, [...edges, ...after])
    },
  },
  {
    id: "list-long-prefixes",
    title: "prefixes of 51, 500 and 1,024 bytes work",
    rules: ["LIST-1"],
    async run({ store }) {
      const stems = [50, 51, 499, 500, 1022, 1023].map(length => "x".repeat(length))
      const ids = [...stems, ...stems.map(stem => `${stem}y`), "x".repeat(1024), "\u{1f600}".repeat(256)]
      await createAll(store, ids)
      await checkPrefixes(store, ids, [...ids, "y".repeat(1024), "\u{1f600}".repeat(255)])
    },
  },
  {
    id: "list-random",
    title: "for random ids and prefixes a listing is what filtering all ids would give",
    rules: ["LIST-1"],
    async run({ store }) {
      const random = seeded(31)
      const ids = randomIds(random, 1000)
      await createAll(store, ids)
      await checkPrefixes(store, ids, ["", ...randomPrefixes(random, ids, 150)])
    },
  },
  {
    id: "list-random-many",
    title: "for 10,000 random ids and 1,000 random prefixes a listing is what filtering all ids would give",
    rules: ["LIST-1"],
    slow: true,
    async run({ store }) {
      const random = seeded(32)
      const ids = randomIds(random, 10_000)
      await createAll(store, ids)
      await checkPrefixes(store, ids, ["", ...randomPrefixes(random, ids, 1000)])
    },
  },
  {
    id: "list-invalid-prefix",
    title: "a prefix that is neither empty nor a valid id rejects with the first step",
    rules: ["LIST-5"],
    async run({ store }) {
      await create(store, "\u{1f600}")
      const prefixes: [string, unknown][] = [
        ["U+0000", "\0"],
        ["U+0000 inside", "a\0b"],
        ["half of a character", "\ud83d"],
        ["the other half", "\ude00"],
        ["1,025 bytes", "x".repeat(1025)],
        ["1,026 bytes of three-byte characters", "\u20ac".repeat(342)],
        ["null", null],
        ["a number", 0],
        ["false", false],
        ["a String object", Object("a")],
        ["an array", ["a"]],
        ["an object", {}],
      ]
      await forEach(
        prefixes,
        async prefix => void (await rejects(() => collect(store.listDocIds(untyped(prefix))), "STORE_INVALID_DOC_ID")),
      )
    },
  },
]
