import { inspect, isDeepStrictEqual } from "node:util"
import {
  STORE_ERROR_CODES,
  type Store,
  type StoreErrorCode,
  type StoreMeta,
  type StoreRecord,
  verifyStore,
} from "@holdfast/store-core"
import fc from "fast-check"
import { ids, isId, isText, recordOf, records } from "./arguments.js"
import { make, meant, NOTHING, type Shape } from "./shapes.js"

/** One call with arguments that may be anything. */
export interface Write {
  readonly call: "append" | "replace"
  readonly id: Shape
  readonly given: Shape
}
type Call = Write | { readonly call: "delete" | "currentMeta" | "loadAll" | "listDocIds"; readonly id: Shape }

/** Some calls on one store, awaited one after the other or made all at once. */
export interface Attack {
  readonly calls: readonly Call[]
  readonly atOnce: boolean
}

export const writes: fc.Arbitrary<Write> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ call: fc.constant("append" as const), id: ids, given: records.one }) },
  { weight: 5, arbitrary: fc.record({ call: fc.constant("replace" as const), id: ids, given: records.batch }) },
)

const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 13, arbitrary: writes },
  {
    weight: 4,
    arbitrary: fc.record({ call: fc.constantFrom("delete", "currentMeta", "loadAll", "listDocIds"), id: ids }),
  },
)

export function attacks(most: number): fc.Arbitrary<Attack> {
  return fc.record({ calls: fc.array(calls, { minLength: 1, maxLength: most, size: "max" }), atOnce: fc.boolean() })
}

/** What the store must have: the records of every document. */
export type Documents = Map<string, StoreRecord[]>

const HANGS = 20_000

/**
 * Makes the calls and compares every answer, and what is stored in the end, with a model: refused with a typed error and
 * without a trace, or done in full. Returns how many calls were refused.
 */
export async function attackStore(store: Store, { calls, atOnce }: Attack): Promise<number> {
  const documents: Documents = new Map()
  const neighbour: StoreRecord[] = [META, { kind: "entry", payload: PAYLOAD, version: "kept" }]
  await store.replace("neighbour", neighbour)
  documents.set("neighbour", neighbour)
  let refused = 0
  const answers: Promise<void>[] = []
  for (const one of calls) {
    const spoils: (() => void)[] = []
    const expected = expectedOf(one, documents, atOnce)
    const answer = within(begin(store, one, spoils), one.call)
    // The caller goes on using what it passed.
    for (const spoil of spoils) spoil()
    if (Array.isArray(expected)) refused++
    const checked = compare(one, answer, expected)
    answers.push(checked)
    if (atOnce) checked.catch(() => {})
    else await checked
  }
  await Promise.all(answers)
  await expectDocuments(store, documents)
  for (const id of documents.keys()) await store.delete(id)
  return refused
}

/** Every document as it must be, and nothing else, and nothing wrong with it. */
export async function expectDocuments(store: Store, documents: Documents): Promise<void> {
  const listed = await within(collect(store.listDocIds()), "listDocIds")
  same(listed, sorted(documents.keys()), "the ids listed")
  for (const [id, stored] of documents)
    same(await within(collect(store.loadAll(id)), "loadAll"), stored, `document ${id}`)
  const { findings } = await within(verifyStore(store), "verifyStore")
  same(findings, [], "what verifyStore finds")
}

function begin(store: Store, one: Call, spoils: (() => void)[]): Promise<unknown> {
  const id = make(one.id, spoils) as string
  switch (one.call) {
    case "append":
      return store.append(id, make(one.given, spoils) as StoreRecord)
    case "replace":
      return store.replace(id, make(one.given, spoils) as StoreRecord[])
    case "delete":
      return store.delete(id)
    case "currentMeta":
      return store.currentMeta(id)
    case "loadAll":
      return collect(store.loadAll(id))
    case "listDocIds":
      return collect(store.listDocIds(id))
  }
}

/** The codes the call may be refused with, or what it answers; `NOTHING` where the answer depends on chance. */
export type Expected = readonly StoreErrorCode[] | { readonly answer: unknown }

