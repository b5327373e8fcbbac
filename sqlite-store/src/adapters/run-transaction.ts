/** What a driver's connection offers for transactions. */
export interface TransactionRunner {
  run(sql: "BEGIN IMMEDIATE" | "COMMIT" | "ROLLBACK"): void
  isOpen(): boolean
}

/** `SqliteAdapter.transaction` by statements: keeps the first error and leaves no transaction open. */
export function runTransaction<R>(runner: TransactionRunner, fn: () => R): R {
  runner.run("BEGIN IMMEDIATE")
  try {
    const result = fn()
    runner.run("COMMIT")
    return result
  } catch (error) {
    rollBack(runner)
    throw error
  }
}

/**
 * SQLite ends some transactions itself when a statement fails. A rollback that fails is tried once more: a transaction
 * left open would make every later write fail.
 */
function rollBack(runner: TransactionRunner): void {
  for (let attempt = 0; attempt < 2 && runner.isOpen(); attempt++) {
    try {
      runner.run("ROLLBACK")
    } catch {
      // The error that led here says more.
    }
  }
}
