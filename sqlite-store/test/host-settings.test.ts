import type { StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, deepEqual, entries, entry, metaRecord, nastyIds, runModelCheck } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSqliteStore, transact, verifySqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS } from "./support/connection.js"
import { type Host, type HostOptions, openHost } from "./support/host.js"
import { type TempDir, tempDir } from "./support/temp.js"

const pragma = (name: string, value: number | string) => ({
  set: [`PRAGMA ${name} = ${value}`],
  kept: [[`PRAGMA ${name}`, value]] as [string, unknown][],
})

interface Setting extends HostOptions {
  readonly set?: readonly string[]
  /** Queries that show the setting, with what they yield: before the store works, and after. */
  readonly kept?: readonly (readonly [string, unknown])[]
}

const AUDIT = [
  "CREATE TABLE audit (n INTEGER PRIMARY KEY, what TEXT, depth INTEGER DEFAULT 0)",
  "CREATE TRIGGER again AFTER INSERT ON audit WHEN new.depth < 3 BEGIN INSERT INTO audit (what, depth) VALUES (new.what, new.depth + 1); END",
]

const settings: Readonly<Record<string, Setting>> = {
  "big integers": { bigints: true },
  "foreign keys": pragma("foreign_keys", 1),
  "foreign keys that refer to documents": {
    set: [
      "PRAGMA foreign_keys = ON",
      "CREATE TABLE opened (doc_id TEXT REFERENCES holdfast_meta (doc_id) ON DELETE CASCADE)",
    ],
  },
  "a LIKE that minds case": {
    set: ["PRAGMA case_sensitive_like = ON"],
    kept: [["SELECT 'a' LIKE 'A'", 0]],
  },
  "recursive triggers": pragma("recursive_triggers", 1),
  "triggers on tables of the host": {
    set: ["PRAGMA recursive_triggers = ON", ...AUDIT],
    kept: [["SELECT count(*) FROM audit", 0]],
  },
  "uncommitted reads": pragma("read_uncommitted", 1),
  "pages of 512 bytes": pragma("page_size", 512),
  "pages of 65,536 bytes": pragma("page_size", 65_536),
  "the journal deleted": pragma("journal_mode", "delete"),
  "the journal truncated": pragma("journal_mode", "truncate"),
  "the journal in memory": pragma("journal_mode", "memory"),
  "the write-ahead log": pragma("journal_mode", "wal"),
  "the write-ahead log never copied": {
    set: ["PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0"],
    kept: [["PRAGMA wal_autocheckpoint", 0]],
  },
  "full auto-vacuum": pragma("auto_vacuum", 1),
  "incremental auto-vacuum": pragma("auto_vacuum", 2),
  "the file locked for good": {
    set: ["PRAGMA locking_mode = EXCLUSIVE"],
    kept: [["PRAGMA locking_mode", "exclusive"]],
  },
  "the file locked for good, with the write-ahead log": {
    set: ["PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL"],
    kept: [["PRAGMA journal_mode", "wal"]],
  },
  "temporary tables in memory": pragma("temp_store", 2),
  "temporary tables in files": pragma("temp_store", 1),
  "a cache of ten pages": pragma("cache_size", 10),
  "deleted content overwritten": pragma("secure_delete", 1),
  "rows in reverse where no order is asked for": pragma("reverse_unordered_selects", 1),
  "a schema that is not trusted": pragma("trusted_schema", 0),
  "changes counted as rows": pragma("count_changes", 1),
  "columns named in full": { set: ["PRAGMA short_column_names = OFF", "PRAGMA full_column_names = ON"], kept: [] },
  "a format number of the host": {
    set: ["PRAGMA user_version = 7", "PRAGMA application_id = 8"],
    kept: [
      ["PRAGMA user_version", 7],
      ["PRAGMA application_id", 8],
    ],
  },
  "functions of the host, some named like SQLite's": {
    functions: {
      mine: value => `mine ${value}`,
      regexp: (pattern, text) => (new RegExp(String(pattern)).test(String(text)) ? 1 : 0),
      lower: text => String(text).toLocaleLowerCase("tr"),
      like: () => 0,
    },
    kept: [["SELECT mine('x') || lower('I')", "mine xı"]],
  },
}

const LARGE: readonly StoreRecord[] = [
  metaRecord({ schemaHash: "large" }),
  entry("añ€😀".repeat(300_000), { kind: "entirety", version: "text", lineage: "line" }),
  binaryEntry(new Uint8Array(3_000_000).fill(0xa5), { version: "9007199254740993" }),
]

