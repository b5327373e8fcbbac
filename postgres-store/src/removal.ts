import type { DocId, DocumentState, Outcome, Plan, WriteOperation } from "@holdfast/store-core"
import { textArray } from "./binary.js"
import type { Committing, PgSession } from "./pg-adapter.js"
import type { Statements } from "./statements.js"

/** Removes documents: one statement finds them, one script locks and removes them, all or none. */
export async function removeDocuments(
  session: PgSession,
  statements: Statements,
  operations: readonly WriteOperation[],
  plan: Plan,
  committing: Committing,
): Promise<readonly Outcome[]> {
  const docIds = [...new Set(operations.map(({ docId }) => docId))]
  const states = new Map<DocId, DocumentState>(docIds.map(docId => [docId, null]))
  const docs = new Map<DocId, number>()
  for (const [docId, doc] of await session.query(statements.readDocuments, [textArray(docIds)])) {
    states.set(docId ?? "", { meta: "unread" })
    docs.set(docId ?? "", Number(doc))
  }
  const decisions = plan(operations, states)
  const removed = operations.filter((_, i) => decisions[i]?.kind === "remove").map(({ docId }) => docs.get(docId) ?? 0)
  if (removed.length > 0) await committing(session.script(statements.remove(removed)))
  return decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
}
