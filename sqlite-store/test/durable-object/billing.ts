import type { DurableObjectState } from "@cloudflare/workers-types"
import { type EntryRecord, entry, metaRecord } from "@holdfast/testing"
import { createSqliteStore, type DurableObjectContext, fromDurableObject } from "../../src/index.js"

/** Rows written as the platform bills them, for each kind of write. */
export interface RowsWritten {
  readonly "create the document": number
  readonly "append one entry": number
  readonly "append ten entries in one group": number
  readonly "replace by one entry": number
  readonly "delete the document": number
}

type Run = (sql: string, ...params: unknown[]) => void

/** The storage, adding up what its cursors say was written. */
function counted({ storage }: DurableObjectState) {
  const counter = { rows: 0 }
  const exec = (sql: string, ...params: unknown[]) => {
    const cursor = storage.sql.exec(sql, ...params)
    const found = cursor.toArray()
    counter.rows += cursor.rowsWritten
    return { toArray: () => found }
  }
  const context: DurableObjectContext = {
    storage: { sql: { exec }, transactionSync: fn => storage.transactionSync(fn) },
  }
  return { counter, context, exec }
}

const text = (n: number): EntryRecord => entry(JSON.stringify({ n, filler: "x".repeat(100) }))

async function count(
  counter: { rows: number },
  write: (what: keyof RowsWritten) => unknown,
): Promise<Record<keyof RowsWritten, number>> {
  const one = async (what: keyof RowsWritten) => {
    const before = counter.rows
    await write(what)
    return counter.rows - before
  }
  return {
    "create the document": await one("create the document"),
    "append one entry": await one("append one entry"),
    "append ten entries in one group": await one("append ten entries in one group"),
    "replace by one entry": await one("replace by one entry"),
    "delete the document": await one("delete the document"),
  }
}

/** Our tables, written through the store. */
async function ofStore(ctx: DurableObjectState): Promise<RowsWritten> {
  const { counter, context } = counted(ctx)
  const store = createSqliteStore(fromDurableObject(context))
  await store.append("other", metaRecord())
  return count(counter, what => {
    if (what === "create the document") return store.append("doc", metaRecord())
    if (what === "append one entry") return store.append("doc", text(0))
    if (what === "replace by one entry") return store.replace("doc", [metaRecord(), text(0)])
    if (what === "delete the document") return store.delete("doc")
    return Promise.all(Array.from({ length: 10 }, (_, i) => store.append("doc", text(i))))
  })
}

/** The textbook's tables: records clustered by the document's id, without a number for the document. */
function ofTextbook(ctx: DurableObjectState): Promise<RowsWritten> {
  const { counter, exec } = counted(ctx)
  const run: Run = (sql, ...params) => void exec(sql, ...params)
  run("CREATE TABLE t_meta (doc_id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")
  run(
    "CREATE TABLE t_records (doc_id TEXT NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, version TEXT, " +
      "lineage TEXT, payload TEXT, blob BLOB, PRIMARY KEY (doc_id, seq)) WITHOUT ROWID",
  )
  const meta = JSON.stringify(metaRecord().meta)
  let seq = 0
  const insert = (kind: number, payload: string | null) =>
    run("INSERT INTO t_records VALUES ('doc', ?, ?, 'v', NULL, ?, NULL)", ++seq, kind, payload)
  const entryOf = (n: number) => insert(3, String(text(n).payload.data))
  const clear = () => run("DELETE FROM t_records WHERE doc_id = 'doc'")
  return count(counter, what => {
    if (what === "create the document") {
      run("INSERT INTO t_meta VALUES ('doc', ?)", meta)
      insert(1, meta)
    } else if (what === "append one entry") entryOf(0)
    else if (what === "replace by one entry") {
      clear()
      insert(1, meta)
      entryOf(0)
    } else if (what === "delete the document") {
      clear()
      run("DELETE FROM t_meta WHERE doc_id = 'doc'")
    } else for (let i = 0; i < 10; i++) entryOf(i)
  })
}

export async function countRowsWritten(
  ctx: DurableObjectState,
): Promise<{ store: RowsWritten; textbook: RowsWritten }> {
  return { store: await ofStore(ctx), textbook: await ofTextbook(ctx) }
}
