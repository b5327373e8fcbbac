import { isStoreError, type Store, StoreError } from "@holdfast/store-core"
import { type BrokenStore, brokenMethods } from "./broken-store.js"

/** Changes what append and replace reject with. */
function rejectingWith(change: (error: StoreError) => Error): BrokenStore["damage"] {
  const fails = (error: unknown): never => {
    throw isStoreError(error) ? change(error) : error
  }
  return brokenMethods(
    (store): Partial<Store> => ({
      append: (docId, record) => store.append(docId, record).catch(fails),
      replace: (docId, records) => store.replace(docId, records).catch(fails),
    }),
  )
}

export const errorStores: readonly BrokenStore[] = [
  {
    name: "errors without the cause",
    bug: "The driver's error is dropped, so nobody can find out what was wrong.",
    breaks: ["ERROR-1"],
    also: ["WRITE-1", "WRITE-2"],
    damage: rejectingWith(({ code, message, backend, docId }) => new StoreError(code, message, { backend, docId })),
  },
  {
    name: "errors without the document",
    bug: "In a batch of calls nobody can tell which document an error is about.",
    breaks: ["ERROR-1"],
    also: [
      "ERROR-2",
      "GUARD-1",
      "GUARD-2",
      "META-1",
      "META-3",
      "RECORD-3",
      "RECORD-5",
      "REPLACE-2",
      "SHARE-1",
      "SHARE-3",
      "WRITE-1",
      "WRITE-2",
    ],
    slow: ["size-over-the-limits"],
    damage: rejectingWith(({ code, message, backend, cause }) => new StoreError(code, message, { backend, cause })),
  },
  {
    name: "errors without a code",
    bug: "Errors can only be told apart by their text.",
    breaks: ["ERROR-1"],
    also: ["ERROR-2", "GUARD-1", "GUARD-3", "LOAD-2", "META-3", "ORDER-4", "SHARE-2"],
    damage: rejectingWith(error => (error.code === "STORE_META_MISMATCH" ? new Error(error.message) : error)),
  },
  {
    name: "a closed store says to try again",
    bug: "Every error is marked as one that passes, and callers try again for ever.",
    breaks: ["ERROR-1"],
    damage: rejectingWith(error =>
      error.code === "STORE_CLOSED" ? new StoreError(error.code, error.message, { ...error, retryable: true }) : error,
    ),
  },
  {
    name: "messages that say the code",
    bug: "The message names neither the document nor what to do.",
    breaks: ["ERROR-2"],
    also: ["META-3"],
    damage: rejectingWith(error => new StoreError(error.code, error.code, error)),
  },
]
