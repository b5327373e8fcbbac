import { execute, type PrismaClientLike } from "./client.js"

/** The last turn of each transaction. */
const last = new WeakMap<PrismaClientLike, Promise<unknown>>()

/**
 * Runs `work` inside the host's transaction when the stores on it have done what they were asked before, so that a
 * failure leaves the transaction as it was: one call inside another's savepoint would be rolled back with it.
 */
export function inSavepoint<T>(client: PrismaClientLike, work: () => Promise<T>): Promise<T> {
  const run = () => runInSavepoint(client, work)
  const turn = (last.get(client) ?? Promise.resolve()).then(run, run)
  last.set(
    client,
    turn.catch(() => {}),
  )
  return turn
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
