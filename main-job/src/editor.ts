import type { Store, StoreMeta, StoreRecord } from "@holdfast/store-core"
import * as Y from "yjs"
import type { Edit } from "./edits.js"
import { JobError } from "./errors.js"

const META: StoreMeta = {
  replicaType: ["yjs", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "text",
}

/** Below this many bytes a log is read so fast that rewriting it gains nothing. */
const SMALL_LOG_BYTES = 16 * 1024

/**
 * One Yjs document and its place in a store: all that a sync engine has to do for persistence.
 *
 * - hydrate: load the records and apply them in order
 * - append: every update as it happens, without waiting for the one before
 * - compact: when the updates outgrow the snapshot, replace both by a new snapshot
 *
 * The version of an entry is the number of edits it brings the document to.
 */
export class Editor {
  readonly #store: Store
  readonly #docId: string
  readonly #doc = new Y.Doc()
  readonly #text = this.#doc.getText("text")
  #edits = 0
  #snapshotBytes = 0
  #logBytes = 0
  #exists = false
  #stored: Promise<void> = Promise.resolve()

  private constructor(store: Store, docId: string) {
    this.#store = store
    this.#docId = docId
  }

  /** The document as the store has it; a new one is stored with its first edit. */
  static async open(store: Store, docId: string): Promise<Editor> {
    const editor = new Editor(store, docId)
    for await (const record of store.loadAll(docId)) editor.#hydrate(record)
    // Only now: an update that came out of the store must not be stored again.
    editor.#doc.on("update", update => {
      editor.#stored = editor.#save(update)
    })
    return editor
  }

  get edits(): number {
    return this.#edits
  }

  get text(): string {
    return this.#text.toString()
  }

  /** Makes the edit at once; the promise resolves when it is stored. */
  apply({ index, deleted, inserted }: Edit): Promise<void> {
    // One transaction makes one update: a load finds the whole edit or nothing of it.
    this.#doc.transact(() => {
      if (deleted > 0) this.#text.delete(index, deleted)
      if (inserted !== "") this.#text.insert(index, inserted)
    })
    return this.#stored
  }

  #hydrate(record: StoreRecord): void {
    this.#exists = true
    if (record.kind === "meta") {
      const [name] = record.meta.replicaType
      if (name !== META.replicaType[0]) throw this.#unusable(`it is of the kind ${name}`)
      return
    }
    const { kind, data } = record.payload
    const version = Number(record.version)
    // Yjs keeps an update whose predecessors are missing aside without a word, so a hole must be noticed here.
    const follows = Number.isSafeInteger(version) && (kind === "entirety" || version === this.#edits + 1)
    if (!follows) throw this.#unusable(`version ${record.version} follows edit ${this.#edits}`)
    if (typeof data === "string") throw this.#unusable("it has text where this job writes bytes")
    try {
      Y.applyUpdate(this.#doc, data)
    } catch (error) {
      throw this.#unusable("Yjs cannot read it", error)
    }
    this.#edits = version
    if (kind === "entirety") this.#snapshotBytes = data.length
    else this.#logBytes += data.length
  }

  #save(update: Uint8Array): Promise<void> {
    this.#edits += 1
    this.#logBytes += update.length
    if (!this.#exists || this.#logBytes > Math.max(this.#snapshotBytes, SMALL_LOG_BYTES)) return this.#compact()
    return this.#store.append(this.#docId, this.#entry("since", update))
  }

  /**
   * The snapshot contains the edit just made, so it takes the place of its append. Appends still in flight need no
   * waiting for: calls on one document take effect in the order they were made, so they are in the log this replaces.
   */
  #compact(): Promise<void> {
    const snapshot = Y.encodeStateAsUpdate(this.#doc)
    this.#exists = true
    this.#snapshotBytes = snapshot.length
    this.#logBytes = 0
    return this.#store.replace(this.#docId, [{ kind: "meta", meta: META }, this.#entry("entirety", snapshot)])
  }

  #entry(kind: "since" | "entirety", data: Uint8Array): StoreRecord {
    return { kind: "entry", payload: { kind, encoding: "binary", data }, version: String(this.#edits) }
  }

  #unusable(why: string, cause?: unknown): JobError {
    return new JobError(`document ${this.#docId} in the store is not as this job writes it: ${why}`, { cause })
  }
}