/** Judges the call by SPEC.md and does it on the model. */
function expectedOf(one: Call, documents: Documents, atOnce: boolean): Expected {
  const id = meant(one.id)
  if (one.call === "listDocIds") {
    const prefix = id === undefined ? "" : id
    if (!isText(prefix, 1024)) return ["STORE_INVALID_DOC_ID"]
    const matching = [...documents.keys()].filter(key => key.startsWith(prefix))
    return { answer: atOnce ? NOTHING : sorted(matching) }
  }
  if (!isId(id)) return ["STORE_INVALID_DOC_ID"]
  const stored = documents.get(id)
  switch (one.call) {
    case "append":
    case "replace":
      return write(one, documents)
    case "delete":
      documents.delete(id)
      return { answer: undefined }
    case "currentMeta":
      return { answer: stored === undefined ? null : lastMeta(stored) }
    case "loadAll":
      return { answer: stored ?? [] }
  }
}

/** As `expectedOf` for a write, which `transact` makes too. */
export function write({ call, id: document, given }: Write, documents: Documents): Expected {
  const id = meant(document)
  if (!isId(id)) return ["STORE_INVALID_DOC_ID"]
  const value = meant(given)
  const list = call === "append" ? [value] : value
  if (!Array.isArray(list)) return BAD_RECORD
  const all = Array.from(list, recordOf)
  const good = all.filter(record => record !== null)
  if (good.length < all.length) return BAD_RECORD
  const stored = documents.get(id)
  if (good[0]?.kind !== "meta" && (call === "replace" || stored === undefined)) return ["STORE_META_MISSING"]
  const metas = [...(stored ?? []), ...good].filter(record => record.kind === "meta").map(({ meta }) => identity(meta))
  if (new Set(metas).size > 1) return ["STORE_META_MISMATCH"]
  documents.set(id, call === "append" ? [...(stored ?? []), ...good] : good)
  return { answer: undefined }
}

const BAD_RECORD = ["STORE_INVALID_RECORD", "STORE_RECORD_TOO_LARGE"] as const

async function compare(one: Call, answer: Promise<unknown>, expected: Expected): Promise<void> {
  const settled = await answer.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ("error" in settled) {
    const code = codeOf(settled.error)
    if (!Array.isArray(expected) || !expected.includes(code))
      wrong(one.call, `rejected with ${code}`, expected, settled)
  } else if ("answer" in expected) {
    if (expected.answer !== NOTHING) same(settled.value, expected.answer, one.call)
  } else wrong(one.call, "resolved", expected, settled)
}

/** Fails unless it is a complete `StoreError` (ERROR-1). */
export function codeOf(error: unknown): StoreErrorCode {
  const found = error as Record<string, unknown>
  const complete =
    error instanceof Error &&
    error.name === "StoreError" &&
    typeof found.backend === "string" &&
    typeof found.retryable === "boolean" &&
    (found.outcome === "none" || found.outcome === "unknown") &&
    error.message !== "" &&
    (STORE_ERROR_CODES as readonly unknown[]).includes(found.code)
  if (!complete) throw new Error(`not a complete StoreError: ${inspect(error)}`, { cause: error })
  return found.code as StoreErrorCode
}

/** Fails when the promise has not settled after a while, which the test runner would say of the whole test only. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), HANGS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) wrong(what, "differs", expected, actual)
}

function wrong(what: string, how: string, expected: unknown, actual: unknown): never {
  const shown = (value: unknown) => inspect(value, { depth: 8, maxStringLength: 100 })
  throw new Error(`${what} ${how}; expected ${shown(expected)}, got ${shown(actual)}`)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

function sorted(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function lastMeta(stored: readonly StoreRecord[]): StoreMeta | undefined {
  return stored.findLast(record => record.kind === "meta")?.meta
}

function identity({ replicaType: [name, major], syncMode }: StoreMeta): string {
  return JSON.stringify([name, major, syncMode])
}

const META: StoreRecord = {
  kind: "meta",
  meta: {
    replicaType: ["text", 1, 0],
    syncMode: { writerModel: "serialized", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "",
  },
}
const PAYLOAD = { kind: "since", encoding: "json", data: "{}" } as const
