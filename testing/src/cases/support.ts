import type { DocId, Store, StoreRecord } from "@holdfast/store-core"
import { collect, equal, show, storeError } from "../assert.js"
import { entry, metaRecord } from "../fixtures.js"

/** How `labels` shows the metadata record that `create` writes. */
export const META = "meta schema-1"

/** Creates the document with metadata and one text entry for each text, all called in one tick. */
export async function create(store: Store, docId: DocId, ...texts: readonly string[]): Promise<void> {
  await Promise.all([store.append(docId, metaRecord()), ...texts.map(text => store.append(docId, entry(text)))])
}

/** Creates documents that have only metadata, called in one tick. */
export function createAll(store: Store, ids: readonly string[]): Promise<unknown> {
  return Promise.all(ids.map(id => store.append(id, metaRecord())))
}

/** A record as one short text: an entry's text, the number of its bytes, or `meta` and the schema hash. */
export function label(record: StoreRecord): string {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  const { data } = record.payload
  return typeof data === "string" ? data : `${data.length} bytes`
}

/** The document's records as `label` shows them. */
export async function labels(store: Store, docId: DocId): Promise<string[]> {
  return (await collect(store.loadAll(docId))).map(label)
}

/**
 * What became of calls made without awaiting: `"ok"` or the code of a proper `StoreError`. Handlers are attached at once,
 * so that a rejection is not taken for an unhandled one while another call is still pending.
 */
export async function outcomes(calls: readonly PromiseLike<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map(result => (result.status === "fulfilled" ? "ok" : storeError(result.reason).code))
}

/**
 * The items of an iteration, which fails behind so many. One that goes on for ever with what the loop itself writes may leave
 * no timer a turn, and would take all memory.
 */
export async function* upTo<T>(most: number, iterable: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  let count = 0
  for await (const item of iterable) {
    if (++count > most) throw new Error(`the iteration goes on behind ${most} items`)
    yield item
  }
}

/** An iterator that has not started. */
export function iterate<T>(iterable: AsyncIterable<T>): AsyncIterator<T> {
  return iterable[Symbol.asyncIterator]()
}

/** An iterator that has yielded its first item, which must exist. */
export async function started<T>(iterable: AsyncIterable<T>): Promise<AsyncIterator<T>> {
  const iterator = iterate(iterable)
  equal((await iterator.next()).done, false, "done of the first next()")
  return iterator
}

/** Everything an iterator has still to yield. */
export function rest<T>(iterator: AsyncIterator<T>): Promise<T[]> {
  return collect({ [Symbol.asyncIterator]: () => iterator })
}

/** The names of the numbers from 0 to `count - 1`, in order of text as well as of number. */
export function names(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}${String(i).padStart(5, "0")}`)
}

/** A value where the types ask for another one: what a caller without types may pass. */
export function untyped<T>(value: unknown): T {
  return value as T
}

/** One call of every method that takes an id, by name. `loadAll` and `listDocIds` report with their first `next()`. */
export function callsWith(store: Store, docId: DocId): readonly (readonly [string, () => Promise<unknown>])[] {
  return [
    ["append of a meta", () => store.append(docId, metaRecord())],
    ["append of an entry", () => store.append(docId, entry("x"))],
    ["loadAll", () => iterate(store.loadAll(docId)).next()],
    ["replace", () => store.replace(docId, [metaRecord()])],
    ["delete", () => store.delete(docId)],
    ["currentMeta", () => store.currentMeta(docId)],
  ]
}

/** Runs `test` for every value and names the value when it fails. */
export async function forEach<T>(
  values: Iterable<readonly [what: string, value: T]>,
  test: (value: T, what: string) => Promise<void>,
): Promise<void> {
  for (const [what, value] of values) {
    try {
      await test(value, what)
    } catch (error) {
      throw new Error(`${what}: ${error instanceof Error ? error.message : show(error)}`, { cause: error })
    }
  }
}

/** Ids in the order of LIST-2: ascending UTF-8 bytes, which is the order of code points. */
export function sortedIds(ids: Iterable<DocId>): DocId[] {
  return [...ids].sort(compareCodePoints)
}

function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a, char => char.codePointAt(0) ?? 0)
  const right = Array.from(b, char => char.codePointAt(0) ?? 0)
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++) {
    const order = (left[i] ?? 0) - (right[i] ?? 0)
    if (order !== 0) return order
  }
  return left.length - right.length
}
