import type { PgSession } from "../pg-adapter.js"

/**
 * Runs `work` so that a failure leaves the host's transaction as it was before. The first error is thrown, whatever
 * becomes of undoing: when that fails too, so has the host's transaction, which its next statement tells.
 */
export async function runInSavepoint<T>(session: PgSession, work: (session: PgSession) => Promise<T>): Promise<T> {
  await session.script("SAVEPOINT holdfast")
  try {
    const result = await work(session)
    await session.script("RELEASE SAVEPOINT holdfast")
    return result
  } catch (error) {
    await session.script("ROLLBACK TO SAVEPOINT holdfast; RELEASE SAVEPOINT holdfast").catch(() => {})
    throw error
  }
}
