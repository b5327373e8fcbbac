import type { StoreErrorCode, StoreMeta, StoreRecord } from "@holdfast/store-core"

/** What a store has to be: arrays of records by id, changed by one call after the other. Returns what a call rejects with. */
export class Reference {
  readonly #documents = new Map<string, readonly StoreRecord[]>()

  append(id: string, record: StoreRecord): StoreErrorCode | null {
    const code = invalid(id, [record])
    if (code !== null) return code
    const before = this.records(id)
    if (before.length === 0 && record.kind !== "meta") return "STORE_META_MISSING"
    return this.#store(id, before, [...before, record])
  }

  replace(id: string, records: readonly StoreRecord[]): StoreErrorCode | null {
    const code = invalid(id, records)
    if (code !== null) return code
    if (records[0]?.kind !== "meta") return "STORE_META_MISSING"
    return this.#store(id, this.records(id), records)
  }

  delete(id: string): StoreErrorCode | null {
    const code = invalid(id, [])
    if (code === null) this.#documents.delete(id)
    return code
  }

  /** The array does not change any more; a later write makes another. */
  records(id: string): readonly StoreRecord[] {
    return this.#documents.get(id) ?? []
  }

  currentMeta(id: string): StoreMeta | null {
    return lastMeta(this.records(id))
  }

  /** In ascending order of their UTF-8 bytes. */
  ids(prefix: string): string[] {
    return [...this.#documents.keys()].filter(id => id.startsWith(prefix)).sort(compareUtf8)
  }

  #store(id: string, before: readonly StoreRecord[], after: readonly StoreRecord[]): StoreErrorCode | null {
    const metas = [lastMeta(before), ...after.flatMap(record => (record.kind === "meta" ? [record.meta] : []))]
    const identities = metas.filter(meta => meta !== null).map(identity)
    if (new Set(identities).size > 1) return "STORE_META_MISMATCH"
    this.#documents.set(id, after)
    return null
  }
}

/** Whether the contract knows such an id. The sequences have no other invalid ones. */
export function isValidId(id: string): boolean {
  return id !== "" && id.isWellFormed()
}

/** Negative, zero or positive, as `a` comes before, is, or comes after `b` (LIST-2). */
export function compareUtf8(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < x.length && i < y.length; i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return x.length - y.length
}

function invalid(id: string, records: readonly StoreRecord[]): StoreErrorCode | null {
  if (!isValidId(id)) return "STORE_INVALID_DOC_ID"
  const bad = records.some(record => record.kind === "entry" && record.payload.data === "\0")
  return bad ? "STORE_INVALID_RECORD" : null
}

function lastMeta(records: readonly StoreRecord[]): StoreMeta | null {
  return records.findLast(record => record.kind === "meta")?.meta ?? null
}

/** What META-3 does not let change. */
function identity({ replicaType, syncMode }: StoreMeta): string {
  return JSON.stringify([replicaType[0], replicaType[1], syncMode.writerModel, syncMode.delivery, syncMode.durability])
}
