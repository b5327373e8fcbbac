import type { WriteOperation } from "@holdfast/store-core"
import type { Database, Version } from "./database.js"
import type { Action, Profile } from "./history.js"
import { decide, keyOf, type State, sameState } from "./model.js"
import type { Call, Listed, Session } from "./session.js"

/** Errors a write may have whatever the document is; unless the error says that it is unknown, nothing is stored. */
const PASSING = new Set(["STORE_BUSY", "STORE_CONFLICT", "STORE_UNAVAILABLE", "STORE_FULL", "STORE_BACKEND"])

/** Those that only a fault explains, not another writer. */
const FAULTS = new Set(["STORE_UNAVAILABLE", "STORE_FULL", "STORE_BACKEND"])

const REFUSALS = new Set(["STORE_META_MISSING", "STORE_META_MISMATCH"])

/** Bytes to read ahead that no document has. */
const ENOUGH = 1_000_000

/**
 * Whether what every process was told fits what the database went through: for each document and process there must be
 * moments, in the order of the calls and each within its call, at which the calls took effect.
 */
export function check(
  database: Database,
  sessions: readonly Session[],
  profile: Profile,
  actions: readonly Action[],
): string[] {
  const faulty = profile.failures > 0 || actions.some(({ kind }) => kind === "restart")
  // The second is whoever looks afterwards.
  const isUndisturbed = !faulty && profile.locks === 0 && sessions.length === 2
  const explained = (code: string) => {
    if (code === "ok" || code === "pending" || code === "STORE_CLOSED" || REFUSALS.has(code)) return true
    if (FAULTS.has(code)) return faulty
    return !isUndisturbed || (code === "STORE_LOAD_SUPERSEDED" && profile.readAhead < ENOUGH)
  }
  const problems: string[] = []
  for (const session of sessions) {
    for (const docId of new Set([...session.calls.keys(), ...database.everyId()])) {
      const calls = session.calls.get(docId) ?? []
      const problem =
        new DocumentCheck(database.versions(docId), session.number, profile.loadGuard).find(calls) ??
        calls.find(call => !explained(call.outcome))
      if (problem === undefined || problem === null) continue
      const shown = typeof problem === "string" ? problem : `nothing explains ${JSON.stringify(problem)}`
      problems.push(`process ${session.number}, ${docId}: ${shown}`)
    }
    for (const listed of session.listings) problems.push(...checkListing(database, session, listed))
  }
  return problems
}

/**
 * The calls of one process on one document, against what became of the document. Reads between two writes go on side by
 * side, so another process's write may be seen by the first of them and not by the second.
 */
class DocumentCheck {
  /** The version that the calls up to the last write have seen or made, and what the reads since then have seen. */
  private seen = 0
  private reads: { readonly replied: number; readonly seen: number }[] = []
  private readonly versions: readonly Version[]
  /** Where in `versions` those are that this process made and no call has been found for. */
  private readonly own: number[]
  private readonly loadGuard: boolean

  constructor(versions: readonly Version[], session: number, loadGuard: boolean) {
    this.versions = versions
    this.own = versions.flatMap((version, i) => (version.session === session ? [i] : []))
    this.loadGuard = loadGuard
  }

  /** What is wrong, or null. */
  find(calls: readonly Call[]): string | null {
    let readFailed = false
    for (const call of calls) {
      if (call.kind === "write") this.endReads()
      const problem = call.kind === "write" ? this.write(call, readFailed) : this.read(call)
      if (problem !== null) return `${problem}: ${JSON.stringify(call)}`
      if (call.kind !== "write" && call.outcome !== "ok" && call.outcome !== "pending") readFailed = true
    }
    const ghost = this.own[0]
    if (ghost === undefined) return null
    return `${(this.versions[ghost] as Version).key} was stored although it was not called, not acknowledged, or stored before`
  }

