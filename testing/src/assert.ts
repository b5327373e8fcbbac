import { STORE_ERROR_CODES, type StoreErrorCode } from "@holdfast/store-core"

/**
 * What `rejects` found. Structural, since a store under test may have its own copy of the `StoreError` class.
 * `docId` and `cause` are absent where there is none.
 */
export interface FoundStoreError extends Error {
  readonly code: StoreErrorCode
  readonly backend: string
  readonly docId?: string
  readonly retryable: boolean
  readonly outcome: "none" | "unknown"
}

/** What `rejects` checks beside the code. */
export interface ExpectedError {
  readonly docId?: string
  readonly outcome?: "none" | "unknown"
  readonly retryable?: boolean
  readonly messageIncludes?: string | readonly string[]
}

/** Fails unless `Object.is(actual, expected)`. */
export function equal(actual: unknown, expected: unknown, what = "value"): void {
  if (!Object.is(actual, expected)) fail(what, actual, expected)
}

/** Fails unless `condition` is true; a truthy value of another type fails too. */
export function ok(condition: boolean, what: string): asserts condition {
  if (condition !== true) throw new Error(`${what}: expected true, got ${show(condition)}`)
}

/**
 * Fails unless both have the same structure: arrays with the same elements, plain objects with the same own keys (a key
 * with the value `undefined` is not an absent key), bytes of exactly the same class with the same content, everything
 * else `Object.is`. Objects of a class are equal to nothing but themselves.
 */
export function deepEqual(actual: unknown, expected: unknown, what = "value"): void {
  const at = difference(actual, expected, "")
  if (at === null) return
  const place = at.path === "" ? what : `${what} at ${at.path.replace(/^\./, "")}`
  throw new Error(
    `${place}: expected ${show(at.expected)}, got ${show(at.actual)}\n` +
      `  expected ${show(expected)}\n  actual   ${show(actual)}`,
  )
}

/**
 * Fails unless `operation` rejects with an error that is a complete `StoreError` (ERROR-1) and has one of these codes;
 * returns it. A function that throws synchronously fails (ORDER-5).
 */
export async function rejects(
  operation: PromiseLike<unknown> | (() => PromiseLike<unknown>),
  code: StoreErrorCode | readonly StoreErrorCode[],
  expected: ExpectedError = {},
): Promise<FoundStoreError> {
  const codes = typeof code === "string" ? [code] : code
  const wanted = codes.join(" or ")
  let promise: PromiseLike<unknown>
  if (typeof operation === "function") {
    try {
      promise = operation()
    } catch (error) {
      throw new Error(`expected a rejection with ${wanted}, but the call threw synchronously: ${show(error)}`)
    }
  } else promise = operation
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    const found = storeError(error, `expected a rejection with ${wanted}`)
    if (!codes.includes(found.code)) {
      throw new Error(`error code: expected ${wanted}, got ${found.code}: ${found.message}`, { cause: error })
    }
    checkDetails(found, expected)
    return found
  }
  throw new Error(`expected a rejection with ${wanted}, but it resolved with ${show(value)}`)
}

/** Fails unless `error` is a complete `StoreError` as ERROR-1 describes it; returns it. */
export function storeError(error: unknown, what = "error"): FoundStoreError {
  const lacks = (part: string): never => {
    throw new Error(`${what}: not a proper StoreError (${part}): ${show(error)}`, { cause: error })
  }
  if (!(error instanceof Error)) return lacks("not an Error")
  const found = error as Error & { [name: string]: unknown }
  if (found.name !== "StoreError") lacks(`name is ${show(found.name)}`)
  if (!(STORE_ERROR_CODES as readonly unknown[]).includes(found.code)) lacks(`unknown code ${show(found.code)}`)
  if (typeof found.backend !== "string" || found.backend === "") lacks(`backend is ${show(found.backend)}`)
  if (typeof found.retryable !== "boolean") lacks(`retryable is ${show(found.retryable)}`)
  if (found.outcome !== "none" && found.outcome !== "unknown") lacks(`outcome is ${show(found.outcome)}`)
  if (found.docId !== undefined && typeof found.docId !== "string") lacks(`docId is ${show(found.docId)}`)
  if (typeof found.message !== "string" || found.message === "") lacks("no message")
  return error as FoundStoreError
}

