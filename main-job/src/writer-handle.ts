import type { Input } from "./inputs.js"
import type { Place } from "./open-store.js"
import { type Acknowledge, type Found, Typist } from "./typist.js"
import { startWriterProcess } from "./writer-process.js"

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

/** A writer in a process of its own where that process can open the place, else in this one. */
export function startWriter(place: Place, inputs: readonly Input[], acknowledge: Acknowledge): Promise<WriterHandle> {
  return place.shared
    ? startWriterProcess(place.spec, inputs, acknowledge)
    : startLocalWriter(place, inputs, acknowledge)
}

/**
 * A writer in this process. Killing it means leaving its store without closing it; edits in flight are waited for, since in one
 * process nothing could keep them from arriving later, between those of the next writer.
 */
async function startLocalWriter(
  place: Place,
  inputs: readonly Input[],
  acknowledge: Acknowledge,
): Promise<WriterHandle> {
  const store = await place.open()
  const typist = await Typist.open(store, inputs)
  const stop = new AbortController()
  let typing: Promise<void> = Promise.resolve()
  return {
    found: typist.found,
    type(until) {
      typing = typist.type(
        until,
        (index, edits) => {
          if (!stop.signal.aborted) acknowledge(index, edits)
        },
        stop.signal,
      )
      return typing
    },
    async kill() {
      stop.abort()
      await typing
    },
    close: () => store.close(),
  }
}
