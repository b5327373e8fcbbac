import type { DocId, Store, StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entries, entry, metaRecord } from "@holdfast/testing"
import { TRIES_ALL } from "./fault-steps.js"

/** Every document's records, in short. */
export type State = ReadonlyMap<DocId, readonly string[]>

/** One call of an operation: what it does, and what the documents are after it. */
export interface Call {
  /** Undefined for a listing. */
  readonly docId: DocId | undefined
  readonly reads: boolean
  readonly run: (store: Store) => Promise<unknown>
  readonly apply: (state: State) => State
}

const label = (record: StoreRecord): string => {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  const { data } = record.payload
  return typeof data === "string" ? data : `${data.length} bytes`
}

export async function stateOf(store: Store): Promise<State> {
  const ids = await collect(store.listDocIds())
  const loads = await Promise.all(ids.map(docId => collect(store.loadAll(docId))))
  return new Map(ids.map((docId, i) => [docId, (loads[i] ?? []).map(label)]))
}

export function sorted(state: State): [DocId, readonly string[]][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1))
}

function withDoc(state: State, docId: DocId, change: (labels: readonly string[]) => readonly string[]): State {
  const labels = change(state.get(docId) ?? [])
  const next = new Map([...state].filter(([id]) => id !== docId))
  return labels.length === 0 ? next : next.set(docId, labels)
}

const write = (docId: DocId, run: Call["run"], change: (labels: readonly string[]) => readonly string[]): Call => ({
  docId,
  reads: false,
  run,
  apply: state => withDoc(state, docId, change),
})
const append = (docId: DocId, record: StoreRecord) =>
  write(
    docId,
    store => store.append(docId, record),
    labels => [...labels, label(record)],
  )
const replace = (docId: DocId, ...records: StoreRecord[]) =>
  write(
    docId,
    store => store.replace(docId, records),
    () => records.map(label),
  )
const remove = (docId: DocId) =>
  write(
    docId,
    store => store.delete(docId),
    () => [],
  )
const read = (docId: DocId | undefined, run: Call["run"]): Call => ({ docId, reads: true, run, apply: state => state })
const load = (docId: DocId) => read(docId, store => collect(store.loadAll(docId)))

/** An entry for a document that does not exist: it rejects, whatever becomes of its neighbours. */
export const REFUSED = "refused"
const refused = write(
  REFUSED,
  store => store.append(REFUSED, entry("x")),
  () => [],
)

const LARGE = binaryEntry(new Uint8Array(1_000_001))
const TWO = metaRecord({ schemaHash: "two" })

/** What every run begins with. */
export const BEFORE: State = new Map([
  ["doc", ["meta schema-1", "a", "b"]],
  ["kept", ["meta schema-1", "a"]],
  ["other", ["meta schema-1", ...entries(15).map(label)]],
])

/** `store` writes the last entries of two documents, so that it knows where these end. */
export async function prepare(outside: Store, store = outside): Promise<void> {
  await Promise.all([
    outside.replace("doc", [metaRecord(), entry("a")]),
    outside.replace("kept", [metaRecord()]),
    outside.replace("other", [metaRecord(), ...entries(15)]),
    outside.delete("new"),
  ])
  await Promise.all([store.append("doc", entry("b")), store.append("kept", entry("a"))])
}

/** Calls made in one tick, so that writes share a commit. */
export const OPERATIONS: Readonly<Record<string, readonly Call[]>> = {
  "an append": [append("doc", entry("c"))],
  "an append of metadata": [append("doc", TWO)],
  "an append that creates": [append("new", metaRecord())],
  "an append of pieces": [append("doc", LARGE)],
  "a group of one entry each": [append("doc", entry("c")), append("kept", entry("d"))],
  "a group of appends beside an unknown document": [
    append("doc", entry("c")),
    refused,
    append("other", entry("d")),
    append("doc", entry("e")),
  ],
  "a replace": [replace("doc", TWO, LARGE, entry("c"))],
  "a replace that creates": [replace("new", metaRecord(), ...entries(20))],
  "a delete": [remove("doc")],
  "a group over neighbours": [
    append("doc", entry("c")),
    append("other", entry("d")),
    append("new", metaRecord()),
    append("new", entry("e")),
    refused,
    replace("kept", TWO, entry("f")),
    append("doc", entry("g")),
    append("doc", TWO),
  ],
  "a group with everything on one document": [
    append("doc", entry("c")),
    remove("doc"),
    append("doc", metaRecord()),
    append("kept", entry("d")),
    replace("doc", TWO),
    remove("other"),
    append("doc", entry("e")),
  ],
  "a load": [load("doc")],
  "loads that share a statement": [load("doc"), load("other"), load("absent")],
  "a load beside an append": [append("doc", entry("c")), load("doc")],
  "a reading of metadata": [read("doc", store => store.currentMeta("doc"))],
  "a listing": [read(undefined, store => collect(store.listDocIds("d")))],
}

const FEW = [
  "an append",
  "a group of one entry each",
  "a group of appends beside an unknown document",
  "a group with everything on one document",
  "a load beside an append",
]

/**
 * Those of the operations that differ most, for connections that run the same statements as others where all are tried.
 * With `HOLDFAST_FAULTS=all` in the environment, all of them.
 */
export const USUAL = Object.entries(OPERATIONS).filter(([name]) => TRIES_ALL || FEW.includes(name))
