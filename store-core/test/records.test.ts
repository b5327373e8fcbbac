import { runInNewContext } from "node:vm"
import { isStoreError, RECORD_LIMITS, recordBytes, type StoreError, type StoreRecord } from "@holdfast/store-core"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { copyRecord, copyRecords } from "../src/records.js"
import { SharedBytes } from "../src/shared-bytes.js"
import { batch, entry, meta, metaRecord } from "./support/records.js"

const owner = { backend: "test", docId: "doc" }

/** The code a record is refused with and the message, or `"accepted"`. */
function verdict(value: unknown, copy: (value: unknown, of: typeof owner) => unknown = copyRecord): [string, string] {
  try {
    copy(value, owner)
    return ["accepted", ""]
  } catch (error) {
    expect(isStoreError(error)).toBe(true)
    expect(error).toMatchObject({ docId: "doc", backend: "test", retryable: false, outcome: "none" })
    return [(error as StoreError).code, (error as StoreError).message]
  }
}

function entryWith(data: unknown, more: object = {}): unknown {
  const encoding = typeof data === "string" ? "json" : "binary"
  return { kind: "entry", payload: { kind: "since", encoding, data, ...more }, version: "v" }
}

function metaWith(overrides: object): unknown {
  return { kind: "meta", meta: { ...meta(), ...overrides } }
}

function bytesOf(record: StoreRecord): Uint8Array {
  if (record.kind !== "entry" || typeof record.payload.data === "string") throw new Error("not bytes")
  return record.payload.data
}

describe("RECORD-1, RECORD-4, RECORD-6: what is copied", () => {
  it.each<[string, StoreRecord]>([
    ["a meta", metaRecord()],
    ["empty text", entry("", "")],
    ["text", entry("9007199254740993", '{"a":"é😀"}')],
    ["bytes", entryWith(new Uint8Array([0, 255])) as StoreRecord],
    ["no bytes", entryWith(new Uint8Array(0)) as StoreRecord],
    ["an empty lineage", entryWith("x", { lineage: "" }) as StoreRecord],
    ["an entirety", entryWith("x", { kind: "entirety" }) as StoreRecord],
  ])("%s is equal to what was given and shares nothing with it", (_, record) => {
    const copied = copyRecord(record, owner)
    expect(copied).toStrictEqual(record)
    expect(copied).not.toBe(record)
    if (copied.kind === "meta" && record.kind === "meta") {
      expect(copied.meta.replicaType).not.toBe(record.meta.replicaType)
      expect(copied.meta.syncMode).not.toBe(record.meta.syncMode)
    }
  })

  it("properties the contract does not name are dropped on every level, an undefined lineage too", () => {
    const more = { extra: 1, toJSON: () => null }
    const syncMode = { ...meta().syncMode, ...more }
    expect(
      copyRecord({ kind: "meta", meta: { ...meta(), syncMode, ...more }, payload: 1, ...more }, owner),
    ).toStrictEqual(metaRecord())
    const payload = { kind: "since", encoding: "json", data: "{}", lineage: undefined, ...more }
    expect(copyRecord({ kind: "entry", payload, version: "1", meta: 1, ...more }, owner)).toStrictEqual(entry(1))
  })

  it("accepts frozen, null-prototype, inherited and class-made records, and proxies of plain ones", () => {
    class Made {
      get kind(): string {
        return "entry"
      }
      payload = Object.freeze({ kind: "since", encoding: "json", data: "{}" })
      version = "1"
    }
    const values = [
      Object.freeze(entry(1)),
      Object.assign(Object.create(null) as object, entry(1)),
      Object.create(entry(1)) as object,
      new Made(),
      new Proxy(entry(1), {}),
      runInNewContext('({ kind: "entry", payload: { kind: "since", encoding: "json", data: "{}" }, version: "1" })'),
    ]
    for (const value of values) expect(copyRecord(value, owner)).toStrictEqual(entry(1))
  })

  it("reads each property once, so that what was checked is what is stored", () => {
    const reads = new Map<string, number>()
    const watched = (value: object, path: string): object =>
      new Proxy(value, {
        get(target, key) {
          const at = `${path}.${String(key)}`
          reads.set(at, (reads.get(at) ?? 0) + 1)
          const found: unknown = Reflect.get(target, key)
          return typeof found === "object" && found !== null && !ArrayBuffer.isView(found) ? watched(found, at) : found
        },
      })
    copyRecords(watched([metaRecord(), entryWith(new Uint8Array(3), { lineage: "l" }), entry(1)], ""), owner)
    expect([...reads].filter(([, times]) => times !== 1)).toEqual([])
    expect(reads.size).toBeGreaterThan(20)
  })

  it("a data getter that changes its mind cannot smuggle anything in", () => {
    let reads = 0
    const payload = {
      kind: "since",
      encoding: "json",
      get data() {
        return reads++ === 0 ? "{}" : 5
      },
    }
    expect(copyRecord({ kind: "entry", payload, version: "1" }, owner)).toStrictEqual(entry(1))
  })

  it("minus zero becomes zero, as it would in JSON", () => {
    const copied = copyRecord(metaWith({ replicaType: ["text", -0, -0] }), owner)
    expect(copied).toStrictEqual(metaRecord({ replicaType: ["text", 0, 0] }))
  })
})

