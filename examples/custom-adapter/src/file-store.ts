import { constants as limits } from "node:buffer"
import { constants as flags } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { dirname } from "node:path"
import { crc32 } from "node:zlib"
import * as core from "@holdfast/store-core"

const HEADER = Buffer.from("holdfast file store, format 1\n")

/** Opens the store in the file at `path`, creating it where there is none. One store at a time may have it open. */
export async function openFileStore(path: string, options: core.EngineOptions = {}): Promise<core.EngineStore> {
  core.checkOptions("openFileStore", options, core.ENGINE_OPTIONS)
  const file = await open(path, flags.O_RDWR | flags.O_CREAT).catch(rethrow)
  try {
    // Otherwise a power loss could take the name of a new file away. Windows does not open directories.
    const directory = process.platform === "win32" ? null : await open(dirname(path))
    await directory?.sync().finally(() => directory.close())
    return new core.EngineStore(await FileBackend.open(file), options)
  } catch (error) {
    await file.close()
    rethrow(error)
  }
}

/** Keeps documents in memory, and a line for every commit in the file. */
export class FileBackend implements core.Backend {
  readonly name = "file"
  readonly capabilities = { durable: true, multiWriter: false }
  readonly #memory: core.Backend = new core.MemoryBackend(new core.MemoryStorage())
  readonly #file: FileHandle
  /** Where the last good line ends, and whether a failed write may have left something behind it. */
  #end = 0
  #hasTail = true

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(file: FileHandle): Promise<FileBackend> {
    const backend = new FileBackend(file)
    const bytes = await file.readFile()
    if (!bytes.subarray(0, HEADER.length).equals(HEADER.subarray(0, bytes.length))) {
      throw problem("STORE_FORMAT_UNSUPPORTED", "The file is not a file store of format 1. Name another file.")
    }
    await (bytes.length < HEADER.length ? backend.#append(HEADER) : backend.#replay(bytes))
    return backend
  }

  async commit(operations: readonly core.WriteOperation[], plan: core.Plan): Promise<readonly core.Outcome[]> {
    const states = new Map<string, core.DocumentState>()
    for (const { docId } of operations) {
      const meta = await this.#memory.readMeta(docId)
      states.set(docId, meta && { meta })
    }
    const decisions = plan(operations, states)
    const isChange = (_: unknown, i: number) => !["refuse", "nothing"].includes((decisions[i] as core.Decision).kind)
    const changes: Changes = [operations.filter(isChange), decisions.filter(isChange)]
    if (decisions.some(isChange)) await this.#append(toLine(Buffer.from(JSON.stringify(changes, withBase64))))
    // Only now: what could not be written must not be seen.
    return this.#memory.commit(operations, () => decisions)
  }

  readPage = (docId: string, cursor: unknown) => this.#memory.readPage(docId, cursor)
  readMeta = (docId: string) => this.#memory.readMeta(docId)
  readIds = (prefix: string, after: string | null, limit: number) => this.#memory.readIds(prefix, after, limit)
  close = () => this.#file.close().catch(rethrow)

  async #append(line: Buffer): Promise<void> {
    // Both could be written, and never be read again.
    if (line.length > limits.MAX_STRING_LENGTH) throw problem("STORE_RECORD_TOO_LARGE", "Split the batch.")
    if (this.#end + line.length >= 2 ** 31) throw problem("STORE_FULL", "The file is as large as Node can read.")
    if (this.#hasTail) await this.#cutTail().catch(rethrow)
    const { size } = await this.#file.stat().catch(rethrow)
    if (size !== this.#end) throw problem("STORE_BACKEND", "Another store has written to the file. Open it again.")
    this.#hasTail = true
    try {
      for (let done = 0; done < line.length; ) {
        done += (await this.#file.write(line, done, line.length - done, this.#end + done)).bytesWritten
      }
      await this.#file.sync()
    } catch (error) {
      // Taken back at once: if the process ended now, the next one might find the whole line.
      await this.#cutTail().catch(() => rethrow(error, "unknown"))
      rethrow(error)
    }
    this.#end += line.length
    this.#hasTail = false
  }

  async #cutTail(): Promise<void> {
    await this.#file.truncate(this.#end)
    await this.#file.sync()
    this.#hasTail = false
  }

  async #replay(bytes: Buffer): Promise<void> {
    for (this.#end = HEADER.length; this.#end < bytes.length; ) {
      const next = bytes.indexOf("\n", this.#end) + 1 || bytes.length
      const line = bytes.subarray(this.#end, next)
      const json = line.subarray(18, -1)
      if (!line.equals(toLine(json))) {
        // A crash cuts the last line short. One longer than it says is two, and the first was acknowledged.
        if (next === bytes.length && !(json.length > Number.parseInt(line.toString("latin1", 9, 17), 16))) break
        throw problem("STORE_CORRUPT", `The file is damaged at byte ${this.#end}. Restore a backup.`)
      }
      const [operations, decisions]: Changes = JSON.parse(json.toString(), withBytes)
      await this.#memory.commit(operations, () => decisions)
      this.#end = next
    }
    // Syncs, too: a line that a killed process wrote may not be on the disk yet, and will now be seen.
    await this.#cutTail()
  }
}

/** What was asked for and what was decided: replayed, it cannot be decided otherwise. */
type Changes = readonly [readonly core.WriteOperation[], readonly core.Decision[]]

/** The checksum and the length of the JSON, in 8 digits each, and the JSON, in which there is no line break. */
function toLine(json: Buffer): Buffer {
  const head = [crc32(json), json.length].map(value => `${value.toString(16).padStart(8, "0")} `)
  return Buffer.concat([Buffer.from(head.join("")), json, Buffer.from("\n")])
}

function withBase64(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer).toString("base64") : value
}

function withBytes(_: string, value: core.StorePayload | null): unknown {
  return value?.encoding === "binary" ? { ...value, data: Buffer.from(value.data as string, "base64") } : value
}

const CODES: Readonly<Record<string, core.StoreErrorCode>> = {
  EACCES: "STORE_PERMISSION",
  EPERM: "STORE_PERMISSION",
  EROFS: "STORE_READ_ONLY",
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  ENOENT: "STORE_UNAVAILABLE",
}

function rethrow(error: unknown, outcome: "none" | "unknown" = "none"): never {
  if (core.isStoreError(error)) throw error
  const { code = "", message } = error as NodeJS.ErrnoException
  throw problem(CODES[code] ?? "STORE_BACKEND", message, { outcome, cause: error })
}

function problem(code: core.StoreErrorCode, message: string, details: Partial<core.StoreErrorDetails> = {}) {
  return new core.StoreError(code, message, { backend: "file", ...details })
}
