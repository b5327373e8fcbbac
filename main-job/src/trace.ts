import { promisify } from "node:util"
import { gunzip } from "node:zlib"

/** Position and deleted count are in Unicode code points. */
type Patch = readonly [position: number, deleted: number, inserted: string]

/** A recorded editing session. */
export interface Trace {
  readonly start: string
  readonly end: string
  readonly patches: readonly Patch[]
}

/** A small file can unpack to more than memory holds. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024

/** Reads the gzipped JSON of a recording. Throws an `Error` that says what is wrong with it. */
export async function readTrace(bytes: Uint8Array): Promise<Trace> {
  const json = await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
  const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json))
  if (!isObject(value)) throw new Error("it is not an object")
  const { startContent, endContent, txns } = value
  if (!isText(startContent) || !isText(endContent)) throw new Error("startContent and endContent must be texts")
  if (!Array.isArray(txns)) throw new Error("txns must be a list")
  return { start: startContent, end: endContent, patches: txns.flatMap(patchesOf) }
}

function patchesOf(transaction: unknown): Patch[] {
  if (!isObject(transaction) || !Array.isArray(transaction.patches)) throw new Error("a transaction has no patches")
  const patches: unknown[] = transaction.patches
  return patches.map(patch => {
    if (!isPatch(patch)) throw new Error("a patch is not [position, deleted count, inserted text]")
    return patch
  })
}

function isPatch(value: unknown): value is Patch {
  return Array.isArray(value) && value.length === 3 && isCount(value[0]) && isCount(value[1]) && isText(value[2])
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}
