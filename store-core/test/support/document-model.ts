import { needsMeta, type StoreErrorCode, type StoreMeta, type WriteOperation } from "@holdfast/store-core"
import { label } from "./records.js"

/** What one call on a document was and what became of it. */
export type Event =
  | { readonly kind: "write"; readonly operation: WriteOperation; outcome: string; unknown: boolean }
  | { readonly kind: "meta"; outcome: string; found: string | null }
  | { readonly kind: "load"; outcome: string; readonly labels: string[]; complete: boolean }

/** A document as plain data; null when it does not exist. */
type State = { readonly meta: StoreMeta; readonly labels: readonly string[] } | null

/** Errors a write may have without anything being stored, whatever the document is. */
const PASSING = new Set([
  "STORE_BUSY",
  "STORE_CONFLICT",
  "STORE_UNAVAILABLE",
  "STORE_FULL",
  "STORE_BACKEND",
  "STORE_CLOSED",
])

/**
 * What the calls on one document, in call order, must have seen if they took effect one after the other. Returns what
 * does not fit, or null. A write whose outcome is unknown leaves two possible documents; what comes next must fit one.
 */
export function findContradiction(events: readonly Event[]): string | null {
  let states: State[] = [null]
  let readFailed = false
  for (const [i, event] of events.entries()) {
    states = states.flatMap(state => after(state, event, readFailed))
    if (states.length === 0) return `call ${i}, ${JSON.stringify(event)}`
    if (event.kind !== "write" && event.outcome !== "ok") readFailed = true
  }
  return null
}

/** The documents that are possible after the call: none when the document before does not explain what it reported. */
function after(state: State, event: Event, readFailed: boolean): State[] {
  if (event.kind === "meta") return event.outcome !== "ok" || event.found === shown(state) ? [state] : []
  if (event.kind === "load") return explains(state, event) ? [state] : []
  if (PASSING.has(event.outcome)) {
    const applied = decide(state, event.operation)
    return event.unknown && typeof applied !== "string" ? [state, applied] : [state]
  }
  if (event.outcome === "STORE_LOAD_FAILED") return readFailed && event.operation.kind !== "delete" ? [state] : []
  const applied = decide(state, event.operation)
  if (typeof applied === "string") return applied === event.outcome ? [state] : []
  return event.outcome === "ok" ? [applied] : []
}

function shown(state: State): string | null {
  return state === null ? null : state.meta.schemaHash
}

function explains(state: State, event: Extract<Event, { kind: "load" }>): boolean {
  const records = state?.labels ?? []
  if (event.complete && event.labels.length !== records.length) return false
  return event.labels.every((one, i) => one === records[i])
}

function decide(state: State, operation: WriteOperation): State | StoreErrorCode {
  if (operation.kind === "delete") return null
  let meta = state?.meta ?? null
  if (meta === null && !needsMeta({ ...operation, records: operation.records.slice(0, 1) })) return "STORE_META_MISSING"
  for (const record of operation.records) {
    if (record.kind !== "meta") continue
    if (meta !== null && meta.replicaType[0] !== record.meta.replicaType[0]) return "STORE_META_MISMATCH"
    meta = record.meta
  }
  const labels = operation.records.map(label)
  const before = operation.kind === "append" ? (state?.labels ?? []) : []
  return { meta: meta as StoreMeta, labels: [...before, ...labels] }
}
