import { type Binding, openDatabase } from "./database.js"
import { counted, type Driver, type Durability, pick } from "./driver.js"
import { META_TEXT } from "./raw.js"

/** The plain way: every call prepares its statements, and each append looks the document up in a transaction. */
export function naiveDriver(binding: Binding, path: string, durability: Durability): Driver {
  const db = openDatabase(binding, path, durability)
  db.exec("CREATE TABLE IF NOT EXISTS meta (doc_id TEXT PRIMARY KEY, data TEXT NOT NULL)")
  db.exec(
    "CREATE TABLE IF NOT EXISTS records (doc_id TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, version TEXT, blob BLOB, PRIMARY KEY (doc_id, seq))",
  )
  const append = async (id: string, kind: string, version: string | null, blob: Uint8Array | null) => {
    const meta = db.prepare("SELECT data FROM meta WHERE doc_id = ?").get(id)
    if (meta !== undefined) JSON.parse((meta as { data: string }).data)
    const { last } = db.prepare("SELECT MAX(seq) AS last FROM records WHERE doc_id = ?").get(id) as { last: number }
    db.exec("BEGIN")
    if (meta === undefined) db.prepare("INSERT INTO meta (doc_id, data) VALUES (?, ?)").run(id, META_TEXT)
    const insert = db.prepare("INSERT INTO records (doc_id, seq, kind, version, blob) VALUES (?, ?, ?, ?, ?)")
    insert.run(id, (last ?? 0) + 1, kind, version, blob)
    db.exec("COMMIT")
  }
  return {
    create(ids) {
      db.exec("BEGIN")
      const meta = db.prepare("INSERT INTO meta (doc_id, data) VALUES (?, ?)")
      const record = db.prepare("INSERT INTO records (doc_id, seq, kind) VALUES (?, 1, 'meta')")
      for (const id of ids) {
        meta.run(id, META_TEXT)
        record.run(id)
      }
      db.exec("COMMIT")
    },
    append: (id, data, version) => append(id, "entry", version, data),
    async appendToEach(ids, data, version) {
      await Promise.all(ids.map((id, at) => append(id, "entry", version, pick(data, at))))
    },
    load(id, visit) {
      const rows = db.prepare("SELECT kind, version, blob FROM records WHERE doc_id = ? ORDER BY seq").all(id)
      const records = (rows as { version: string; blob: Uint8Array | null }[]).map(({ version, blob }) => {
        const data = blob === null ? new Uint8Array() : new Uint8Array(blob)
        return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version } as const
      })
      return counted(records, visit)
    },
    close: () => void db.close(),
  }
}
