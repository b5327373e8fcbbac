import { crc32 } from "node:zlib"
import { StoreError } from "@holdfast/store-core"

/** What the log needs of a file. A `FileHandle` of `node:fs/promises` has it; tests put faults in between. */
export interface LogFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  stat(): Promise<{ size: number }>
  close(): Promise<void>
}

/** One piece of a commit: something small that JSON can say, and bytes. */
export interface Entry<Head> {
  readonly head: Head
  readonly data: Uint8Array
}

/** Where an entry is in the file, and how many bytes it takes there. */
export interface Place {
  readonly at: number
  readonly size: number
}

interface FoundEntry<Head> extends Entry<Head> {
  readonly place: Place
  /** Where its commit begins, and how many entries of the commit come after it. */
  readonly commitAt: number
  readonly following: number
}

const STAMP = Buffer.from("holdfast example log, format 1\n")
/** Each entry: mark, checksum of all that follows, commitAt (6 bytes), following, length of head, length of data. */
const MARK = Buffer.from("\u0001HE\u0002")
const FIXED = 26
const WINDOW = 64 * 1024
const LONGEST_WRITE = 4 * 1024 * 1024

/**
 * A file to which commits are only ever added. A commit is the entries up to one that says that none follows; what
 * comes after the last such entry was not acknowledged and is cut off when the file is opened.
 */
export class Log<Head> {
  readonly #file: LogFile
  #end: number
  /** Whether a failed commit may have left something behind the end. */
  #hasTail = false

  private constructor(file: LogFile, end: number) {
    this.#file = file
    this.#end = end
  }

  /** Opens the log and hands every entry of every commit to `replay`, in order. */
  static async open<Head>(file: LogFile, replay: (head: Head, place: Place) => void): Promise<Log<Head>> {
    const { size } = await file.stat()
    const stamp = await readAt(file, 0, Math.min(size, STAMP.length))
    if (!stamp.equals(STAMP.subarray(0, stamp.length))) {
      throw problem("STORE_FORMAT_UNSUPPORTED", "The file is not a store of format 1. Name another file.")
    }
    if (stamp.length < STAMP.length) {
      await writeAll(file, STAMP, 0)
      await file.datasync()
      return new Log(file, STAMP.length)
    }
    const end = await replayCommits(file, size, replay)
    const log = new Log<Head>(file, end)
    if (end < size) await log.#cutTail()
    return log
  }