describe("RECORD-2: bytes", () => {
  const given: [string, () => Uint8Array][] = [
    ["a Uint8Array", () => new Uint8Array([1, 2, 3])],
    ["a view into a larger buffer", () => new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)],
    ["a Buffer from the pool", () => Buffer.from([1, 2, 3])],
    ["a subclass", () => new (class Mine extends Uint8Array {})([1, 2, 3])],
    ["another realm's", () => runInNewContext("new Uint8Array([1, 2, 3])")],
    [
      "shared memory",
      () => {
        const bytes = new Uint8Array(new SharedArrayBuffer(3))
        bytes.set([1, 2, 3])
        return bytes
      },
    ],
    [
      "a fixed view of a resizable buffer",
      () => {
        const bytes = new Uint8Array(new ArrayBuffer(3, { maxByteLength: 10 }), 0, 3)
        bytes.set([1, 2, 3])
        return bytes
      },
    ],
    [
      "a view that follows its buffer's length",
      () => {
        const buffer = new ArrayBuffer(1, { maxByteLength: 10 })
        const bytes = new Uint8Array(buffer)
        buffer.resize(3)
        bytes.set([1, 2, 3])
        return bytes
      },
    ],
    [
      "an array that lies about itself",
      () =>
        Object.defineProperties(new Uint8Array([1, 2, 3]), {
          byteLength: { value: 1 },
          length: { value: 1 },
          constructor: { value: Array },
          [Symbol.toStringTag]: { value: "Uint16Array" },
          [Symbol.iterator]: { value: () => [9][Symbol.iterator]() },
        }),
    ],
  ]

  it.each(given)("%s comes out plain and alone in its buffer", (_, make) => {
    const bytes = make()
    const [, second] = copyRecords([metaRecord(), entryWith(bytes)], owner)
    const copies = [bytesOf(copyRecord(entryWith(bytes), owner)), bytesOf(second as StoreRecord)]
    bytes[0] = 9
    for (const copied of copies) {
      expectPlain(copied)
      expect([copied.byteOffset, copied.buffer.byteLength]).toEqual([0, 3])
    }
  })

  it.each(given)("%s comes out plain from a buffer that is shared", (_, make) => {
    const bytes = make()
    const copied = bytesOf(copyRecord(entryWith(bytes), owner, new SharedBytes()))
    expectPlain(copied)
    expect(copied.buffer.byteLength).toBe(64 * 1024)
    bytes[0] = 9
    expect(copied[0]).toBe(1)
  })

  function expectPlain(copied: Uint8Array): void {
    expect([...copied]).toEqual([1, 2, 3])
    expect(Object.getPrototypeOf(copied)).toBe(Uint8Array.prototype)
    expect(copied.buffer).toBeInstanceOf(ArrayBuffer)
    expect(Reflect.get(copied.buffer, "resizable")).toBe(false)
  }

  it("few bytes share a buffer and never a place in it; many have one of their own", () => {
    const shared = new SharedBytes()
    const lengths = [1, 0, 200, 4096, 4097, 3, 65_536, 4096]
    const copies: [Uint8Array, number][] = []
    for (let round = 0; round < 100; round++) {
      for (const length of lengths) {
        const fill = (round * lengths.length + length) % 251
        copies.push([bytesOf(copyRecord(entryWith(new Uint8Array(length).fill(fill)), owner, shared)), fill])
      }
    }
    for (const [copy, fill] of copies) {
      expect(copy.every(byte => byte === fill)).toBe(true)
      expect(copy.buffer.byteLength).toBe(copy.length > 4096 ? copy.length : 64 * 1024)
    }
  })

  it("a buffer is shared until it is full, and by the records of one store only", () => {
    const shared = new SharedBytes()
    const copies = Array.from({ length: 48 }, () => bytesOf(copyRecord(entryWith(new Uint8Array(4096)), owner, shared)))
    const buffers = [...new Set(copies.map(({ buffer }) => buffer))]
    expect(buffers.map(buffer => copies.filter(copy => copy.buffer === buffer).length)).toEqual([16, 16, 16])
    const other = bytesOf(copyRecord(entryWith(new Uint8Array(4096)), owner, new SharedBytes()))
    expect(buffers).not.toContain(other.buffer)
  })

  it("shared memory that another thread makes longer while it is copied is copied whole", () => {
    const shared = new SharedBytes()
    const memory = new SharedArrayBuffer(2, { maxByteLength: 10 })
    const bytes = new Uint8Array(memory)
    bytes.set([1, 2])
    const set = vi.spyOn(Uint8Array.prototype, "set").mockImplementationOnce(function (this: Uint8Array, source) {
      memory.grow(3)
      this.set(source)
    })
    const copied = bytesOf(copyRecord(entryWith(bytes), owner, shared))
    set.mockRestore()
    expect([...copied]).toEqual([1, 2, 0])
    expect(bytesOf(copyRecord(entryWith(new Uint8Array(1)), owner, shared)).byteOffset).toBe(0)
  })

  it.each<[string, () => unknown]>([
    [
      "detached bytes",
      () => {
        const bytes = new Uint8Array(3)
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
        return bytes
      },
    ],
    [
      "detached bytes of no length",
      () => {
        const bytes = new Uint8Array(0)
        bytes.buffer.transfer()
        return bytes
      },
    ],
    [
      "a view whose buffer became too short",
      () => {
        const buffer = new ArrayBuffer(8, { maxByteLength: 8 })
        const bytes = new Uint8Array(buffer, 0, 8)
        buffer.resize(4)
        return bytes
      },
    ],
    [
      "a view that follows a buffer shorter than its offset",
      () => {
        const buffer = new ArrayBuffer(8, { maxByteLength: 8 })
        const bytes = new Uint8Array(buffer, 6)
        buffer.resize(4)
        return bytes
      },
    ],
    ["an ArrayBuffer", () => new ArrayBuffer(3)],
    ["a DataView", () => new DataView(new ArrayBuffer(3))],
    ["a Uint8ClampedArray", () => new Uint8ClampedArray(3)],
    ["an Int8Array", () => new Int8Array(3)],
    ["a Uint16Array", () => new Uint16Array(3)],
    ["numbers", () => [1, 2, 3]],
    ["a proxy of bytes", () => new Proxy(new Uint8Array(3), {})],
    ["an object with the prototype of bytes", () => Object.create(Uint8Array.prototype)],
    ["an object that says it is bytes", () => ({ [Symbol.toStringTag]: "Uint8Array", length: 1, 0: 1 })],
    ["null", () => null],
    ["undefined", () => undefined],
  ])("RECORD-3: %s are refused", (_, make) => {
    expect(verdict(entryWith(make()))[0]).toBe("STORE_INVALID_RECORD")
  })
})

