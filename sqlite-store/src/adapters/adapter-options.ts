import { anyBoolean, checkOptions } from "@holdfast/store-core"
import type { SharedAdapterOptions } from "../sqlite-adapter.js"

/** The options in an object of their own. Throws a `TypeError` for a misspelt option: taken for absent, `lent` would let the store close the host's connection. */
export function checkAdapterOptions(caller: string, options: SharedAdapterOptions, more: readonly string[] = []) {
  if (options === null) throw new TypeError(`${caller}: the options must be an object.`)
  return checkOptions(caller, options, Object.fromEntries(["lent", ...more].map(name => [name, anyBoolean])))
}
