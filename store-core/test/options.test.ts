import {
  anyBoolean,
  anyCount,
  checkOptions,
  createMemoryStore,
  ENGINE_OPTIONS,
  EngineStore,
  hasMethods,
  MemoryBackend,
  MemoryStorage,
} from "@holdfast/store-core"
import { describe, expect, it } from "vitest"
import { withDefaults } from "../src/engine/options.js"

function refusal(options: unknown): string {
  try {
    checkOptions("openIt", options, { ...ENGINE_OPTIONS, storage: anyBoolean })
    return "accepted"
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message
  }
}

describe("hasMethods", () => {
  it("says whether all are there, whatever is asked", () => {
    const both = { run: () => {}, close: () => {} }
    const throws = new Proxy(both, {
      get: () => {
        throw new Error("the caller's own")
      },
    })
    expect([both, { run: both.run }, { ...both, run: 1 }].map(value => hasMethods(value, "run", "close"))).toEqual([
      true,
      false,
      false,
    ])
    expect([null, undefined, 7, "run", throws].map(value => hasMethods(value, "run"))).toEqual(Array(5).fill(false))
    expect(hasMethods("text", "at", "slice")).toBe(true)
  })
})

describe("OPEN-3: options", () => {
  it.each([
    undefined,
    {},
    { readAhead: undefined },
    { readAhead: 0, loadGuard: false, busyTimeout: Number.MAX_SAFE_INTEGER, observe: () => {} },
    { observe: undefined },
    Object.create(null),
  ])("accepts %s", options => {
    expect(refusal(options)).toBe("accepted")
  })

  it.each([[null], [1], ["readAhead"], [[]], [() => {}], [true]])("refuses %s as options", options => {
    expect(refusal(options)).toBe("openIt: the options must be an object.")
  })

  it.each([
    ["readahead", "readAhead"],
    ["read_ahead", "readAhead"],
    ["read-ahead", "readAhead"],
    ["readAhaed", "readAhead"],
    ["readAhea", "readAhead"],
    ["readAheads", "readAhead"],
    ["redAhead", "readAhead"],
    ["readAheadBytes", "readAhead"],
    ["busyTimeoutMs", "busyTimeout"],
    ["BUSY_TIMEOUT", "busyTimeout"],
    ["busyTimeuot", "busyTimeout"],
    ["loadGaurd", "loadGuard"],
    ["loadguard", "loadGuard"],
    ["load", "loadGuard"],
    ["storge", "storage"],
    ["laadGuard", "loadGuard"],
  ])("asks for %s whether %s was meant", (name, meant) => {
    expect(refusal({ [name]: 1 })).toBe(`openIt: unknown option "${name}". Did you mean "${meant}"?`)
  })

  it.each([
    "timeout",
    "x",
    "__",
    "",
    "re",
    "constructor",
    "toString",
    "hasOwnProperty",
    "guardLoad",
    "daerAhead",
    "loadGuxuard",
    "loadXXXguard",
    "loadGuXXd",
  ])("lists the options for %j, which is like none", name => {
    expect(refusal({ [name]: 1 })).toBe(
      `openIt: unknown option "${name}". The options are readAhead, loadGuard, busyTimeout, observe, storage.`,
    )
  })

  it("an own __proto__ is an unknown option", () => {
    expect(refusal(JSON.parse('{"__proto__": 1}'))).toContain('unknown option "__proto__"')
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "5", null, 5n, true])(
    "refuses the count %s",
    value => {
      expect(refusal({ busyTimeout: value })).toBe('openIt: the option "busyTimeout" must be a whole number from 0.')
      expect(anyCount.accepts(value)).toBe(false)
    },
  )

  it.each([0, 1, "true", null])("refuses %s where true or false is expected", value => {
    expect(refusal({ loadGuard: value })).toBe('openIt: the option "loadGuard" must be true or false.')
  })

  it.each([null, "log", {}, true])("refuses %s where a function is expected", value => {
    expect(refusal({ observe: value })).toBe('openIt: the option "observe" must be a function.')
  })

  it("reads each once, inherited ones too, into an object of their own", () => {
    let reads = 0
    const given = {
      get readAhead() {
        return reads++
      },
    }
    const read = checkOptions("openIt", Object.create(given) as object, ENGINE_OPTIONS)
    expect([reads, read]).toEqual([1, { readAhead: 0 }])
  })

  it("options that throw when they are read, or when they are looked at, are refused", () => {
    const throws = (): never => {
      throw new Error("the caller's own")
    }
    expect(refusal(Object.defineProperty({}, "readAhead", { get: throws, enumerable: true }))).toBe(
      "openIt: the options could not be read.",
    )
    expect(() => checkOptions("openIt", new Proxy({}, { ownKeys: throws }), ENGINE_OPTIONS)).toThrow(
      expect.objectContaining({ cause: new Error("the caller's own") }),
    )
    expect(refusal(new Proxy({}, { ownKeys: throws }))).toBe("openIt: the options could not be read.")
    const rule = { expected: "a Map", accepts: (value: unknown) => value instanceof Map }
    const run = () => checkOptions("openIt", { map: new Proxy({}, { getPrototypeOf: throws }) }, { map: rule })
    expect(run).toThrow(new TypeError('openIt: the option "map" must be a Map.'))
  })

  it("the stores check theirs under their own names", () => {
    expect(() => createMemoryStore({ storage: {} as MemoryStorage })).toThrow(
      new TypeError('createMemoryStore: the option "storage" must be a MemoryStorage.'),
    )
    expect(() => createMemoryStore({ readahead: 1 } as object)).toThrow(/createMemoryStore: unknown.*"readAhead"/)
    expect(() => new EngineStore(new MemoryBackend(new MemoryStorage()), { storage: 1 } as object)).toThrow(
      /EngineStore: unknown option "storage"/,
    )
  })

  it("have the documented defaults, also where undefined is given", () => {
    const defaults = { readAhead: 16 * 1024 * 1024, loadGuard: true, busyTimeout: 5000 }
    expect(withDefaults({})).toEqual(defaults)
    expect(withDefaults(Object.fromEntries(Object.keys(defaults).map(name => [name, undefined])))).toEqual(defaults)
    expect(withDefaults({ readAhead: 0, loadGuard: false, busyTimeout: 0 })).toEqual({
      readAhead: 0,
      loadGuard: false,
      busyTimeout: 0,
    })
  })
})
