import { recordBytes } from "../records.js"
import type { DocId, StoreRecord } from "../store.js"
import type { WriteOperation } from "./backend.js"

/** One call on one document that waits for its turn or has it. */
export interface Call {
  readonly docId: DocId
  /** The write, or null for a read and when it is over. */
  write: WriteOperation | null
  /** How much the write puts into a commit. */
  readonly records: number
  readonly bytes: number
  /** Runs a read, which tells the queue when its turn is over; null for a write. */
  start: ((call: Call) => void) | null
  /** Tell the caller of a write. */
  resolve: () => void
  reject: (error: Error) => void
  /** The call on the same document after this one. */
  next: Call | null
  /** Waiting for the call before it, ready for the next commit, or having its turn. */
  state: "waiting" | "ready" | "running"
  /** Whether all calls before it on the document are over, and whether it is itself. */
  isFirst: boolean
  isOver: boolean
  /** Whether a removal's open loads have been read ahead. */
  prepared: boolean
  /** How often the write was tried apart from its group, and until when it may be; 0 before its first failure. */
  attempts: number
  deadline: number
  /** Told when the call's turn is over. */
  onFinish: (() => void)[] | null
}

export function createCall(
  fixed: Pick<Call, "docId" | "write" | "records" | "bytes" | "start" | "resolve" | "reject">,
): Call {
  return {
    docId: fixed.docId,
    write: fixed.write,
    records: fixed.records,
    bytes: fixed.bytes,
    start: fixed.start,
    resolve: fixed.resolve,
    reject: fixed.reject,
    next: null,
    state: "waiting",
    isFirst: false,
    isOver: false,
    prepared: false,
    attempts: 0,
    deadline: 0,
    onFinish: null,
  }
}

export function createWrite(operation: WriteOperation, resolve: () => void, reject: (error: Error) => void): Call {
  const { docId } = operation
  const records = operation.kind === "delete" ? 1 : operation.records.length
  const bytes = operation.kind === "delete" ? 0 : totalBytes(operation.records)
  return createCall({ docId, write: operation, records, bytes, start: null, resolve, reject })
}

function totalBytes(records: readonly StoreRecord[]): number {
  let bytes = 0
  for (const record of records) bytes += recordBytes(record)
  return bytes
}

/**
 * What a call is left with when it is over. A table of the map that the calls of a busy time have outgrown lies among the old
 * objects until those are collected, and so long keeps its calls: with them, what they wrote or read would outlive every
 * collection of the young, each of which would take several times as long.
 */
/* v8 ignore next -- a call that is over is not told again */
function spent(): void {}

/** A group of writes takes no more than this; a larger write goes alone. */
const GROUP_BYTES = 8 * 1024 * 1024
const GROUP_RECORDS = 5000

/** `list` with `call` at its end. An empty list that is pushed to makes room for 17, which a lone call has no use for. */
function extended(list: Call[], call: Call): Call[] {
  // Stryker disable next-line ConditionalExpression: pushing comes to the same
  if (list.length === 0) return [call]
  list.push(call)
  return list
}

/**
 * The last call of each document's chain. One is kept beside the map: a map that a lone call empties again makes a new
 * table for itself each time.
 */
class Tails {
  private docId: DocId | null = null
  private call: Call | undefined
  private readonly others = new Map<DocId, Call>()

  get(docId: DocId): Call | undefined {
    return docId === this.docId ? this.call : this.others.get(docId)
  }

  set(docId: DocId, call: Call): void {
    // Stryker disable next-line all: in which of the two it is only takes time; it must not be in both
    if (docId !== this.docId && (this.docId !== null || this.others.size > 0)) this.others.set(docId, call)
    else {
      this.docId = docId
      this.call = call
    }
  }

  delete(docId: DocId): void {
    if (docId !== this.docId) this.others.delete(docId)
    else {
      this.docId = null
      this.call = undefined
    }
  }

  isEmpty(): boolean {
    return this.docId === null && this.others.size === 0
  }

  all(): readonly Call[] {
    return this.call === undefined ? [...this.others.values()] : [this.call, ...this.others.values()]
  }
}

/**
 * The order of calls (ORDER-1 to ORDER-3). The calls on one document form a chain, each ready when the one before has
 * finished; only reads that follow each other have their turn together. Chains know nothing of each other. Writes that are ready wait in `ready` for the next commit.
 */