function checkDetails(found: FoundStoreError, expected: ExpectedError): void {
  const of = `of ${found.code} (${found.message})`
  if (expected.docId !== undefined) equal(found.docId, expected.docId, `docId ${of}`)
  if (expected.outcome !== undefined) equal(found.outcome, expected.outcome, `outcome ${of}`)
  if (expected.retryable !== undefined) equal(found.retryable, expected.retryable, `retryable ${of}`)
  const parts = expected.messageIncludes ?? []
  for (const part of typeof parts === "string" ? [parts] : parts) {
    ok(found.message.includes(part), `whether the message ${of} has ${show(part)} in it`)
  }
}

/** Everything an iteration yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of iterable) all.push(item)
  return all
}

/** `promise`, or a failure when it has not settled after `ms` milliseconds: turns a hang into an error with a name. */
export async function within<T>(promise: PromiseLike<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: did not settle within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function fail(what: string, actual: unknown, expected: unknown): never {
  throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

interface Difference {
  readonly path: string
  readonly actual: unknown
  readonly expected: unknown
}

function difference(actual: unknown, expected: unknown, path: string): Difference | null {
  if (Object.is(actual, expected)) return null
  const here = { path, actual, expected }
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) return here
  if (ArrayBuffer.isView(expected) || ArrayBuffer.isView(actual)) return sameBytes(actual, expected) ? null : here
  if (Array.isArray(expected) !== Array.isArray(actual)) return here
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (actual.length !== expected.length) {
      return { path: `${path}.length`, actual: actual.length, expected: expected.length }
    }
  } else if (!isPlain(actual) || !isPlain(expected)) return here
  return differentKeys(actual as Keyed, expected as Keyed, path)
}

type Keyed = Readonly<Record<PropertyKey, unknown>>

function differentKeys(actual: Keyed, expected: Keyed, path: string): Difference | null {
  for (const key of new Set([...Reflect.ownKeys(expected), ...Reflect.ownKeys(actual)])) {
    const place = `${path}.${String(key)}`
    if (!Object.hasOwn(actual, key)) return { path: place, actual: ABSENT, expected: expected[key] }
    if (!Object.hasOwn(expected, key)) return { path: place, actual: actual[key], expected: ABSENT }
    const found = difference(actual[key], expected[key], place)
    if (found !== null) return found
  }
  return null
}

const ABSENT = Symbol("absent")

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Same class and content: a Buffer with the right bytes is still the wrong answer (RECORD-2). */
function sameBytes(actual: object, expected: object): boolean {
  if (!(actual instanceof Uint8Array) || !(expected instanceof Uint8Array)) return false
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return false
  return actual.length === expected.length && actual.every((byte, i) => byte === expected[i])
}

/** A value as messages show it, cut where it is long. */
export function show(value: unknown, limit = 300): string {
  const text = write(value, 0)
  return text.length <= limit ? text : `${text.slice(0, limit)}…`
}

function write(value: unknown, depth: number): string {
  if (value === ABSENT) return "nothing (no such key)"
  if (typeof value === "string") return writeString(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "function") return `function ${value.name}`
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value)
  if (value instanceof Error) return writeError(value)
  if (ArrayBuffer.isView(value)) return writeView(value)
  if (depth === 4) return "…"
  if (Array.isArray(value)) return `[${writeSome(value, item => write(item, depth + 1))}]`
  const entries = Reflect.ownKeys(value).map(key => [key, (value as Keyed)[key]] as const)
  const body = writeSome(entries, ([key, item]) => `${String(key)}: ${write(item, depth + 1)}`)
  const name: unknown = isPlain(value) ? "" : value.constructor?.name
  return typeof name === "string" && name !== "" ? `${name} {${body}}` : `{${body}}`
}

function writeString(value: string): string {
  return value.length <= 120 ? quote(value) : `${quote(value.slice(0, 120))}… (${value.length} units)`
}

/** A string literal in ASCII: a person has to see which character it is. */
export function quote(value: string): string {
  const escaped = (char: string): string => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
  return JSON.stringify(value).replace(/[^ -~]/gu, escaped)
}

function writeError(error: Error): string {
  const code = (error as { code?: unknown }).code
  return `${error.name}${typeof code === "string" ? ` ${code}` : ""}: ${error.message}`
}

function writeView(view: ArrayBufferView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, Math.min(view.byteLength, 16))
  const more = view.byteLength > 16 ? `, … (${view.byteLength} bytes)` : ""
  return `${view.constructor.name} [${Array.from(bytes).join(", ")}${more}]`
}

function writeSome<T>(items: readonly T[], one: (item: T) => string): string {
  const shown = items.slice(0, 8).map(one).join(", ")
  return items.length > 8 ? `${shown}, … (${items.length})` : shown
}
