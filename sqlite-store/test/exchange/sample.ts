import type { DocId, Store, StoreMeta, StoreRecord } from "@holdfast/store-core"
import {
  binaryEntry,
  collect,
  deepEqual,
  type EntryRecord,
  entries,
  entry,
  metaRecord,
  nastyIds,
  seeded,
} from "@holdfast/testing"

const random = seeded(7)

const PLAIN: Partial<StoreMeta> = {
  replicaType: ["list", 0, 9_007_199_254],
  syncMode: { writerModel: "serialized", delivery: "snapshot-only", durability: "transient" },
  schemaHash: "",
}

/** 3 MB of text whose characters have one to four bytes, so that cuts fall into characters, and 3 MB of bytes. */
const LARGE: readonly StoreRecord[] = [
  metaRecord({ schemaHash: "é😀\"'\\ \u2028" }),
  entry(`${"añ€😀".repeat(300_000)}\ufeff`, { kind: "entirety", version: "😀".repeat(1000), lineage: "é".repeat(500) }),
  binaryEntry(random.bytes(3_000_000), { version: "\ufeffv" }),
]

const EMPTY: readonly StoreRecord[] = [
  metaRecord(PLAIN),
  entry("", { version: "" }),
  entry("", { kind: "entirety", version: "", lineage: "" }),
  binaryEntry(new Uint8Array(), { version: "" }),
  binaryEntry(new Uint8Array(), { kind: "entirety", version: "", lineage: "" }),
]

const ODD: readonly StoreRecord[] = [
  metaRecord(),
  entry("\ufeff[1]", { version: "9007199254740993", lineage: "\ufeff" }),
  ...Array.from({ length: 200 }, (_, i): EntryRecord => {
    const options = { version: random.text(10), ...(i % 2 === 0 && { lineage: random.text(5) }) }
    return i % 3 === 0 ? binaryEntry(random.bytes(i), options) : entry(random.text(i), options)
  }),
  metaRecord({ schemaHash: "second", replicaType: ["text", 1, 2] }),
]

/** What the sample is in the end, without what `addTo` adds. */
const SAMPLE: ReadonlyMap<DocId, readonly StoreRecord[]> = new Map([
  ...nastyIds.map((id): [DocId, StoreRecord[]] => [id, [metaRecord({ schemaHash: id }), entry(id)]]),
  ["kinds/large", LARGE],
  ["kinds/empty", EMPTY],
  ["kinds/odd", ODD],
  ["kinds/replaced", [metaRecord(PLAIN), ...LARGE.slice(1), ...entries(20)]],
])

/** Writes the sample in every way a store can write. The same calls, so the same rows, whatever the binding. */
export async function writeSample(store: Store): Promise<void> {
  await store.append("deleted", metaRecord())
  for (const [docId, records] of SAMPLE) {
    const [first, ...rest] = records as [StoreRecord, ...StoreRecord[]]
    await store.append(docId, first)
    if (docId === "kinds/replaced") await store.replace(docId, [...records])
    else await Promise.all(rest.map(record => store.append(docId, record)))
  }
  await store.delete("deleted")
}

/** Fails unless the store has exactly the sample and, at the end of one document, what `additions` names. */
export async function expectSample(store: Store, additions: readonly string[] = []): Promise<void> {
  const encoder = new TextEncoder()
  const hex = (id: DocId) => Array.from(encoder.encode(id), byte => byte.toString(16).padStart(2, "0")).join("")
  const ids = [...SAMPLE.keys()].sort((a, b) => (hex(a) < hex(b) ? -1 : 1))
  deepEqual(await collect(store.listDocIds()), ids, "ids")
  for (const [docId, records] of SAMPLE) {
    const added = docId === "kinds/odd" ? additions.map(text => entry(text)) : []
    deepEqual(await collect(store.loadAll(docId)), [...records, ...added], `records of ${JSON.stringify(docId)}`)
  }
}

/** Appends one more record to the sample. */
export function addTo(store: Store, text: string): Promise<void> {
  return store.append("kinds/odd", entry(text))
}
