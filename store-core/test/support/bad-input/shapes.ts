import { runInNewContext } from "node:vm"
import fc from "fast-check"
import { fail, type OddName, oddValue, thenable } from "./odd-values.js"

/**
 * An argument as data: what it is made of and how it is dressed up. Data can be printed and shrunk, which proxies and
 * detached buffers cannot; `make` makes the argument, anew for each run, and `meant` says what a reader must take it for.
 */
export type Shape =
  | { readonly plain: unknown }
  | { readonly odd: OddName }
  | { readonly repeat: string; readonly times: number }
  | { readonly bytes: readonly number[]; readonly as: BytesKind }
  | { readonly items: readonly Shape[]; readonly as: ListKind }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly as: ObjectKind }
  /** A property that throws when it is read. */
  | "throws"

/** What stands for a value that fits nowhere. */
export const NOTHING = Symbol("nothing")

const OBJECT_KINDS = [
  "plain",
  "without prototype",
  "instance",
  "inherited",
  "read once",
  "proxy",
  "frozen",
  "crowded",
  "function",
] as const
type ObjectKind = (typeof OBJECT_KINDS)[number]

const LIST_KINDS = ["plain", "subclass", "read once", "proxy", "frozen", "crowded", "array-like"] as const
type ListKind = (typeof LIST_KINDS)[number]

type Make = (content: Uint8Array) => unknown

/** Bytes a store takes, whatever they lie in. */
const BYTES: Readonly<Record<string, Make>> = {
  plain: content => new Uint8Array(content),
  buffer: content => Buffer.from(content),
  subarray: content => filled(new Uint8Array(content.length + 9).subarray(5, 5 + content.length), content),
  shared: content => filled(new Uint8Array(new SharedArrayBuffer(content.length)), content),
  "growable shared": content =>
    filled(new Uint8Array(new SharedArrayBuffer(content.length, { maxByteLength: content.length + 8 })), content),
  resizable: content =>
    filled(new Uint8Array(new ArrayBuffer(content.length, { maxByteLength: content.length + 8 })), content),
  shrunk: content => {
    const buffer = new ArrayBuffer(content.length + 8, { maxByteLength: content.length + 8 })
    const bytes = new Uint8Array(buffer)
    buffer.resize(content.length)
    return filled(bytes, content)
  },
  subclass: content => filled(new Odd(content.length), content),
  "lying length": content => {
    const bytes = new Uint8Array(content)
    for (const name of ["length", "byteLength", "byteOffset"]) Object.defineProperty(bytes, name, { value: 3 })
    return bytes
  },
  "without prototype": content => Object.setPrototypeOf(new Uint8Array(content), null) as unknown,
  "other realm": content => filled(runInNewContext(`new Uint8Array(${content.length})`) as Uint8Array, content),
}

/** What is close to bytes but none that a store takes. */
const NO_BYTES: Readonly<Record<string, Make>> = {
  detached: content => {
    const bytes = new Uint8Array(content)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    return bytes
  },
  "out of bounds": content => {
    const buffer = new ArrayBuffer(content.length + 9, { maxByteLength: content.length + 9 })
    const bytes = new Uint8Array(buffer, 8, content.length + 1)
    buffer.resize(0)
    return bytes
  },
  proxy: content => new Proxy(new Uint8Array(content), {}),
  "array of numbers": content => Array.from(content),
  clamped: content => Uint8ClampedArray.from(content),
  signed: content => Int8Array.from(content),
  "their buffer": content => new Uint8Array(content).buffer,
  "view of them": content => new DataView(new Uint8Array(content).buffer),
}

type BytesKind = string

class Odd extends Uint8Array {
  override slice(): never {
    return fail("slice")
  }
  override subarray(): never {
    return fail("subarray")
  }
  static get [Symbol.species](): never {
    return fail("species")
  }
}

export const objectKinds = dressed(OBJECT_KINDS)
export const listKinds = dressed(LIST_KINDS)
export const bytesKinds: fc.Arbitrary<BytesKind> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("plain") },
  { weight: 4, arbitrary: fc.constantFrom(...Object.keys(BYTES)) },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(NO_BYTES)) },
)

/** Plain ones mostly, so that an input is wrong in one place and not everywhere. */
function dressed<Kind extends string>(kinds: readonly [Kind, ...Kind[]]): fc.Arbitrary<Kind> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(kinds[0]) }, { weight: 1, arbitrary: fc.constantFrom(...kinds) })
}