describe("RECORD-3: what is refused", () => {
  it.each<[unknown, string]>([
    [undefined, "record must be an object, but is undefined"],
    [null, "record must be an object, but is null"],
    [5, "record must be an object, but is 5"],
    ["entry", 'record must be an object, but is "entry"'],
    [() => entry(1), "record must be an object, but is a function"],
    [10n, "record must be an object, but is a bigint"],
    [Symbol("s"), "record must be an object, but is a symbol"],
    [{}, 'record.kind must be "meta" or "entry", but is undefined'],
    [[], 'record.kind must be "meta" or "entry", but is undefined'],
    [Promise.resolve(entry(1)), 'record.kind must be "meta" or "entry", but is undefined'],
    [{ kind: "snapshot" }, 'record.kind must be "meta" or "entry", but is "snapshot"'],
    [{ kind: ["entry"] }, 'record.kind must be "meta" or "entry", but is an array'],
    [{ kind: new String("entry") }, "but is an object of another kind"],
    [{ kind: "x".repeat(40) }, `but is "${"x".repeat(40)}"`],
    [{ kind: "x".repeat(41) }, "but is a string of 41 characters"],
    [{ kind: true }, "but is true"],
    [{ kind: "entry", version: "1" }, "record.payload must be an object, but is undefined"],
    [{ kind: "meta" }, "record.meta must be an object, but is undefined"],
    [{ ...entry(1), version: 1 }, "record.version must be a string, but is 1"],
    [{ ...entry(1), version: undefined }, "record.version must be a string, but is undefined"],
    [{ ...entry(1), version: "\0" }, "record.version must be well-formed text without U+0000"],
    [entryWith("{}", { kind: "patch" }), 'record.payload.kind must be "entirety" or "since", but is "patch"'],
    [entryWith("{}", { encoding: "text" }), 'record.payload.encoding must be "json" or "binary", but is "text"'],
    [entryWith("{}", { encoding: "binary" }), 'record.payload.data must be a Uint8Array, but is "{}"'],
    [entryWith(new Uint8Array(1), { encoding: "json" }), "record.payload.data must be a string"],
    [entryWith("\ud800"), "record.payload.data must be well-formed text"],
    [entryWith("a\0b"), "record.payload.data must be well-formed text"],
    [entryWith("{}", { lineage: null }), "record.payload.lineage must be a string, but is null"],
    [entryWith("{}", { lineage: "\udc00" }), "record.payload.lineage must be well-formed text"],
    [metaWith({ replicaType: undefined }), "record.meta.replicaType must be an array of name, major and minor number"],
    [metaWith({ replicaType: ["text", 1] }), "record.meta.replicaType must be an array"],
    [metaWith({ replicaType: ["text", 1, 0, 0] }), "record.meta.replicaType must be an array"],
    [metaWith({ replicaType: { 0: "text", 1: 1, 2: 0, length: 3 } }), "record.meta.replicaType must be an array"],
    [metaWith({ replicaType: new Array(3) }), "record.meta.replicaType[0] must be a string, but is undefined"],
    [
      metaWith({ replicaType: Object.assign(new Array(3), { 0: "text", 2: 0 }) }),
      "replicaType[1] must be a whole number",
    ],
    [metaWith({ replicaType: [5, 1, 0] }), "record.meta.replicaType[0] must be a string, but is 5"],
    [metaWith({ replicaType: ["\0", 1, 0] }), "record.meta.replicaType[0] must be well-formed text"],
    [metaWith({ replicaType: ["text", -1, 0] }), "record.meta.replicaType[1] must be a whole number from 0, but is -1"],
    [
      metaWith({ replicaType: ["text", 1, 0.5] }),
      "record.meta.replicaType[2] must be a whole number from 0, but is 0.5",
    ],
    [metaWith({ replicaType: ["text", 2 ** 53, 0] }), "record.meta.replicaType[1] must be a whole number from 0"],
    [metaWith({ replicaType: ["text", Number.NaN, 0] }), "replicaType[1] must be a whole number from 0, but is NaN"],
    [metaWith({ replicaType: ["text", "1", 0] }), 'replicaType[1] must be a whole number from 0, but is "1"'],
    [metaWith({ replicaType: ["text", 1n, 0] }), "replicaType[1] must be a whole number from 0, but is a bigint"],
    [metaWith({ syncMode: null }), "record.meta.syncMode must be an object, but is null"],
    [metaWith({ syncMode: {} }), 'record.meta.syncMode.writerModel must be "serialized" or "concurrent"'],
    [metaWith({ syncMode: { ...meta().syncMode, delivery: "" } }), "record.meta.syncMode.delivery must be"],
    [metaWith({ syncMode: { ...meta().syncMode, durability: true } }), "record.meta.syncMode.durability must be"],
    [metaWith({ schemaHash: undefined }), "record.meta.schemaHash must be a string"],
    [metaWith({ schemaHash: "\ud800" }), "record.meta.schemaHash must be well-formed text"],
  ])("record %#", (value, said) => {
    const [code, message] = verdict(value)
    expect(code).toBe("STORE_INVALID_RECORD")
    expect(message).toContain(said)
    expect(message).toContain('Document "doc"')
  })

  it("what cannot be read at all is an invalid record, not a crash", () => {
    const revoked = () => {
      const { proxy, revoke } = Proxy.revocable([], {})
      revoke()
      return proxy
    }
    const throwing = {
      get version(): string {
        throw new Error("no")
      },
    }
    const values: unknown[] = [revoked(), { kind: revoked() }, metaWith({ replicaType: revoked() })]
    values.push(Object.defineProperties({ ...entry(1) }, Object.getOwnPropertyDescriptors(throwing)))
    for (const value of values) {
      expect(verdict(value)).toEqual(["STORE_INVALID_RECORD", expect.stringContaining("the record could not be read")])
    }
    expect(verdict(revoked(), copyRecords)[0]).toBe("STORE_INVALID_RECORD")
  })

  it("keeps what a getter threw as the cause", () => {
    const thrown = new Error("no")
    const value = {
      get kind(): string {
        throw thrown
      },
    }
    expect(() => copyRecord(value, owner)).toThrow(expect.objectContaining({ cause: thrown }))
  })
})

