import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { dirname } from "node:path"
import {
  type Backend,
  checkOptions,
  compareUtf8,
  type Decision,
  type DocId,
  type DocumentState,
  ENGINE_OPTIONS,
  type EngineOptions,
  EngineStore,
  isStoreError,
  needsMeta,
  type Outcome,
  type Page,
  type Plan,
  type StoreMeta,
  type StorePayload,
  type StoreRecord,
  type WriteOperation,
} from "@holdfast/store-core"
import { toStoreError } from "./errors.js"
import { type Entry, Log, type LogFile, type Place } from "./log.js"

const PAGE_RECORDS = 2000
const PAGE_BYTES = 4 * 1024 * 1024

// #region open
/**
 * Opens the store in the file at `path`, creating it where there is none. One store at a time may have the file open.
 *
 * Rejects with `STORE_FORMAT_UNSUPPORTED` for a file that is something else, `STORE_CORRUPT` for a damaged one, and
 * `STORE_PERMISSION`, `STORE_READ_ONLY`, `STORE_FULL` or `STORE_UNAVAILABLE` as the file system has it.
 *
 * @throws TypeError for unknown options and wrong values.
 */
export async function openFileStore(path: string, options: EngineOptions = {}): Promise<EngineStore> {
  checkOptions("openFileStore", options, ENGINE_OPTIONS)
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT)
    await syncDirectory(dirname(path)).catch(error => closeAndThrow(file, error))
    return new EngineStore(await FileBackend.open(file), options)
  } catch (error) {
    throw toStoreError(error)
  }
}

/** A new file is found after a power loss only when its directory was written too. Windows does not let one do that. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return
  const directory = await open(path)
  await directory.sync().finally(() => directory.close())
}

async function closeAndThrow(file: LogFile, error: unknown): Promise<never> {
  await file.close()
  throw error
}
// #endregion open

// #region types
/** What an entry of the log does: begin a document anew with its first record, add a record to it, or remove it. */
type Head =
  | { readonly change: "begin" | "add"; readonly docId: DocId; readonly record: RecordHead }
  | { readonly change: "remove"; readonly docId: DocId }

/** A record without its payload's data, which are the entry's bytes. */
type RecordHead =
  | { readonly kind: "meta"; readonly meta: StoreMeta }
  | { readonly kind: "entry"; readonly payload: Omit<StorePayload, "data">; readonly version: string }

/** Where a document's records are. `begin` makes a new one, so that loads keep the places they started with. */
interface FileDocument {
  readonly places: Place[]
  meta: Place
}

interface Cursor {
  readonly places: readonly Place[]
  readonly end: number
  readonly at: number
}
// #endregion types

// #region backend
/** Documents in one log file. Which places of it belong to which document is kept in memory. */
export class FileBackend implements Backend<Cursor> {
  readonly name = "file"
  readonly capabilities = { durable: true, multiWriter: false }
  readonly #log: Log<Head>
  readonly #documents: Map<DocId, FileDocument>
  #sorted: DocId[] | null = null

  private constructor(log: Log<Head>, documents: Map<DocId, FileDocument>) {
    this.#log = log
    this.#documents = documents
  }

  /** Closes the file when it cannot be opened as a store. */
  static async open(file: LogFile): Promise<FileBackend> {
    const documents = new Map<DocId, FileDocument>()
    const replay = (head: Head, place: Place) => apply(documents, head, place)
    const log = await Log.open<Head>(file, replay).catch(error => closeAndThrow(file, error))
    return new FileBackend(log, documents)
  }

