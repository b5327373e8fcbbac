import type { Input } from "./inputs.js"
import type { Place } from "./open-store.js"
import { type Acknowledge, Typist } from "./typist.js"
import type { WriterHandle } from "./writer-handle.js"

/**
 * A writer in this process. Killing it means leaving its store without closing it; edits in flight are waited for,
 * since in one process nothing could keep them from arriving later, between those of the next writer.
 */
export async function startLocalWriter(
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
