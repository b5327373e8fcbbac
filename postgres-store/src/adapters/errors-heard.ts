import { soon } from "../batch.js"

interface Emitter {
  on(event: "error", listener: (error: Error) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
}

interface PoolEmitter extends Emitter {
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "connect", listener: (client: Emitter) => void): unknown
  off(event: "error", listener: (error: Error) => void): unknown
  off(event: "connect", listener: (client: Emitter) => void): unknown
}

const counts = new WeakMap<Emitter, number>()

/**
 * Keeps an `error` listener on a client until the function returned is called: without one, a connection that is lost
 * between two calls ends the process.
 */
export function hearErrors(client: Emitter): () => void {
  return whileUsed(
    client,
    () => client.on("error", ignore),
    () => client.off("error", ignore),
  )
}

/** The same for a pool, and for each of its connections while it is handed over. */
export function hearPoolErrors(pool: PoolEmitter): () => void {
  return whileUsed(
    pool,
    () => {
      pool.on("error", ignore)
      pool.on("connect", hearAtOnce)
    },
    () => {
      pool.off("error", ignore)
      pool.off("connect", hearAtOnce)
    },
  )
}

/** All stores on a pool or client share its listeners, since Node warns of more than ten. */
function whileUsed(emitter: Emitter, begin: () => void, end: () => void): () => void {
  const count = counts.get(emitter) ?? 0
  if (count === 0) begin()
  counts.set(emitter, count + 1)
  let hearing = true
  return () => {
    if (!hearing) return
    hearing = false
    const left = (counts.get(emitter) ?? 1) - 1
    counts.set(emitter, left)
    if (left === 0) end()
  }
}

/**
 * A connection that the server ends in the packet that says it is ready reports that before anybody who awaits the client can
 * listen; unheard, it would end the process.
 */
function hearAtOnce(client: Emitter): void {
  client.on("error", ignore)
  soon(() => client.off("error", ignore))
}

/** What uses the connection next reports it. */
function ignore(): void {}
