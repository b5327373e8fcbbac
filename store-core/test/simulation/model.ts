import { needsMeta, type StoreErrorCode, type StoreMeta, type WriteOperation } from "@holdfast/store-core"
import { label } from "../support/records.js"

/** A document as plain data; null when it does not exist. */
export type State = { readonly meta: StoreMeta; readonly labels: readonly string[] } | null

/** What a write makes of a document, or the code it is refused with: the rules once more, as simple as can be. */
export function decide(state: State, operation: WriteOperation): State | StoreErrorCode {
  if (operation.kind === "delete") return null
  let meta = state?.meta ?? null
  if (meta === null && !needsMeta({ ...operation, records: operation.records.slice(0, 1) })) return "STORE_META_MISSING"
  for (const record of operation.records) {
    if (record.kind !== "meta") continue
    if (meta !== null && meta.replicaType[0] !== record.meta.replicaType[0]) return "STORE_META_MISMATCH"
    meta = record.meta
  }
  const before = operation.kind === "append" ? (state?.labels ?? []) : []
  return { meta: meta as StoreMeta, labels: [...before, ...operation.records.map(label)] }
}

export function sameState(a: State, b: State): boolean {
  if (a === null || b === null) return a === b
  return a.meta.schemaHash === b.meta.schemaHash && a.labels.join() === b.labels.join()
}

/** A write by what tells it from others: deletes look alike. */
export function keyOf(operation: WriteOperation): string {
  const [first] = operation.kind === "delete" ? [] : operation.records
  return first === undefined ? operation.kind : `${operation.kind} ${label(first)}`
}
