import fc from "fast-check"

/** Values that no place of the contract takes, by name, because many of them cannot be printed. Made anew for each use. */
const ODD_VALUES = {
  "revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  "revoked proxy of an array": () => {
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    return proxy
  },
  "proxy whose every trap throws": () => new Proxy({}, throwingTraps()),
  "proxy of a function whose every trap throws": () => new Proxy<object>(() => {}, throwingTraps()),
  "proxy that answers everything with itself": () => {
    const endless: object = new Proxy(() => endless, { get: () => endless, apply: () => endless, has: () => true })
    return endless
  },
  "object that cannot be turned into text": () => ({
    toString: () => fail("toString"),
    valueOf: () => fail("valueOf"),
    toJSON: () => fail("toJSON"),
    [Symbol.toPrimitive]: () => fail("toPrimitive"),
  }),
  "object without prototype": () => Object.create(null) as object,
  "cyclic object": () => {
    const cyclic: Record<string, unknown> = {}
    cyclic.meta = cyclic
    cyclic.payload = cyclic
    cyclic.kind = cyclic
    return cyclic
  },
  "cyclic array": () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic, cyclic, cyclic)
    return cyclic
  },
  "thenable that never settles": () => thenable(() => {}),
  "thenable that throws": () => thenable(() => fail("then")),
  promise: () => Promise.resolve("a"),
  symbol: () => Symbol("a"),
  bigint: () => 2n ** 70n,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "negative number": () => -1,
  "number beyond the safe integers": () => 2 ** 53,
  "fraction of a number": () => 0.5,
  "String object": () => new String("a"),
  "Number object": () => new Number(1),
  "invalid Date": () => new Date(Number.NaN),
  Map: () => new Map([["kind", "meta"]]),
  Error: () => new Error("a"),
  function: () => () => "a",
  class: () => class {},
  generator: () => [1].values(),
  "array with holes": () => new Array(3),
  "array of the greatest length": () => new Array(2 ** 32 - 1),
  "array-like object": () => ({ length: 3, 0: "a", 1: 1, 2: 0 }),
  "detached bytes": () => {
    const bytes = new Uint8Array(4)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    return bytes
  },
  "proxy of bytes": () => new Proxy(new Uint8Array(4), {}),
  "object that says it is bytes": () => Object.create(Uint8Array.prototype) as object,
  "bytes of another kind": () => new Uint8ClampedArray(4),
  DataView: () => new DataView(new ArrayBuffer(4)),
  ArrayBuffer: () => new ArrayBuffer(4),
  SharedArrayBuffer: () => new SharedArrayBuffer(4),
} satisfies Readonly<Record<string, () => unknown>>

export type OddName = keyof typeof ODD_VALUES

export const oddNames: fc.Arbitrary<OddName> = fc.constantFrom(...(Object.keys(ODD_VALUES) as OddName[]))

export function oddValue(name: OddName): unknown {
  return ODD_VALUES[name]()
}

/** Any value that can be printed. */
export const noise: fc.Arbitrary<unknown> = fc.anything({
  maxDepth: 2,
  maxKeys: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

/** Text at which encodings, databases and languages stumble; some of it is no text that can be stored. */
const STUMBLING = [
  "",
  "\0",
  "a\0b",
  "\ud800",
  "\udc00",
  "a\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\ufffe",
  "\uffff",
  "\u{10ffff}",
  "\u202e",
  "e\u0301",
  "__proto__",
  "constructor",
  "toString",
  "then",
  "'; DROP TABLE holdfast_meta; --",
  '"',
  "\\",
  "%_",
  "$1",
  "?1",
  ":a",
  "null",
  "meta",
]

export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...STUMBLING),
  fc.string({ unit: "binary", maxLength: 8 }),
  // Any units, so that pairs are torn.
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 4 }).map(units => String.fromCharCode(...units)),
)

function throwingTraps(): ProxyHandler<object> {
  const traps = ["get", "set", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "apply", "construct"]
  return Object.fromEntries(traps.map(trap => [trap, () => fail(trap)]))
}

/** What is awaited by mistake calls `then`. */
export function thenable(then: () => void): object {
  const name = "then"
  return { [name]: then }
}

export function fail(what: string): never {
  throw new Error(`the caller's own error, from ${what}`)
}
