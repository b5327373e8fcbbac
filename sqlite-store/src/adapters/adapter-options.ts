import { anyBoolean, checkOptions, hasMethods } from "@holdfast/store-core"
import type { SharedAdapterOptions } from "../sqlite-adapter.js"

/** The options in an object of their own. Throws a `TypeError` for a misspelt option: taken for absent, `lent` would let the store close the host's connection. */
export function checkAdapterOptions(caller: string, options: SharedAdapterOptions, more: readonly string[] = []) {
  if (options === null) throw new TypeError(`${caller}: the options must be an object.`)
  return checkOptions(caller, options, Object.fromEntries(["lent", ...more].map(name => [name, anyBoolean])))
}

/**
 * Throws a `TypeError` for what is no connection of the driver's, which would fail with a message of JavaScript's own.
 *
 * @param flag The property by which the driver says whether a transaction is open; older releases of Node have none.
 */
export function checkConnection(caller: string, driver: string, db: object, flag: "inTransaction" | "isTransaction") {
  const isConnection = hasMethods(db, "prepare", "close")
  if (isConnection && "inTransaction" in db === (flag === "inTransaction")) return
  throw new TypeError(`${caller}: this is not a ${driver}. Each driver has a function of its own.`)
}
