import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fromDriver } from "@holdfast/example-custom-adapter"
import { createSqliteStore, type SqliteStoreOptions } from "@holdfast/sqlite-store"
import { describeStore, type Subject } from "@holdfast/testing"

// #region subject
async function bindingSubject(): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), "sqlite-binding-"))
  const open = (file: string, options?: SqliteStoreOptions) => {
    const db = new DatabaseSync(join(directory, file))
    // What only a power loss could take away no test can see; without waiting for the disk the suite is quicker.
    db.exec("PRAGMA synchronous = OFF")
    db.exec("PRAGMA journal_mode = WAL")
    return createSqliteStore(fromDriver(db), options)
  }
  return {
    store: open("store.db"),
    reopen: () => open("store.db"),
    second: () => open("store.db"),
    isolated: () => open("store.db", { tables: { meta: "other_meta", records: "other_records" } }),
    configured: options => open("configured.db", options),
    dispose: () => rm(directory, { recursive: true }),
  }
}

await describeStore("SQLite through a binding of one's own", bindingSubject)
// #endregion subject
