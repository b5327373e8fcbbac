import { StoreError, type StoreErrorCode, showDocId } from "../errors.js"
import type { DocId, StoreMeta, StoreRecord } from "../store.js"
import type { Decision, DocumentState, Plan, WriteOperation } from "./backend.js"

/**
 * Whether deciding the operation takes the document's metadata, not only whether the document exists. Only a `meta` can
 * clash with what is there.
 */
export function needsMeta(operation: WriteOperation): boolean {
  return operation.kind !== "delete" && operation.records.some(record => record.kind === "meta")
}

/** The rules META-1 to META-3, REPLACE-3, APPEND-2 and DELETE-2, decided for one group of writes. */
export function createPlan(backend: string): Plan {
  return (operations, states) => {
    const now = new Map<DocId, DocumentState>()
    return operations.map(operation => {
      const before = now.has(operation.docId) ? now.get(operation.docId) : states.get(operation.docId)
      const decision = decide(operation, before ?? null, backend)
      const after = stateAfter(decision, before ?? null)
      // Stryker disable next-line ConditionalExpression: only saves an entry
      if (after !== before) now.set(operation.docId, after)
      return decision
    })
  }
}

function decide(operation: WriteOperation, before: DocumentState, backend: string): Decision {
  if (operation.kind === "delete") return { kind: before === null ? "nothing" : "remove" }
  const refuse = (code: StoreErrorCode, problem: string): Decision => {
    const message = `Document ${showDocId(operation.docId)}: ${problem}`
    return { kind: "refuse", error: new StoreError(code, message, { backend, docId: operation.docId }) }
  }
  if (before === null && operation.records[0]?.kind !== "meta") {
    return refuse(
      "STORE_META_MISSING",
      "it does not exist, so its first record must be a meta record. Append one first.",
    )
  }
  const known = before?.meta ?? null
  if (known === "unreadable" && operation.kind === "append" && needsMeta(operation)) {
    return refuse("STORE_CORRUPT", "its stored metadata cannot be read. Replace the document to repair it.")
  }
  const merged = mergeMeta(operation.records, typeof known === "string" ? null : known)
  if (typeof merged === "string") return refuse("STORE_META_MISMATCH", merged)
  if (before === null) return { kind: "create", meta: merged as StoreMeta }
  return { kind: operation.kind, meta: merged === known ? null : merged }
}

function stateAfter(decision: Decision, before: DocumentState): DocumentState {
  switch (decision.kind) {
    case "create":
    case "append":
    case "replace":
      return decision.meta === null ? before : { meta: decision.meta }
    case "remove":
      return null
    default:
      return before
  }
}

/** The metadata after the records: the last meta, or what was there, the same object, when none changes it; or what clashes. */
function mergeMeta(records: readonly StoreRecord[], existing: StoreMeta | null): StoreMeta | null | string {
  let meta = existing
  for (const record of records) {
    if (record.kind !== "meta") continue
    const clash = meta === null ? null : findClash(meta, record.meta)
    if (clash !== null) return clash
    if (meta === null || !sameMeta(meta, record.meta)) meta = record.meta
  }
  return meta
}

function findClash(old: StoreMeta, next: StoreMeta): string | null {
  if (old.replicaType[0] !== next.replicaType[0] || old.replicaType[1] !== next.replicaType[1]) {
    return clash("replicaType", old.replicaType, next.replicaType)
  }
  const a = old.syncMode
  const b = next.syncMode
  if (a.writerModel !== b.writerModel || a.delivery !== b.delivery || a.durability !== b.durability) {
    return clash("syncMode", a, b)
  }
  return null
}

function clash(property: string, old: unknown, next: unknown): string {
  const shown = JSON.stringify(next)
  return `the ${property} of the new meta record, ${shown.length > 200 ? "a long one" : shown}, clashes with the document's, ${JSON.stringify(old).slice(0, 200)}. Delete the document first, or use another id.`
}

function sameMeta(a: StoreMeta, b: StoreMeta): boolean {
  return a.schemaHash === b.schemaHash && a.replicaType[2] === b.replicaType[2]
}
