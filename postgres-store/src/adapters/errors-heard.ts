interface Emitter {
  on(event: "error", listener: (error: Error) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
}

const counts = new WeakMap<Emitter, number>()

/**
 * Keeps an `error` listener on a pool or client until the function returned is called: without one, a connection that is
 * lost between two calls ends the process. One for all stores on it, since Node warns of more than ten.
 */
export function hearErrors(emitter: Emitter): () => void {
  const count = counts.get(emitter) ?? 0
  if (count === 0) emitter.on("error", ignore)
  counts.set(emitter, count + 1)
  let hearing = true
  return () => {
    if (!hearing) return
    hearing = false
    const left = (counts.get(emitter) ?? 1) - 1
    counts.set(emitter, left)
    if (left === 0) emitter.off("error", ignore)
  }
}

/** What uses the connection next reports it. */
function ignore(): void {}