export class CallQueue {
  private readonly tails = new Tails()
  private ready: Call[] = []
  private readonly starting: Call[] = []
  private isStarting = false
  /** How many calls are waiting or have their turn. */
  size = 0

  /** Puts a call at the end of its document's chain; a read that has nobody but running reads before it starts at once. */
  add(call: Call): void {
    this.size++
    const tail = this.tails.get(call.docId)
    this.tails.set(call.docId, call)
    if (tail === undefined) {
      call.isFirst = true
      this.makeReady(call)
    } else {
      tail.next = call
      if (call.start !== null && tail.start !== null && tail.state === "running") this.makeReady(call)
    }
  }

  // Stryker disable next-line BlockStatement: a read that is queued although it need not be only takes longer
  isFree(docId: DocId): boolean {
    return this.tails.get(docId) === undefined
  }

  isEmpty(): boolean {
    return this.tails.isEmpty()
  }

  hasReadyWrites(): boolean {
    return this.ready.length > 0
  }

  /** The turn of a call is over: the next one on its document, unless it is in the same commit, gets its own. */
  finish(call: Call): void {
    call.isOver = true
    this.size--
    call.write = null
    call.resolve = spent
    call.reject = spent
    // Stryker disable next-line ConditionalExpression,EqualityOperator: what a call that is over holds only takes memory
    if (call.start !== null) call.start = spent
    let over: Call | null = call.isFirst ? call : null
    while (over !== null) {
      const next: Call | null = over.next
      if (next === null) this.tails.delete(over.docId)
      else next.isFirst = true
      const told = over.onFinish
      // Whoever gets its turn here may finish before `makeReady` returns, and then has gone on from there.
      over = next?.isOver === true ? next : null
      if (next?.state === "waiting") this.makeReady(next)
      if (told !== null) for (const tell of told) tell()
    }
  }

  /** Puts a write back that is to be tried again, or that is prepared now. */
  makeReady(call: Call): void {
    if (call.start !== null) {
      for (let read: Call | null = call; read !== null && read.start !== null; read = read.next) {
        read.state = "running"
        this.starting.push(read)
      }
      this.startReads()
    } else {
      // Stryker disable next-line StringLiteral: that it waits no more is what counts
      call.state = "ready"
      this.ready = extended(this.ready, call)
    }
  }

  /** Starts reads one after the other: one inside the other, thousands that are answered at once overflow the stack. */
  private startReads(): void {
    if (this.isStarting) return
    this.isStarting = true
    for (let call = this.starting.shift(); call !== undefined; call = this.starting.shift()) {
      const { start } = call as { readonly start: (call: Call) => void }
      start(call)
    }
    this.isStarting = false
  }

  /**
   * Takes the next group of writes. Each document's first write comes before any document's second, so that a long
   * queue on one document does not keep the others out of the next commit.
   *
   * A write that follows one of the group and does not get into it goes on waiting for that one: were it ready, it
   * would pass a predecessor that has to be tried again.
   *
   * @param admit May keep a call out of this group: "later", or "gone" when it was dealt with. `follows` says that the
   * call before it on its document is in the group; only such a call may be told "later".
   */
  takeGroup(admit: (call: Call, follows: boolean) => "yes" | "later" | "gone"): Call[] {
    const candidates = this.ready
    const first = candidates.length
    this.ready = []
    let group: Call[] = []
    let records = 0
    let bytes = 0
    let at = 0
    for (; at < candidates.length; at++) {
      const call = candidates[at] as Call
      const full = records + call.records > GROUP_RECORDS || bytes + call.bytes > GROUP_BYTES
      if (full && group.length > 0) break
      if (admit(call, at >= first) !== "yes") continue
      // Stryker disable next-line StringLiteral: that it waits no more is what counts
      call.state = "running"
      group = extended(group, call)
      records += call.records
      bytes += call.bytes
      let next = call.next
      // A backend may have said that it is stored, and not the call before it. Once is enough.
      // Stryker disable next-line ConditionalExpression: only a wrong backend does; histories.test.ts has one
      while (next?.isOver) next = next.next
      if (next !== null && next.start === null) candidates.push(next)
    }
    for (; at < first; at++) this.ready.push(candidates[at] as Call)
    return group
  }

  /** Resolves when every call made so far has finished. */
  async settled(): Promise<void> {
    const tails = this.tails.all()
    await Promise.all(
      tails.map(call => {
        return new Promise<void>(resolve => {
          call.onFinish ??= []
          call.onFinish.push(resolve)
        })
      }),
    )
  }
}
