import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { type DocId, isStoreError, type StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, contentHash, entry, metaRecord, rejects, seeded, storeError } from "@holdfast/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { type SqliteStore, verifySqliteStore } from "../src/index.js"
import { openSqliteStore } from "../src/open.js"
import { type TempDir, tempDir } from "./support/temp.js"

/** `HOLDFAST_FLIPS` asks for more, and `HOLDFAST_SEED` for others. */
const LONG = process.env.HOLDFAST_FLIPS
const FLIPS = Number(LONG ?? 300)
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)
/** Milliseconds for each flip of the long form. */
const EACH = 100
const PATIENCE = 30_000 + FLIPS * EACH
const DOCS = Array.from({ length: 5 }, (_, i) => `doc-${i}`)

/** A record as its shape, which a flipped bit must not change unnoticed, and its contents, which it may. */
interface Label {
  readonly shape: string
  readonly contents: string
}

function label(record: StoreRecord): Label {
  if (record.kind === "meta") return { shape: "meta", contents: JSON.stringify(record.meta) }
  const { payload, version } = record
  const shape = [payload.kind, payload.encoding, payload.lineage === undefined].join()
  return { shape, contents: JSON.stringify([version, payload.lineage, contentHash(payload.data)]) }
}

/** What became of a damaged database: the code it was refused with, or what each document is and what was found. */
interface Survey {
  readonly refused: string | null
  readonly docs: ReadonlyMap<DocId, readonly Label[] | "rejected">
  readonly listed: readonly DocId[] | "rejected"
  readonly found: number
}

/** Opens, lists and loads everything. Whatever fails does so with a code, and is guarded. */
async function survey(path: string): Promise<Survey> {
  const docs = new Map<DocId, readonly Label[] | "rejected">()
  let store: SqliteStore
  try {
    store = await openSqliteStore(path, { durability: "normal" })
  } catch (error) {
    return { refused: storeError(error).code, docs, listed: [], found: 0 }
  }
  const listed = await collect(store.listDocIds()).catch(error => {
    storeError(error)
    return "rejected" as const
  })
  for (const docId of DOCS) docs.set(docId, await load(store, docId))
  const { findings } = await verifySqliteStore(store)
  await store.close().catch(storeError)
  return { refused: null, docs, listed, found: findings.length }
}

async function load(store: SqliteStore, docId: DocId): Promise<readonly Label[] | "rejected"> {
  try {
    return (await collect(store.loadAll(docId))).map(label)
  } catch (error) {
    expect(storeError(error)).toMatchObject({ docId, outcome: "none" })
    await rejects(store.append(docId, entry("over it")), "STORE_LOAD_FAILED", { docId })
    if (!isStoreError(error, "STORE_CORRUPT")) await rejects(store.replace(docId, [metaRecord()]), "STORE_LOAD_FAILED")
    return "rejected"
  }
}

/** Eight commits, each of a record to every document; `committed` is called after each. */
async function fill(store: SqliteStore, committed: () => Promise<void>): Promise<void> {
  const random = seeded(7)
  for (let round = 0; round < 8; round++) {
    const calls = DOCS.map(docId => {
      if (round === 0) return store.append(docId, metaRecord())
      if (round === 5) return store.append(docId, metaRecord({ schemaHash: `round ${round}` }))
      const data = random.bytes(random.int(100, 900))
      const record = round % 2 === 0 ? binaryEntry(data) : entry(`${round} ${data.join(" ")}`, { kind: "entirety" })
      return store.append(docId, record)
    })
    await Promise.all(calls)
    await committed()
  }
}

