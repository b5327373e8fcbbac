import type { Row, Step, Target } from "@holdfast/sql-store-core"
import type { Parameter, Statement } from "./client.js"
import type { Proof, Statements } from "./sqlite-statements.js"

/** Every SQLite allows this many parameters of a statement, however it was built. */
const MOST_PARAMETERS = 999

/** Bytes of payload after which a statement ends: Prisma makes one text of all its parameters. */
const MOST_BYTES = 4_000_000

/**
 * The planned steps as statements of one batch. None of them can use what another one found, so each document's first row
 * proves that the document is the one the steps were planned on: its number must still be behind its id, and the row before
 * there. Then whatever was written to it since, metadata included, has taken the number of that row, so that the primary
 * key refuses it.
 */
export function batchOf(steps: readonly Step[], statements: Statements): readonly Statement[] {
  const batch = new Batch(statements)
  for (const [i, step] of steps.entries()) batch.add(step, steps[i + 1], steps[i + 2])
  return batch.end()
}

class Batch {
  private readonly statements: Statements
  private readonly batch: Statement[] = []
  private readonly proven = new Set<Target>()
  private proofs: Proof[] = []
  private parameters: Parameter[] = []
  private bytes = 0
  /** Removes the rows that those now collected take the place of. Afterwards, because they prove that the last one is there. */
  private clearing: Statement | null = null

  constructor(statements: Statements) {
    this.statements = statements
  }

  /** A `clear` is told by the steps behind it. */
  add(step: Step, ...behind: readonly (Step | undefined)[]): void {
    const { target } = step
    if (step.kind === "insert") {
      for (const [i, row] of step.rows.entries()) this.addRow(target, step.first + i, row)
      return
    }
    this.flush()
    if (step.kind === "create") this.push(this.statements.insertMeta, [target.docId, step.data])
    else if (step.kind === "clear")
      this.clear(
        target,
        behind.find(next => next?.kind !== "meta"),
      )
    else if (step.kind === "drop") this.push(this.statements.deleteMeta(keyOf(target)), [numberOf(target)])
    else this.push(this.statements.updateMeta, [step.data, target.docId])
  }

  end(): readonly Statement[] {
    this.flush()
    return this.batch
  }

  /** Before a replace, rows that it does not know of are left to the key, which then refuses its own. */
  private clear(target: Target, next: Step | undefined): void {
    const key = keyOf(target)
    if (next?.kind === "insert") {
      const parameters = [numberOf(target), next.first - 1]
      this.clearing = { sql: this.statements.deleteRowsUpTo(key), parameters }
    } else this.push(this.statements.deleteRows(key), [numberOf(target)])
  }

  private addRow(target: Target, seq: number, row: Row): void {
    const { kind, version, lineage, payload, blob } = row
    const size = (payload?.length ?? 0) + (blob?.length ?? 0) + (version?.length ?? 0) + (lineage?.length ?? 0)
    // A row has nine parameters at most.
    if (this.parameters.length + 9 > MOST_PARAMETERS || this.bytes + size > MOST_BYTES) this.flush()
    const proof = this.proofFor(target)
    this.proofs.push(proof)
    this.parameters.push(numberOf(target))
    if (proof === "number, id and row before") this.parameters.push(target.docId, seq - 1)
    this.parameters.push(seq, kind, version, lineage, payload, blob)
    this.bytes += size
  }

  private proofFor(target: Target): Proof {
    if (target.doc === null) return "id"
    if (this.proven.has(target)) return "number"
    this.proven.add(target)
    return "number, id and row before"
  }

  private flush(): void {
    if (this.proofs.length === 0) return
    this.push(this.statements.insertRows(this.proofs), this.parameters)
    if (this.clearing !== null) this.batch.push(this.clearing)
    this.clearing = null
    this.proofs = []
    this.parameters = []
    this.bytes = 0
  }

  private push(sql: string, parameters: readonly Parameter[]): void {
    this.batch.push({ sql, parameters })
  }
}

/** A document created in the same batch is known by its id only. */
function keyOf(target: Target): "id" | "number" {
  return target.doc === null ? "id" : "number"
}

function numberOf(target: Target): Parameter {
  return target.doc ?? target.docId
}