describe("RECORD-5: limits, exact to the byte", () => {
  const { data, version, lineage, meta: metaLimit } = RECORD_LIMITS

  it("are the documented ones", () => {
    expect(RECORD_LIMITS).toEqual({ data: 67_108_864, version: 262_144, lineage: 65_536, meta: 65_536 })
  })

  /** Text of exactly this many bytes, made of one character and filled up with others. */
  function text(bytes: number, one: string): string {
    const size = Buffer.byteLength(one)
    return one.repeat(Math.floor(bytes / size)) + "a".repeat(bytes % size)
  }

  it.each(["a", "é", "€", "😀"])(
    "text of %s",
    one => {
      const made: [number, (text: string) => unknown][] = [
        [version, value => ({ ...entry(1), version: value })],
        [lineage, value => entryWith("{}", { lineage: value })],
        [data, value => entryWith(value)],
      ]
      for (const [limit, make] of made) {
        expect(verdict(make(text(limit, one)))[0]).toBe("accepted")
        expect(verdict(make(text(limit + 1, one)))[0]).toBe("STORE_RECORD_TOO_LARGE")
      }
    },
    60_000,
  )

  it("bytes, also where a view is part of a larger buffer", () => {
    expect(verdict(entryWith(new Uint8Array(data)))[0]).toBe("accepted")
    expect(verdict(entryWith(new Uint8Array(data + 1)))).toEqual([
      "STORE_RECORD_TOO_LARGE",
      expect.stringContaining("record.payload.data is larger than 67108864 bytes. Split it"),
    ])
    expect(verdict(entryWith(new Uint8Array(data + 2).subarray(2)))[0]).toBe("accepted")
  })

  it.each(["a", "é", "€", "😀", '"', "\\", "\n", "\u0001"])("metadata is measured as JSON: schema hash of %j", one => {
    const empty = Buffer.byteLength(JSON.stringify(meta({ schemaHash: "" })))
    const unit = Buffer.byteLength(JSON.stringify(one)) - 2
    const left = metaLimit - empty
    const hash = one.repeat(Math.floor(left / unit)) + "a".repeat(left % unit)
    expect(Buffer.byteLength(JSON.stringify(meta({ schemaHash: hash })))).toBe(metaLimit)
    expect(verdict(metaRecord({ schemaHash: hash }))[0]).toBe("accepted")
    expect(verdict(metaRecord({ schemaHash: `${hash}a` }))).toEqual([
      "STORE_RECORD_TOO_LARGE",
      expect.stringContaining("record.meta (as JSON) is larger than 65536 bytes"),
    ])
  })

  it("metadata is measured with the name of the replica", () => {
    const half = "n".repeat(metaLimit / 2)
    expect(verdict(metaRecord({ replicaType: [half, 1, 0], schemaHash: half }))[0]).toBe("STORE_RECORD_TOO_LARGE")
    expect(verdict(metaRecord({ replicaType: ["n".repeat(metaLimit + 1), 1, 0] }))[0]).toBe("STORE_RECORD_TOO_LARGE")
  })

  it("random metadata passes exactly when its JSON is small enough", () => {
    const long = fc.tuple(fc.constantFrom("a", "é", "\u0001", "😀"), fc.nat(40_000)).map(([one, n]) => one.repeat(n))
    fc.assert(
      fc.property(long, long, fc.maxSafeNat(), (name, schemaHash, minor) => {
        const value = meta({ replicaType: [name, 1, minor], schemaHash })
        const fits = Buffer.byteLength(JSON.stringify(value)) <= metaLimit
        expect(verdict({ kind: "meta", meta: value })[0]).toBe(fits ? "accepted" : "STORE_RECORD_TOO_LARGE")
      }),
    )
  })

  it("a text of too many characters is refused before it is looked at", () => {
    // Both too long and not storable: looking for U+0000 first would give the other code.
    expect(verdict(entryWith(`\0${"a".repeat(data)}`))[0]).toBe("STORE_RECORD_TOO_LARGE")
  })
})