/** What the shape stands for, as plain values, with `NOTHING` where no value fits. */
export function meant(shape: Shape): unknown {
  if (shape === "throws" || "odd" in shape) return NOTHING
  if ("plain" in shape) return shape.plain
  if ("repeat" in shape) return shape.repeat.repeat(shape.times)
  if ("bytes" in shape) return shape.as in BYTES ? Uint8Array.from(shape.bytes) : NOTHING
  if ("items" in shape) return shape.as === "array-like" ? NOTHING : shape.items.map(meant)
  if (shape.as === "function") return NOTHING
  return Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, meant(field)]))
}

/** Makes the value; `spoils` gets what changes it afterwards, as a caller may once the call has returned. */
export function make(shape: Shape, spoils: (() => void)[]): unknown {
  if (shape === "throws") return oddValue("proxy whose every trap throws")
  if ("plain" in shape) return shape.plain
  if ("odd" in shape) return oddValue(shape.odd)
  if ("repeat" in shape) return shape.repeat.repeat(shape.times)
  if ("bytes" in shape) {
    const bytes = (BYTES[shape.as] ?? NO_BYTES[shape.as])?.(Uint8Array.from(shape.bytes))
    if (shape.as in BYTES) spoils.push(() => Uint8Array.prototype.fill.call(bytes, 0xee))
    return bytes
  }
  if ("items" in shape) return makeList(shape.items, shape.as, spoils)
  return makeObject(shape.fields, shape.as, spoils)
}

function makeList(items: readonly Shape[], as: ListKind, spoils: (() => void)[]): unknown {
  const list: unknown[] = as === "subclass" ? new OddArray() : []
  for (let at = 0; at < items.length; at++) define(list, String(at), items[at] as Shape, as === "read once", spoils)
  switch (as) {
    case "array-like":
      return Object.create(list) as unknown
    case "proxy":
      return new Proxy(list, {})
    case "frozen":
      return Object.freeze(list)
    case "crowded":
      return Object.assign(list, {
        [Symbol.iterator]: () => fail("iterator"),
        map: () => fail("map"),
        slice: () => fail("slice"),
        toJSON: () => fail("toJSON"),
      })
    default:
      if (as === "plain") spoils.push(() => spoil(list))
      return list
  }
}

class OddArray extends Array<unknown> {
  override map(): never {
    return fail("map")
  }
  override [Symbol.iterator](): never {
    return fail("iterator")
  }
  static override get [Symbol.species](): never {
    return fail("species")
  }
}

function makeObject(fields: Readonly<Record<string, Shape>>, as: ObjectKind, spoils: (() => void)[]): unknown {
  const target = startOf(as)
  for (const [name, field] of Object.entries(fields)) define(target, name, field, as === "read once", spoils)
  if (as === "inherited") return Object.create(target) as unknown
  if (as === "proxy") return new Proxy(target, {})
  if (as === "frozen") return Object.freeze(target)
  if (as === "plain") {
    spoils.push(() => spoil(target))
  }
  return target
}

function startOf(as: ObjectKind): object {
  if (as === "without prototype") return Object.create(null) as object
  if (as === "instance") return new (class Thing {})()
  if (as === "function") return () => {}
  if (as !== "crowded") return {}
  const crowded: Record<PropertyKey, unknown> = { ...thenable(() => fail("then")), toJSON: () => fail("toJSON") }
  crowded.self = crowded
  crowded[Symbol.toPrimitive] = () => fail("toPrimitive")
  Object.defineProperty(crowded, "unnamed", {
    enumerable: true,
    get: () => fail("a property the contract does not name"),
  })
  return Object.defineProperty(crowded, "__proto__", { value: "own", enumerable: true })
}

/** Sets a property; one that may be read once shows rubbish to whoever looks again. */
function define(target: object, name: string, shape: Shape, once: boolean, spoils: (() => void)[]): void {
  const value = make(shape, spoils)
  let read = false
  const get = () => {
    if (shape === "throws") fail(name)
    if (!once || !read) {
      read = true
      return value
    }
    return "looked at again"
  }
  const how = shape === "throws" || once ? { get } : { value, writable: true }
  Object.defineProperty(target, name, { ...how, enumerable: true, configurable: true })
}

function spoil(target: object): void {
  for (const name of Object.keys(target)) Object.defineProperty(target, name, { value: "spoilt" })
}

function filled(bytes: Uint8Array, content: Uint8Array): Uint8Array {
  bytes.set(content)
  return bytes
}
