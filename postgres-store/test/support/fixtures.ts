import type { Store } from "@holdfast/store-core"
import { collect, entry, metaRecord } from "@holdfast/testing"
import type { TestDatabase } from "./database.js"

let schemas = 0

/** A schema of a test's own. */
export async function freshSchema(database: TestDatabase): Promise<string> {
  const schema = `own_${++schemas}`
  await database.admin.query(`CREATE SCHEMA ${schema}`)
  return schema
}

/** The document's entries as their texts. */
export async function texts(store: Store, docId: string): Promise<string[]> {
  const records = await collect(store.loadAll(docId))
  return records.flatMap(record => (record.kind === "entry" ? [String(record.payload.data)] : []))
}

export async function create(store: Store, docId: string, ...entries: readonly string[]): Promise<void> {
  await Promise.all([store.append(docId, metaRecord()), ...entries.map(text => store.append(docId, entry(text)))])
}

/** The code a call rejects with, or `"ok"`. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return "ok"
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
