import type { Found } from "./typist.js"

/** Whoever writes, as the supervisor sees it. */
export interface WriterHandle {
  /** What the store had of each document when the writer opened it. */
  readonly found: readonly Found[]
  /** Types up to these edit numbers. Rejects when the writer fails or ends; after `kill` it stays as it is. */
  type(until: readonly number[]): Promise<void>
  /** Ends the writer where it is, without closing its store. Afterwards nothing more is acknowledged. */
  kill(): Promise<void>
  /** Closes its store and ends it. */
  close(): Promise<void>
}
