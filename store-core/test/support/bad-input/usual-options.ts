import fc from "fast-check"
import type { Option } from "./functions.js"

export const count: Option = {
  good: fc.integer({ min: 1, max: 100_000 }),
  accepts: value => Number.isSafeInteger(value) && (value as number) >= 0,
}

export const flag: Option = { good: fc.boolean(), accepts: value => typeof value === "boolean" }

const NAME = /^(?!sqlite_|pg_)[a-z_][a-z0-9_]{0,47}$/i

/** The option `tables` of the stores in SQL. */
export const tables: Option = {
  good: fc.constantFrom({}, { meta: "m" }, { meta: "select", records: "from" }),
  accepts: value => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false
    for (const name in value) if (name !== "meta" && name !== "records") return false
    const { meta = "holdfast_meta", records = "holdfast_records" } = value as Record<string, unknown>
    if (typeof meta !== "string" || typeof records !== "string") return false
    return NAME.test(meta) && NAME.test(records) && meta.toLowerCase() !== records.toLowerCase()
  },
}