describe("REPLACE-2: a batch", () => {
  it("is copied record by record", () => {
    const given = batch(1, 2)
    const copied = copyRecords(given, owner)
    expect(copied).toStrictEqual(given)
    expect(copied).not.toBe(given)
    expect(copyRecords(runInNewContext("[given]", { given: metaRecord() }), owner)).toStrictEqual(batch())
  })

  it.each<[string, unknown]>([
    ["an empty array", []],
    ["an entry first", [entry(1), metaRecord()]],
  ])("%s has no meta", (_, value) => {
    expect(verdict(value, copyRecords)[0]).toBe("STORE_META_MISSING")
  })

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "records must be an array of records, but is undefined"],
    ["an iterable", new Set(batch()), "records must be an array of records"],
    ["an array-like", { length: 1, 0: metaRecord() }, "records must be an array of records"],
    ["one record", metaRecord(), "records must be an array of records"],
    ["a batch with a hole", Object.assign(new Array(2), { 0: metaRecord() }), "records[1] must be an object"],
    ["an endless sparse array", new Array(2 ** 32 - 1), "records[0] must be an object"],
    ["a bad record in the middle", [metaRecord(), entry(1), { ...entry(2), version: 2 }], "records[2].version must be"],
    ["a bad record first", [{}], "records[0].kind must be"],
  ])("%s is refused", (_, value, said) => {
    const [code, message] = verdict(value, copyRecords)
    expect([code, message.includes(said)]).toEqual(["STORE_INVALID_RECORD", true])
  })

  it("an array that grows while it is read ends where it ended", () => {
    const growing: unknown[] = [metaRecord()]
    Object.defineProperty(growing, 0, {
      get() {
        growing.push(entry(1))
        return metaRecord()
      },
    })
    expect(copyRecords(growing, owner)).toStrictEqual(batch())
  })
})

describe("recordBytes", () => {
  it("grows with every part of a record", () => {
    const size = recordBytes(entry(1))
    expect(recordBytes(entry(12))).toBe(size + 1)
    expect(recordBytes(entry(1, "{}12"))).toBe(size + 2)
    expect(recordBytes(entryWith("{}", { lineage: "abc" }) as StoreRecord)).toBe(size + 3)
    expect(recordBytes(entryWith(new Uint8Array(50)) as StoreRecord)).toBe(size + 48)
    expect(recordBytes(metaRecord({ schemaHash: "ab" }))).toBe(recordBytes(metaRecord({ schemaHash: "" })) + 2)
  })
})
