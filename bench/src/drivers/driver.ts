/** A place to keep records of documents, as the scenarios use it. What is synchronous answers without a promise. */
export interface Driver {
  /** Makes the documents, each with what the store needs before its first record. */
  create(ids: readonly string[]): void | Promise<void>
  /** Resolves, or returns, when the record is stored as durably as the driver was opened. */
  append(id: string, data: Uint8Array, version: string): void | Promise<void>
  /** One record to each document, all in one tick. */
  appendToEach(ids: readonly string[], data: readonly Uint8Array[], version: string): void | Promise<void>
  /**
   * Reads the records of a document, with bytes of their own, and returns how many there were. `visit` gets the bytes
   * of each but the first, which is the metadata.
   */
  load(id: string, visit?: Visit): number | Promise<number>
  close(): void | Promise<void>
}

export type Visit = (data: Uint8Array) => void

/** What a store without records of its own makes of what it has read. */
export interface LoadedRecord {
  readonly kind: "entry"
  readonly payload: { readonly kind: "since"; readonly encoding: "binary"; readonly data: Uint8Array }
  readonly version: string
}

/** Counts the records of a load and shows them. */
export function counted(records: readonly (LoadedRecord | null)[], visit?: Visit): number {
  if (visit !== undefined) for (const record of records.slice(1)) if (record !== null) visit(record.payload.data)
  return records.length
}

export type Durability = "full" | "normal"

/** The record with the index `at` of a list that begins again after its end. */
export function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T
}