  async commit(operations: readonly WriteOperation[], plan: Plan): Promise<readonly Outcome[]> {
    const decisions = plan(operations, await this.#states(operations))
    const entries = operations.flatMap((operation, i) => entriesOf(operation, decisions[i] as Decision))
    const places = entries.length === 0 ? [] : await mapped(this.#log.append(entries))
    // Only now: a commit that failed must not be seen.
    for (const [i, { head }] of entries.entries()) apply(this.#documents, head, places[i] as Place)
    if (entries.some(({ head }) => head.change !== "add")) this.#sorted = null
    return decisions.map(decision => (decision.kind === "refuse" ? decision.error : null))
  }

  async readPage(docId: DocId, cursor: Cursor | null): Promise<Page<Cursor>> {
    const places = cursor?.places ?? this.#documents.get(docId)?.places ?? []
    const end = cursor?.end ?? places.length
    const start = cursor?.at ?? 0
    let at = start
    let bytes = 0
    while (at < end && at - start < PAGE_RECORDS && bytes < PAGE_BYTES) bytes += (places[at++] as Place).size
    const entries = await mapped(this.#log.read(places.slice(start, at)))
    return { records: entries.map(toRecord), bytes, next: at < end ? { places, end, at } : null }
  }

  async readMeta(docId: DocId): Promise<StoreMeta | null> {
    const place = this.#documents.get(docId)?.meta
    if (place === undefined) return null
    const [entry] = await mapped(this.#log.read([place]))
    const record = entry && toRecord(entry)
    return record?.kind === "meta" ? record.meta : null
  }

  readIds(prefix: string, after: DocId | null, limit: number): readonly DocId[] {
    this.#sorted ??= [...this.#documents.keys()].sort(compareUtf8)
    const follows = (id: DocId) => after === null || compareUtf8(id, after) > 0
    return this.#sorted.filter(id => follows(id) && id.startsWith(prefix)).slice(0, limit)
  }

  close(): Promise<void> {
    return mapped(this.#log.close())
  }

  async #states(operations: readonly WriteOperation[]): Promise<Map<DocId, DocumentState>> {
    const states = new Map<DocId, DocumentState>()
    for (const { docId } of operations) states.set(docId, this.#documents.has(docId) ? { meta: "unread" } : null)
    for (const operation of operations) {
      const { docId } = operation
      if (states.get(docId)?.meta === "unread" && needsMeta(operation)) states.set(docId, await this.#state(docId))
    }
    return states
  }

  async #state(docId: DocId): Promise<DocumentState> {
    try {
      const meta = await this.readMeta(docId)
      return meta && { meta }
    } catch (error) {
      if (isStoreError(error, "STORE_CORRUPT")) return { meta: "unreadable" }
      throw error
    }
  }
}
// #endregion backend

// #region entries
/** What has to be written for an operation. */
function entriesOf(operation: WriteOperation, decision: Decision): Entry<Head>[] {
  const { docId } = operation
  if (decision.kind === "refuse" || decision.kind === "nothing") return []
  if (operation.kind === "delete") return [{ head: { change: "remove", docId }, data: NO_DATA }]
  return operation.records.map((record, i) => {
    const change = decision.kind !== "append" && i === 0 ? "begin" : "add"
    if (record.kind === "meta") return { head: { change, docId, record }, data: NO_DATA }
    const { data, ...payload } = record.payload
    return { head: { change, docId, record: { ...record, payload } }, data: Buffer.from(data as string) }
  })
}

/** What an entry changes, when it is written as well as when the file is opened. */
function apply(documents: Map<DocId, FileDocument>, head: Head, place: Place): void {
  if (head.change === "remove") documents.delete(head.docId)
  else if (head.change === "begin") documents.set(head.docId, { places: [place], meta: place })
  else {
    const document = documents.get(head.docId)
    document?.places.push(place)
    if (document !== undefined && head.record.kind === "meta") document.meta = place
  }
}

function toRecord({ head, data }: Entry<Head>): StoreRecord {
  if (head.change === "remove") throw new Error("a removal is no record")
  const { record } = head
  if (record.kind === "meta") return record
  const { payload, version } = record
  // A copy: the bytes are a window on the file that other records share.
  const own = payload.encoding === "binary" ? new Uint8Array(data) : Buffer.from(data).toString()
  return { kind: "entry", payload: { ...payload, data: own }, version }
}
// #endregion entries

const NO_DATA = new Uint8Array(0)

function mapped<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw toStoreError(error)
  })
}
