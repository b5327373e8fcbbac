import { execute, type PrismaClientLike } from "./client.js"

/** The last turn on each client. */
const last = new WeakMap<PrismaClientLike, Promise<unknown>>()

/** Runs `work` when the stores on this client have done what they were asked before. */
export function takeTurn<T>(client: PrismaClientLike, work: () => Promise<T>): Promise<T> {
  const turn = (last.get(client) ?? Promise.resolve()).then(work, work)
  last.set(
    client,
    turn.catch(() => {}),
  )
  return turn
}

/**
 * Runs `work` inside the host's transaction so that a failure leaves the transaction as it was; in turns, because one call
 * inside another's savepoint would be rolled back with it.
 */
export function inSavepoint<T>(client: PrismaClientLike, work: () => Promise<T>): Promise<T> {
  return takeTurn(client, () => runInSavepoint(client, work))
}

/** The first error is thrown, whatever becomes of undoing: when that fails too, so has the host's transaction. */
async function runInSavepoint<T>(client: PrismaClientLike, work: () => Promise<T>): Promise<T> {
  await execute(client, "SAVEPOINT holdfast", [])
  let result: T
  try {
    result = await work()
  } catch (error) {
    try {
      await execute(client, "ROLLBACK TO SAVEPOINT holdfast", [])
      await execute(client, "RELEASE SAVEPOINT holdfast", [])
    } catch {}
    throw error
  }
  await execute(client, "RELEASE SAVEPOINT holdfast", [])
  return result
}
