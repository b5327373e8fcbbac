import { checkDocId } from "./doc-id.js"
import { isStoreError, messageOf, showDocId } from "./errors.js"
import type { DocId, Store, StoreMeta, StoreRecord } from "./store.js"
import { compareUtf8 } from "./text.js"

/**
 * What a finding is about:
 * - `"listing"`: the listing failed, is out of order, repeats an id, or names what is no document
 * - `"load"`: a document cannot be loaded to its end
 * - `"stream"`: a document's records break a rule of the contract
 * - `"meta"`: `currentMeta` fails, or differs from the last metadata in the stream
 */
export type FindingKind = "listing" | "load" | "stream" | "meta"

/** One thing that is wrong with what is stored. */
export interface Finding<Kind extends string = FindingKind> {
  readonly kind: Kind
  /** Absent where the finding is about no single document, or the document has no name any more. */
  readonly docId?: DocId
  readonly message: string
  /** The error of the store or database, where the finding is one. */
  readonly cause?: unknown
}

export interface VerifyReport<Kind extends string = FindingKind> {
  /** How many documents were listed, and how many records could be loaded. */
  readonly documents: number
  readonly records: number
  /** Empty when everything is right. */
  readonly findings: readonly Finding<Kind>[]
}

/** A listing over a damaged index may lead back to where it was, again and again. */
const MOST_DISORDERS = 1000

/**
 * Lists and loads everything in a store and reports all that is wrong, at the first finding and after it alike. Writes
 * nothing, holds no cursor and one record at a time. A document may be written meanwhile: what contradicts itself is
 * looked at three times before it counts.
 *
 * A document that could not be loaded is guarded afterwards (GUARD-1), and one that could is no longer.
 *
 * Rejects with `STORE_CLOSED` when the store is closed; every other error is a finding.
 */
export async function verifyStore(store: Store): Promise<VerifyReport> {
  const findings: Finding[] = []
  let documents = 0
  let records = 0
  let before: DocId | null = null
  let disorders = 0
  try {
    for await (const docId of store.listDocIds()) {
      documents++
      const invalid = idProblem(docId)
      if (invalid !== null) {
        findings.push({ kind: "listing", docId, message: invalid })
        continue
      }
      const disorder = before === null ? null : orderProblem(before, docId)
      if (disorder !== null) {
        findings.push({ kind: "listing", docId, message: disorder })
        if (++disorders === MOST_DISORDERS) throw new Error("it goes round in circles")
      }
      before = docId
      const seen = await verifyDocument(store, docId)
      records += seen.records
      findings.push(...seen.findings)
    }
  } catch (error) {
    if (isStoreError(error, "STORE_CLOSED")) throw error
    findings.push({ kind: "listing", message: `The listing failed: ${said(error)}`, cause: error })
  }
  return { documents, records, findings }
}

function idProblem(docId: DocId): string | null {
  try {
    // Stryker disable next-line StringLiteral: only the message is used
    checkDocId(docId, "verify")
    return null
  } catch (error) {
    return `The listing has what is no id: ${said(error)}`
  }
}

function orderProblem(before: DocId, docId: DocId): string | null {
  const order = compareUtf8(before, docId)
  if (order < 0) return null
  if (order === 0) return `Document ${showDocId(docId)} is listed twice.`
  return `Document ${showDocId(docId)} is listed after ${showDocId(before)}, which is not the order of UTF-8 bytes.`
}

interface Seen {
  readonly records: number
  readonly findings: readonly Finding[]
  /** Whether what was found may come of another Store's write in between. */
  readonly mayBeRace: boolean
}

/** Reads of one document are not one look at it when others write, so a contradiction has to be seen this often. */
const LOOKS = 3

async function verifyDocument(store: Store, docId: DocId): Promise<Seen> {
  for (let look = 1; ; look++) {
    const seen = await lookAt(store, docId)
    if (!seen.mayBeRace || look === LOOKS) return seen
  }
}

async function lookAt(store: Store, docId: DocId): Promise<Seen> {
  const stream = new StreamCheck(docId)
  const current = await settled(store.currentMeta(docId))
  const load = await settled(readAll(store.loadAll(docId), record => stream.take(record)))
  const { records, findings, last } = stream
  const named = `Document ${showDocId(docId)}`
  const add = (kind: FindingKind, message: string, cause?: unknown) =>
    findings.push(cause === undefined ? { kind, docId, message } : { kind, docId, message, cause })

  if (current.error !== undefined) add("meta", `${named}: currentMeta failed: ${said(current.error)}`, current.error)
  if (load.error !== undefined) {
    add("load", `${named} cannot be loaded: ${said(load.error)}`, load.error)
    return { records, findings, mayBeRace: isStoreError(load.error, "STORE_LOAD_SUPERSEDED") }
  }
  if (current.error !== undefined) return { records, findings, mayBeRace: false }
  if (records === 0 && (current.value ?? null) === null) {
    // Deleted since the page of the listing was read, unless it is listed again.
    const still = await settled(firstOf(store.listDocIds(docId)))
    if (still.value === docId) add("listing", `${named} is listed but has neither records nor metadata.`)
    return { records, findings, mayBeRace: still.value === docId }
  }
  const agrees = sameMeta(current.value ?? null, last)
  if (!agrees) add("meta", `${named}: currentMeta and the last metadata in the stream differ.`)
  return { records, findings, mayBeRace: !agrees }
}

/** Takes a document's records one by one and notes what the contract does not allow. */
class StreamCheck {
  records = 0
  last: StoreMeta | null = null
  readonly findings: Finding[] = []
  private readonly docId: DocId

  constructor(docId: DocId) {
    this.docId = docId
  }

  take(record: StoreRecord): void {
    const number = ++this.records
    if (record.kind === "entry") {
      if (number === 1) this.add("its first record is not metadata.")
      return
    }
    if (this.last !== null && identityOf(this.last) !== identityOf(record.meta)) {
      this.add(`the metadata in record ${number} has another replicaType or syncMode than the one before.`)
    }
    this.last = record.meta
  }

  private add(problem: string): void {
    const { docId } = this
    this.findings.push({ kind: "stream", docId, message: `Document ${showDocId(docId)}: ${problem}` })
  }
}

/** What must not change in a document's life (META-3). */
function identityOf({ replicaType, syncMode }: StoreMeta): string {
  const { writerModel, delivery, durability } = syncMode
  return JSON.stringify([replicaType[0], replicaType[1], writerModel, delivery, durability])
}

function sameMeta(a: StoreMeta | null, b: StoreMeta | null): boolean {
  if (a === null || b === null) return a === b
  return identityOf(a) === identityOf(b) && a.replicaType[2] === b.replicaType[2] && a.schemaHash === b.schemaHash
}

async function readAll(load: AsyncIterable<StoreRecord>, take: (record: StoreRecord) => void): Promise<void> {
  for await (const record of load) take(record)
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item
  return undefined
}

interface Settled<T> {
  readonly value?: T
  readonly error?: unknown
}

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise }
  } catch (error) {
    // Not damage but the end of the verification.
    if (isStoreError(error, "STORE_CLOSED")) throw error
    return { error }
  }
}

function said(error: unknown): string {
  if (isStoreError(error)) return `${error.code}: ${error.message}`
  return messageOf(error) ?? (typeof error === "string" ? error : "what was thrown is no Error; see the cause")
}