  private write(call: Call & { kind: "write" }, readFailed: boolean): string | null {
    const { operation, outcome } = call
    if (outcome === "ok" || outcome === "pending" || call.unknown) {
      const taken = this.take(call)
      if (taken !== null) return this.isWhole(taken, operation) ? null : "stored, but not as it was called"
      if (outcome !== "ok") return null
      if (operation.kind === "delete" && this.lookFor(call, state => state === null, true)) return null
      return "acknowledged but not stored"
    }
    if (this.isStored(call)) return "rejected but stored"
    if (PASSING.has(outcome) || outcome === "STORE_CLOSED") return null
    if (outcome === "STORE_LOAD_FAILED") {
      return this.loadGuard && readFailed && operation.kind !== "delete" ? null : "no read has failed"
    }
    return this.lookFor(call, state => decide(state, operation) === outcome, true) ? null : "refused for no reason"
  }

  /** The next version of this process when it is the call's, and then no other's; else null. */
  private take(call: Call & { kind: "write" }): number | null {
    const next = this.own[0]
    if (next === undefined || !this.isStored(call)) return null
    const { at } = this.versions[next] as Version
    if (next <= this.seen || at < call.at || at > call.replied) return null
    this.own.shift()
    this.seen = next
    return next
  }

  /** Whether the version is what the write makes of the one before: nothing of it torn, nothing before it lost. */
  private isWhole(version: number, operation: WriteOperation): boolean {
    const [before, after] = this.versions.slice(version - 1, version + 1) as [Version, Version]
    const right = decide(before.state, operation)
    return typeof right !== "string" && sameState(right, after.state)
  }

  private isStored(call: Call & { kind: "write" }): boolean {
    const next = this.own[0]
    if (next === undefined) return false
    // Deletes look alike, so one that was rejected may be before one that was not.
    if (call.operation.kind === "delete" && call.outcome !== "ok" && call.outcome !== "pending" && !call.unknown) {
      return false
    }
    return (this.versions[next] as Version).key === keyOf(call.operation)
  }

  private read(call: Call & { kind: "meta" | "load" }): string | null {
    if (call.kind === "meta") {
      if (call.outcome !== "ok") return null
      const fits = (state: State) => call.found === (state === null ? null : state.meta.schemaHash)
      return this.lookFor(call, fits) ? null : "there never was such metadata"
    }
    if (call.labels.length === 0 && !call.complete) return null
    const fits = (state: State) => {
      const labels = state?.labels ?? []
      if (call.complete && call.outcome === "ok" && call.labels.length !== labels.length) return false
      return call.labels.every((one, i) => one === labels[i])
    }
    return this.lookFor(call, fits) ? null : "there never was such a document"
  }

  /**
   * Finds the first version from `seen` on that was the document at a moment within the call and fits.
   *
   * @param within Whether it may be one that only the group it was committed in ever saw.
   */
  private lookFor(call: Call, fits: (state: State) => boolean, within = false): boolean {
    const before = this.reads.filter(read => read.replied < call.at).map(read => read.seen)
    for (let i = Math.max(this.seen, ...before); i < this.versions.length; i++) {
      const { at, state, commit } = this.versions[i] as Version
      if (at > call.replied) return false
      const next = this.versions[i + 1]
      if (next !== undefined && !within && (next.at < call.at || next.commit === commit)) continue
      if (!fits(state)) continue
      if (call.kind === "write") this.seen = i
      else this.reads.push({ replied: call.replied, seen: i })
      return true
    }
    return false
  }

  private endReads(): void {
    this.seen = Math.max(this.seen, ...this.reads.map(read => read.seen))
    this.reads = []
  }
}

/** LIST-1, LIST-2, LIST-4 and ORDER-2. */
function checkListing(database: Database, session: Session, { at, replied, ids, before }: Listed): string[] {
  const problems: string[] = []
  if (ids.join() !== [...new Set(ids)].sort().join()) problems.push("out of order or twice")
  for (const docId of new Set([...database.everyId(), ...ids])) {
    const own = (session.calls.get(docId) ?? []).slice(0, before.get(docId) ?? 0)
    const replies = own.map(call => (call.kind === "write" && call.replied < replied ? call.replied : 0))
    const from = Math.max(at, ...replies)
    const versions = database.versions(docId)
    const during = versions.filter(
      (version, i) => version.at <= replied && (versions[i + 1]?.at ?? Number.POSITIVE_INFINITY) > from,
    )
    const listed = ids.includes(docId)
    if (during.every(({ state }) => (state !== null) !== listed)) problems.push(`${docId} wrongly there or not`)
  }
  return problems.map(problem => `process ${session.number}, listing ${JSON.stringify(ids)}: ${problem}`)
}
