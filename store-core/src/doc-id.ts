import { StoreError } from "./errors.js"
import type { DocId } from "./store.js"
import { isStorableText, utf8LengthExceeds } from "./text.js"

/** The most UTF-8 bytes an id may have. */
export const MAX_DOC_ID_BYTES = 1024

/** Throws `STORE_INVALID_DOC_ID` unless `value` is an id (ID-1). */
export function checkDocId(value: unknown, backend: string): asserts value is DocId {
  const problem = value === "" ? "it is empty" : problemWith(value)
  if (problem !== null) throw invalid("Document id", value, problem, backend)
}

/** Throws `STORE_INVALID_DOC_ID` unless `value` is a prefix: `""` or itself an id (LIST-5). */
export function checkPrefix(value: unknown, backend: string): asserts value is string {
  const problem = problemWith(value)
  if (problem !== null) throw invalid("Prefix", value, problem, backend)
}

function problemWith(value: unknown): string | null {
  if (typeof value !== "string") return `it is ${value === null ? "null" : `of type ${typeof value}`}, not a string`
  if (utf8LengthExceeds(value, MAX_DOC_ID_BYTES)) return `it is longer than ${MAX_DOC_ID_BYTES} UTF-8 bytes`
  if (!isStorableText(value)) return "it contains U+0000 or an unpaired surrogate"
  return null
}

function invalid(what: string, value: unknown, problem: string, backend: string): StoreError {
  const shown = typeof value === "string" ? ` ${JSON.stringify(value.slice(0, 40))}${value.length > 40 ? "…" : ""}` : ""
  return new StoreError(
    "STORE_INVALID_DOC_ID",
    `${what}${shown} is not valid: ${problem}. Pass a well-formed string of 1 to ${MAX_DOC_ID_BYTES} UTF-8 bytes without U+0000.`,
    { backend },
  )
}
