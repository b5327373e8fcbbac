import { anyBoolean, checkOptions } from "@holdfast/store-core"

/** Throws a `TypeError` for a misspelt option: taken for absent, `lent` would let the store close the host's connection. */
export function checkAdapterOptions(caller: string, options: unknown, more: readonly string[] = []): void {
  if (options === null) throw new TypeError(`${caller}: the options must be an object.`)
  checkOptions(caller, options, Object.fromEntries(["lent", ...more].map(name => [name, anyBoolean])))
}
