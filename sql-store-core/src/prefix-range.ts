/** Where the ids with a prefix lie in UTF-8 byte order: `from <= id`, and `id < below` unless `below` is null. */
export interface PrefixRange {
  readonly from: string
  readonly below: string | null
}

const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000
const LAST_CODE_POINT = 0x10ffff

/**
 * The range, in UTF-8 byte order, that holds exactly the ids starting with `prefix`, which is `""` or a valid id.
 *
 * The meta table also keeps the store's header, under the id `""`, which is not a document: a statement whose `from`
 * is `""` has to use `from < id`.
 */
export function prefixRange(prefix: string): PrefixRange {
  return { from: prefix, below: successor(prefix) }
}

/**
 * The least text above everything that starts with `prefix`: its last code point made greater by one. UTF-8 orders by
 * code points, among which surrogates do not occur; after U+10FFFF the code point before it has to grow instead.
 */
function successor(prefix: string): string | null {
  const points = Array.from(prefix)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) as number
    if (point === LAST_CODE_POINT) continue
    const next = point + 1 === FIRST_SURROGATE ? AFTER_SURROGATES : point + 1
    return points.join("") + String.fromCodePoint(next)
  }
  return null
}
