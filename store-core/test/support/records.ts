import type { Store, StoreMeta, StoreRecord } from "@holdfast/store-core"

export function meta(overrides: Partial<StoreMeta> = {}): StoreMeta {
  return {
    replicaType: ["text", 1, 0],
    syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "schema-1",
    ...overrides,
  }
}

export function metaRecord(overrides: Partial<StoreMeta> = {}): StoreRecord {
  return { kind: "meta", meta: meta(overrides) }
}

/** A text entry that is recognised by its version. */
export function entry(version: string | number, data = "{}"): StoreRecord {
  return { kind: "entry", payload: { kind: "since", encoding: "json", data }, version: String(version) }
}

/** A batch for `replace`: a meta record and entries with these versions. */
export function batch(...versions: (string | number)[]): StoreRecord[] {
  return [metaRecord(), ...versions.map(version => entry(version))]
}

/** A record in one word: the version of an entry, or `meta:` and the schema hash. */
export function label(record: StoreRecord): string {
  return record.kind === "meta" ? `meta:${record.meta.schemaHash}` : record.version
}

/** All records of a document, in one word each. */
export async function loadLabels(store: Store, docId: string): Promise<string[]> {
  const labels: string[] = []
  for await (const record of store.loadAll(docId)) labels.push(label(record))
  return labels
}

/** What is left of an iteration, in one word each. */
export async function rest(iterator: AsyncIterator<StoreRecord, unknown>): Promise<string[]> {
  const labels: string[] = []
  for (;;) {
    const step = await iterator.next()
    if (step.done === true) return labels
    labels.push(label(step.value))
  }
}

export async function listIds(store: Store, prefix?: string): Promise<string[]> {
  const ids: string[] = []
  for await (const id of store.listDocIds(prefix)) ids.push(id)
  return ids
}

export function load(store: Store, docId: string): AsyncIterator<StoreRecord, unknown> {
  return store.loadAll(docId)[Symbol.asyncIterator]()
}
