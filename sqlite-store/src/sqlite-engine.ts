import { ENGINE, type EngineAccess, type EngineStore } from "@holdfast/store-core"
import { SqliteBackend } from "./sqlite-backend.js"

/** The engine of a store and its backend; null when the argument, which may be anything, is no SQLite store. */
export function sqliteEngine(store: EngineStore): { engine: EngineAccess; backend: SqliteBackend } | null {
  try {
    const engine = store?.[ENGINE]
    const backend = engine?.backend
    return backend instanceof SqliteBackend ? { engine, backend } : null
  } catch {
    return null
  }
}