  /** Adds the entries in one commit and returns their places. When it throws, nothing was added. */
  async append(entries: readonly Entry<Head>[]): Promise<readonly Place[]> {
    const commitAt = this.#end
    if (this.#hasTail) await this.#cutTail()
    else if ((await this.#file.stat()).size !== commitAt) {
      throw problem("STORE_BACKEND", "Another store has written to the file. Open it again, in one store at a time.")
    }
    const places: Place[] = []
    let at = commitAt
    try {
      let parts: Buffer[] = []
      let waiting = 0
      for (const [i, entry] of entries.entries()) {
        const bytes = encode(entry, commitAt, entries.length - 1 - i)
        places.push({ at: at + waiting, size: bytes.length })
        parts.push(bytes)
        waiting += bytes.length
        if (waiting < LONGEST_WRITE && i < entries.length - 1) continue
        await writeAll(this.#file, Buffer.concat(parts), at)
        at += waiting
        parts = []
        waiting = 0
      }
      await this.#file.datasync()
    } catch (error) {
      await this.#takeBack(error)
      throw error
    }
    this.#end = at
    return places
  }

  /** The entries at these places, in order. */
  async read(places: readonly Place[]): Promise<readonly Entry<Head>[]> {
    const window = new Window(this.#file)
    const entries: Entry<Head>[] = []
    for (const { at } of places) {
      const entry = await readEntry<Head>(window, at, this.#end)
      if (entry === null) throw problem("STORE_CORRUPT", `The file is damaged at byte ${at}. Replace the document.`)
      entries.push(entry)
    }
    return entries
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** Makes sure that a failed commit is not found when the file is next opened. */
  async #takeBack(error: unknown): Promise<void> {
    this.#hasTail = true
    try {
      await this.#cutTail()
    } catch {
      // All of it may be on the disk by now, and it stays there if the process ends before the next commit.
      const message = "Writing failed, and so did taking back what was written."
      throw new StoreError("STORE_BACKEND", message, { backend: "file", outcome: "unknown", cause: error })
    }
  }

  async #cutTail(): Promise<void> {
    await this.#file.truncate(this.#end)
    await this.#file.datasync()
    this.#hasTail = false
  }
}

/** Returns where the last whole commit ends. */
async function replayCommits<Head>(
  file: LogFile,
  size: number,
  replay: (head: Head, place: Place) => void,
): Promise<number> {
  const window = new Window(file)
  let end = STAMP.length
  let at = end
  let commit: FoundEntry<Head>[] = []
  for (;;) {
    const entry = await readEntry<Head>(window, at, size)
    if (entry === null || entry.commitAt !== end) break
    commit.push({ ...entry, data: NO_DATA })
    at += entry.place.size
    if (entry.following > 0) continue
    for (const { head, place } of commit) replay(head, place)
    commit = []
    end = at
  }
  // A commit begins only when the one before is on the disk. So behind one that was cut short there is none, and what
  // cannot be read in front of another is damage: cutting there would throw away what was acknowledged.
  if (await hasCommitAfter(file, at, size)) {
    throw problem("STORE_CORRUPT", `The file is damaged at byte ${at}. It was left as it is; restore a backup.`)
  }
  return end
}

/** Whether there is an entry of a commit that begins behind `start`. Only read when something cannot be. */
async function hasCommitAfter(file: LogFile, start: number, size: number): Promise<boolean> {
  const window = new Window(file)
  for (let at = start + 1; at < size; ) {
    const bytes = await window.bytes(at, Math.min(WINDOW, size - at))
    const mark = bytes.indexOf(MARK)
    // Overlapping, because a mark may lie across the border.
    at += mark >= 0 ? mark : Math.max(bytes.length - MARK.length, 1)
    if (mark < 0) continue
    const entry = await readEntry<unknown>(window, at, size)
    if (entry !== null && entry.commitAt > start) return true
    at++
  }
  return false
}

const NO_DATA = new Uint8Array(0)

function encode<Head>({ head, data }: Entry<Head>, commitAt: number, following: number): Buffer {
  const text = Buffer.from(JSON.stringify(head))
  const fixed = Buffer.alloc(FIXED)
  fixed.set(MARK)
  fixed.writeUIntBE(commitAt, 8, 6)
  fixed.writeUInt32BE(following, 14)
  fixed.writeUInt32BE(text.length, 18)
  fixed.writeUInt32BE(data.length, 22)
  const bytes = Buffer.concat([fixed, text, data])
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4)
  return bytes
}

/** The entry at `at`, or null when there is none, or one that is not whole. */
async function readEntry<Head>(window: Window, at: number, end: number): Promise<FoundEntry<Head> | null> {
  const fixed = await window.bytes(at, FIXED)
  if (fixed.length < FIXED || !fixed.subarray(0, MARK.length).equals(MARK)) return null
  const headEnd = FIXED + fixed.readUInt32BE(18)
  const size = headEnd + fixed.readUInt32BE(22)
  if (at + size > end) return null
  const bytes = await window.bytes(at, size)
  if (bytes.length < size || crc32(bytes.subarray(8)) !== bytes.readUInt32BE(4)) return null
  return {
    head: JSON.parse(bytes.toString("utf8", FIXED, headEnd)) as Head,
    data: bytes.subarray(headEnd),
    place: { at, size },
    commitAt: bytes.readUIntBE(8, 6),
    following: bytes.readUInt32BE(14),
  }
}

/** Reads a file a stretch at a time, so that entries which were written together are read together. */
class Window {
  readonly #file: LogFile
  #bytes: Buffer = Buffer.alloc(0)
  #from = 0

  constructor(file: LogFile) {
    this.#file = file
  }

  /** The bytes from `at` on: `length` of them, or fewer at the end of the file. */
  async bytes(at: number, length: number): Promise<Buffer> {
    const start = at - this.#from
    if (start >= 0 && start + length <= this.#bytes.length) return this.#bytes.subarray(start, start + length)
    this.#bytes = await readAt(this.#file, at, Math.max(length, WINDOW))
    this.#from = at
    return this.#bytes.subarray(0, length)
  }
}

/** A file may read or write less than it was asked for without an error. */
async function readAt(file: LogFile, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}

async function writeAll(file: LogFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

function problem(code: "STORE_BACKEND" | "STORE_CORRUPT" | "STORE_FORMAT_UNSUPPORTED", message: string): StoreError {
  return new StoreError(code, message, { backend: "file" })
}