describe("a damaged file", () => {
  let dir: TempDir
  let files = 0
  /** The database and its log while the store is open, and the database after it was closed. */
  let log: Buffer
  let base: Buffer
  let whole: Buffer
  /** All documents after each commit, the state before the first included. */
  const states: string[] = []
  let expected: Survey["docs"]

  beforeAll(async () => {
    dir = tempDir()
    const store = await openSqliteStore(dir.file())
    const note = async () => {
      const docs = new Map<DocId, readonly Label[]>()
      for (const docId of DOCS) docs.set(docId, (await collect(store.loadAll(docId))).map(label))
      expected = docs
      states.push(JSON.stringify([...docs]))
    }
    await note()
    await fill(store, note)
    base = readFileSync(dir.file())
    log = readFileSync(`${dir.file()}-wal`)
    await store.close()
    whole = readFileSync(dir.file())
  })

  const started = performance.now()
  const counts = { refused: 0, rejected: 0, found: 0, unnoticed: 0 }

  afterAll(() => {
    dir.remove()
    if (LONG === undefined) return
    writeSoakReport({
      name: "sqlite-damage",
      what: "One bit of a database or of its log is flipped; whatever is not as it was is refused, rejected or found, except what has no checksum: the contents of a record.",
      figures: {
        "bits flipped in a database": FLIPS,
        "refused on opening": counts.refused,
        "rejected by a load": counts.rejected,
        "found by verifySqliteStore alone": counts.found,
        "in contents, or where nothing is": counts.unnoticed,
        "bits flipped in a log": Math.floor(FLIPS / 2),
      },
      seed: String(SEED),
      repeat: `HOLDFAST_FLIPS=${FLIPS} HOLDFAST_SEED=${SEED} npm run soak:damage -w @holdfast/sqlite-store`,
      seconds: Math.round((performance.now() - started) / 1000),
    })
  })

  function flipped(bytes: Buffer, bit: number): Buffer {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    return copy
  }

  function write(database: Buffer, withLog?: Buffer): string {
    const path = dir.file(`${++files}.db`)
    writeFileSync(path, database)
    if (withLog !== undefined) writeFileSync(`${path}-wal`, withLog)
    return path
  }

  /** As `survey`, of a file that nobody looks at again: in the long form there are many. */
  async function surveyOnce(path: string): Promise<Survey> {
    const result = await survey(path)
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true })
    return result
  }

  /** What is not as it was must have been refused or found, except the contents of one record. */
  function checkNoticed({ refused, docs, listed, found }: Survey): void {
    if (refused !== null) {
      expect(["STORE_FORMAT_UNSUPPORTED", "STORE_CORRUPT"]).toContain(refused)
      return
    }
    if (found > 0) return
    expect(listed).toEqual(DOCS)
    let changed = 0
    for (const [docId, labels] of docs) {
      if (labels === "rejected") throw new Error(`${docId} was rejected, and nothing was found`)
      const wanted = expected.get(docId) as readonly Label[]
      expect(labels.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape))
      changed += labels.filter(({ contents }, i) => contents !== wanted[i]?.contents).length
    }
    expect(changed).toBeLessThanOrEqual(1)
  }

  it(
    "with a flipped bit is refused, rejected or found, unless the bit is in a record's contents or unused",
    async () => {
      const random = seeded(SEED)
      for (let i = 0; i < FLIPS; i++) {
        // Half of the bits are at the beginning of a page, where the structure is: elsewhere most hit contents.
        const start = 4096 * random.int(0, whole.length / 4096 - 1)
        const offset = random.chance(0.5) ? start + random.int(0, 150) : random.int(0, whole.length - 1)
        const bit = offset * 8 + random.int(0, 7)
        const result = await surveyOnce(write(flipped(whole, bit)))
        if (LONG !== undefined && i % 1000 === 999) console.error(`sqlite-damage: ${i + 1} of ${FLIPS} bits`)
        try {
          checkNoticed(result)
        } catch (error) {
          throw new Error(`bit ${bit}: ${String(error)}`, { cause: error })
        }
        const rejected = [...result.docs.values()].includes("rejected")
        counts[result.refused !== null ? "refused" : rejected ? "rejected" : result.found > 0 ? "found" : "unnoticed"]++
      }
      // Otherwise the flips would have tested less than they say.
      expect(Math.min(...Object.values(counts)), JSON.stringify(counts)).toBeGreaterThan(0)
    },
    PATIENCE,
  )

  it(
    "with a flipped bit in the log is whole, as it was after some commit: a checksum ends the log there",
    async () => {
      const random = seeded(SEED + 1)
      const reached = new Set<number>()
      for (let i = 0; i < FLIPS / 2; i++) {
        const bit = random.int(0, log.length * 8 - 1)
        const { refused, docs, found } = await surveyOnce(write(base, flipped(log, bit)))
        expect([refused, found], `bit ${bit}`).toEqual([null, 0])
        const state = states.indexOf(JSON.stringify([...docs]))
        expect(state, `which state bit ${bit} leaves`).not.toBe(-1)
        reached.add(state)
      }
      expect(reached.size).toBeGreaterThan(3)
    },
    PATIENCE,
  )

  it("cut off at any page or within one is refused, rejected or found, unless only contents are lost", async () => {
    for (let length = 4096; length < whole.length; length += 1024) {
      const result = await survey(write(whole.subarray(0, length)))
      checkNoticed(result)
      // A page that is missing as a whole is noticed always.
      if (length <= whole.length - 4096) expect(result.refused !== null || result.found > 0, `${length}`).toBe(true)
    }
  })

  it("with a page of zeros is refused, rejected or found, unless only contents are lost", async () => {
    for (let start = 0; start < whole.length; start += 4096) {
      checkNoticed(await survey(write(Buffer.from(whole).fill(0, start, start + 4096))))
    }
  })

  it("is not written to by opening, loading and verifying: the next look finds the same", async () => {
    const start = whole.length - 4096
    const path = write(Buffer.from(whole).fill(0, start, start + 4096))
    const first = await survey(path)
    const between = readFileSync(path)
    expect(await survey(path)).toEqual(first)
    expect(readFileSync(path).equals(between)).toBe(true)
  })

  it("whose index does not know a row is found by its integrity: loads do not see the row", async () => {
    const path = write(whole)
    const before = await survey(path)
    const run = (...statements: string[]) => {
      const db = new DatabaseSync(path, { defensive: false })
      for (const sql of ["PRAGMA writable_schema = ON", ...statements]) db.exec(sql)
      db.close()
    }
    // A row that is there twice, written while the schema has no index and no key.
    run(
      "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE tbl_name = 'holdfast_records'",
      "DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_holdfast_records_1'",
      "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (doc, seq)', 'CHECK (doc)') WHERE name = 'holdfast_records'",
    )
    run("INSERT INTO holdfast_records SELECT * FROM holdfast_records WHERE doc = 3 AND seq = 2")
    run(
      "DELETE FROM sqlite_schema WHERE name = 'holdfast_records'",
      "INSERT INTO sqlite_schema SELECT * FROM kept",
      "DROP TABLE kept",
    )
    const after = await survey(path)
    expect(after.docs).toEqual(before.docs)
    expect([before.found, after.found > 0]).toEqual([0, true])
  })
})
