import { type DocId, isStoreError, type Outcome, StoreError, type WriteOperation } from "@holdfast/store-core"
import { BACKEND, isConnectionLoss, toStoreError } from "./errors.js"

type Commit = (operations: readonly WriteOperation[]) => Promise<readonly Outcome[]>

/**
 * Commits operations that one statement can write together, and then what follows on the same documents: removals take
 * other statements than the rest. In the usual group all are of one sort, and it is one transaction.
 *
 * What fails after a part was stored is reported operation by operation, since as a whole the group has not failed.
 */
export async function commitInParts(
  operations: readonly WriteOperation[],
  commit: Commit,
): Promise<readonly Outcome[]> {
  const parts = partsOf(operations)
  if (parts.length === 1) return commit(operations)
  const outcomes: Outcome[] = operations.map(() => null)
  const held = new Map<DocId, Outcome>()
  let lost: StoreError | null = null
  for (const [at, part] of parts.entries()) {
    const now = part.filter(i => lost === null && !held.has(docOf(operations, i)))
    for (const i of part) outcomes[i] = lost ?? held.get(docOf(operations, i)) ?? null
    const results = await commitPart(
      now.map(i => operations[i] as WriteOperation),
      commit,
      at === 0,
    )
    for (const [k, i] of now.entries()) {
      const outcome = results[k] ?? null
      outcomes[i] = outcome
      if (isStoreError(outcome, "STORE_BUSY") || isStoreError(outcome, "STORE_CONFLICT")) {
        held.set(docOf(operations, i), outcome)
      }
      if (isConnectionLoss(outcome)) lost = notSent(outcome)
    }
  }
  return outcomes
}

async function commitPart(
  operations: readonly WriteOperation[],
  commit: Commit,
  isFirst: boolean,
): Promise<readonly Outcome[]> {
  if (operations.length === 0) return []
  try {
    return await commit(operations)
  } catch (error) {
    if (isFirst) throw error
    const failure = toStoreError(error)
    if (operations.length === 1 || isConnectionLoss(failure)) return operations.map(() => failure)
  }
  return byDocument(operations, group => commitPart(group, commit, false))
}

/**
 * Commits each half of the documents by itself: what one of them failed with leaves the others alone. The operations of one
 * document stay together.
 */
export async function byDocument(operations: readonly WriteOperation[], commit: Commit): Promise<readonly Outcome[]> {
  const docIds = [...new Set(operations.map(({ docId }) => docId))]
  const half = new Set(docIds.slice(0, Math.ceil(docIds.length / 2)))
  const isFirst = docIds.length > 1 ? operations.map(({ docId }) => half.has(docId)) : operations.map((_, i) => i === 0)
  const first = operations.filter((_, i) => isFirst[i])
  const second = operations.filter((_, i) => !isFirst[i])
  const results = [await commit(first), await commit(second)]
  const taken = [0, 0]
  return operations.map((_, i) => {
    const side = isFirst[i] ? 0 : 1
    const at = taken[side] ?? 0
    taken[side] = at + 1
    return results[side]?.[at] ?? null
  })
}

/** Places in the group: the first part has every document's operations up to its first change of sort, and so on. */
function partsOf(operations: readonly WriteOperation[]): number[][] {
  const writes: number[][] = []
  const removals: number[][] = []
  const rounds = new Map<DocId, { round: number; removes: boolean }>()
  for (const [i, { docId, kind }] of operations.entries()) {
    const removes = kind === "delete"
    const before = rounds.get(docId)
    const round = before === undefined ? 0 : before.round + (before.removes && !removes ? 1 : 0)
    rounds.set(docId, { round, removes })
    const parts = removes ? removals : writes
    const part = parts[round] ?? []
    parts[round] = part
    part.push(i)
  }
  const parts: number[][] = []
  for (let round = 0; round < Math.max(writes.length, removals.length); round++) {
    for (const part of [writes[round], removals[round]]) if (part !== undefined) parts.push(part)
  }
  return parts
}

function docOf(operations: readonly WriteOperation[], at: number): DocId {
  return operations[at]?.docId ?? ""
}

/** For what was not tried any more. */
function notSent(cause: StoreError): StoreError {
  const message = "Postgres: the connection was lost before this write was sent. Try again."
  return new StoreError("STORE_UNAVAILABLE", message, { backend: BACKEND, cause })
}
