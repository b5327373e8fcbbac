import { join } from "node:path"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { ClassicLevel } from "classic-level"
import { open } from "lmdb"
import { counted, type Driver, type Durability, type LoadedRecord, pick } from "./driver.js"
import { META_TEXT } from "./raw.js"

/** Digits enough for the numbers to sort as their text. */
const DIGITS = 10

const encoder = new TextEncoder()

/** The record as one value: the version, its length in front, and the bytes. A store without columns needs some such. */
function packed(data: Uint8Array, version: string): Uint8Array {
  const name = encoder.encode(version)
  const value = new Uint8Array(1 + name.length + data.length)
  value[0] = name.length
  value.set(name, 1)
  value.set(data, 1 + name.length)
  return value
}

const decoder = new TextDecoder()

function unpacked(value: Uint8Array): LoadedRecord {
  const end = 1 + (value[0] ?? 0)
  const version = decoder.decode(value.subarray(1, end))
  return { kind: "entry", payload: { kind: "since", encoding: "binary", data: value.slice(end) }, version }
}

/** Numbers the records of documents that all begin empty. */
class Numbers {
  private readonly last = new Map<string, number>()

  next(id: string): number {
    const number = (this.last.get(id) ?? 0) + 1
    this.last.set(id, number)
    return number
  }
}

/** A sorted key-value store: the key is the document's id and the record's number. */
export async function levelDriver(directory: string, durability: Durability): Promise<Driver> {
  const db = new ClassicLevel<string, Uint8Array>(join(directory, "level"), { valueEncoding: "view" })
  await db.open()
  const numbers = new Numbers()
  const sync = durability === "full"
  const key = (id: string) => `${id}/${String(numbers.next(id)).padStart(DIGITS, "0")}`
  const meta = encoder.encode(META_TEXT)
  return {
    create: ids => db.batch(ids.map(id => ({ type: "put", key: key(id), value: packed(meta, "") }))),
    append: (id, data, version) => db.put(key(id), packed(data, version), { sync }),
    appendToEach: (ids, data, version) => {
      const puts = ids.map((id, at) => ({ type: "put", key: key(id), value: packed(pick(data, at), version) }) as const)
      return db.batch(puts, { sync })
    },
    async load(id, visit) {
      const values = await db.values({ gt: `${id}/`, lt: `${id}0` }).all()
      return counted(values.map(unpacked), visit)
    },
    close: () => db.close(),
  }
}

/** LMDB commits to the disk by default; without it, only the operating system has the data. */
export function lmdbDriver(directory: string, durability: Durability): Driver {
  const db = open<Uint8Array, [string, number]>(join(directory, "lmdb"), {
    encoding: "binary",
    noSync: durability === "normal",
    overlappingSync: false,
  })
  const numbers = new Numbers()
  const meta = encoder.encode(META_TEXT)
  const put = (id: string, data: Uint8Array, version: string) => db.put([id, numbers.next(id)], packed(data, version))
  return {
    async create(ids) {
      await Promise.all(ids.map(id => put(id, meta, "")))
    },
    async append(id, data, version) {
      await put(id, data, version)
    },
    async appendToEach(ids, data, version) {
      await Promise.all(ids.map((id, at) => put(id, pick(data, at), version)))
    },
    load(id, visit) {
      const range = db.getRange({ start: [id, 0], end: [id, Number.MAX_SAFE_INTEGER] })
      return counted(
        Array.from(range, ({ value }) => unpacked(value)),
        visit,
      )
    },
    close: () => db.close(),
  }
}

/** One file for each record. It has no durability of its own: what is written reaches the disk when the system likes. */
export function automergeDriver(directory: string): Driver {
  const files = new NodeFSStorageAdapter(join(directory, "automerge"))
  const numbers = new Numbers()
  const meta = encoder.encode(META_TEXT)
  const save = (id: string, data: Uint8Array, version: string) =>
    files.save([id, "incremental", String(numbers.next(id)).padStart(DIGITS, "0")], packed(data, version))
  return {
    async create(ids) {
      for (const id of ids) await save(id, meta, "")
    },
    append: save,
    async appendToEach(ids, data, version) {
      await Promise.all(ids.map((id, at) => save(id, pick(data, at), version)))
    },
    async load(id, visit) {
      const chunks = await files.loadRange([id])
      return counted(
        chunks.map(({ data }) => (data === undefined ? null : unpacked(data))),
        visit,
      )
    },
    close: () => {},
  }
}