/** Uses every statement of a store, and a transaction with the host; the same whatever the settings. */
async function worksAsEver(host: Host): Promise<void> {
  const store = createSqliteStore(host.adapter())
  host.exec("CREATE TABLE mine (x)")
  await Promise.all(nastyIds.map(id => store.append(id, metaRecord({ schemaHash: id }))))
  for (const record of entries(40)) await store.append("a", record)
  await Promise.all(entries(40, 41).map(record => store.append("a", record)))
  await store.replace("A", [metaRecord(), ...entries(30)])
  await store.replace("large", [...LARGE])
  await store.append("gone", metaRecord())
  await store.delete("gone")
  transact(store, tx => {
    host.exec("INSERT INTO mine VALUES (1)")
    tx.append("a", entry(81))
  })
  await store.close()

  const again = createSqliteStore(host.adapter())
  const ids = [...nastyIds, "large"].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  deepEqual(await collect(again.listDocIds()), ids)
  deepEqual(
    await collect(again.listDocIds("A")),
    ids.filter(id => id.startsWith("A")),
  )
  deepEqual(await collect(again.loadAll("a")), [metaRecord({ schemaHash: "a" }), ...entries(81)])
  deepEqual(await collect(again.loadAll("A")), [metaRecord(), ...entries(30)])
  deepEqual(await collect(again.loadAll("large")), [...LARGE])
  deepEqual(await collect(again.loadAll("gone")), [])
  for (const id of nastyIds.slice(4))
    if (id !== "a" && id !== "A") expect((await again.currentMeta(id))?.schemaHash).toBe(id)
  expect(host.value("SELECT count(*) FROM mine")).toBe(1)
  expect(host.value("PRAGMA integrity_check")).toBe("ok")
  expect((await verifySqliteStore(again)).findings).toEqual([])
  await again.close()
}

describe.each(BINDINGS)("a store on a connection of %s with settings of the host", binding => {
  let dir: TempDir
  let host: Host | undefined

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => {
    host?.close()
    host = undefined
    dir.remove()
  })

  function prepared({ set = [], kept = [], ...options }: Setting): Host {
    host = openHost(binding, dir.file(), options)
    for (const sql of set) host.exec(sql)
    // What the operating system would lose no test can see; without waiting for the disk the tests are quicker.
    host.exec("PRAGMA synchronous = OFF")
    for (const [sql, value] of kept) expect(host.value(sql), sql).toBe(value)
    return host
  }

  it.each(Object.entries(settings))("works as ever with %s, which it leaves as it is", async (_, setting) => {
    const host = prepared(setting)
    await worksAsEver(host)
    for (const [sql, value] of setting.kept ?? []) expect(host.value(sql), sql).toBe(value)
  })

  it.each(Object.entries(settings))("agrees with the model with %s", async (name, setting) => {
    const host = prepared(setting)
    const make = () => createSqliteStore(host.adapter())
    await runModelCheck(name, () => ({ store: make(), reopen: make }), { sequences: 10 })
  })

  it("works beside another file of a store that the host has attached, and leaves that alone", async () => {
    const other = openHost(binding, dir.file("other.db"))
    await createSqliteStore(other.adapter()).append("elsewhere", metaRecord())
    other.close()
    const host = prepared({ set: [`ATTACH '${dir.file("other.db")}' AS other`] })
    await worksAsEver(host)
    expect(host.value("SELECT group_concat(doc_id) FROM other.holdfast_meta WHERE doc_id <> ''")).toBe("elsewhere")
  })
})

describe("openSqliteStore on a file that the host has made", () => {
  const made = ["page_size = 512", "page_size = 65536", "auto_vacuum = 1", "journal_mode = TRUNCATE"]
  it.each(made)("works on a file with %s", async setting => {
    const dir = tempDir()
    try {
      const host = openHost("node:sqlite", dir.file())
      host.exec(`PRAGMA ${setting}; CREATE TABLE host (x); INSERT INTO host VALUES (1)`)
      host.close()
      const store = await openSqliteStore(dir.file(), { durability: "normal" })
      await store.replace("large", [...LARGE])
      await store.close()
      const again = await openSqliteStore(dir.file())
      deepEqual(await collect(again.loadAll("large")), [...LARGE])
      await again.close()
    } finally {
      dir.remove()
    }
  })
})
