import { spawnSync } from "node:child_process"
import { hash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { type DocId, isStoreError, type StoreRecord } from "@holdfast/store-core"
import { binaryEntry, collect, entries, entry, metaRecord, type Random, seeded } from "@holdfast/testing"
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest"
import { writeSoakReport } from "../../scripts/soak-report.mjs"
import { createSqliteStore, type SqliteStore, verifySqliteStore } from "../src/index.js"
import { type OpenSqliteOptions, openSqliteStore } from "../src/open.js"
import { connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

type Durability = NonNullable<OpenSqliteOptions["durability"]>

const DOCS = ["alpha", "beta", "gamma"]
const HEADER = 32
const PAGE = 4096
const FRAME = 24 + PAGE
/** `HOLDFAST_POWER_LOSSES` asks for so many times as many random losses, and `HOLDFAST_SEED` for others. */
const LONG = process.env.HOLDFAST_POWER_LOSSES
const TIMES = Number(LONG ?? 1)
const SEED = Number(process.env.HOLDFAST_SEED ?? 4)
/** Milliseconds for a test that opens hundreds of databases, on a machine that does much else. */
const SLOW = 120_000 * TIMES

let losses = 0
const started = performance.now()

afterAll(() => {
  if (LONG === undefined) return
  writeSoakReport({
    name: "sqlite-power-loss",
    what: "The power fails: of a SQLite log written since the last sync, only a part reached the disk, cut at every frame, torn within frames, or with any frames missing; with both durabilities.",
    figures: { "power losses": losses, "lost that was synced": 0, "databases not whole": 0 },
    seed: String(SEED),
    repeat: `HOLDFAST_POWER_LOSSES=${TIMES} HOLDFAST_SEED=${SEED} npm run soak:power-loss -w @holdfast/sqlite-store`,
    seconds: Math.round((performance.now() - started) / 1000),
  })
})

/** The files, and what every document holds, at a moment when all calls made so far were acknowledged. */
interface Moment {
  readonly database: Buffer
  readonly log: Buffer
  readonly state: string
}

/** Commits in a row, and the checkpoint after them. Before the first of them everything was synced. */
interface Stretch {
  readonly moments: readonly Moment[]
  readonly afterCheckpoint: Moment
}

async function stateOf(store: SqliteStore): Promise<string> {
  const docs: [DocId, string[]][] = []
  for (const docId of DOCS) docs.push([docId, (await collect(store.loadAll(docId))).map(label)])
  return JSON.stringify(docs)
}

function label(record: StoreRecord): string {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  return `${record.version} ${hash("sha1", record.payload.data)}`
}

/** Writes of every kind, each entry of the list one commit. */
function groups(round: number): ((store: SqliteStore) => Promise<unknown>[])[] {
  const [alpha = "", beta = "", gamma = ""] = DOCS
  const text = (n: number) => entry("x".repeat(n * 300), { version: `${round}/${n}` })
  return [
    store => DOCS.map(docId => store.replace(docId, [metaRecord({ schemaHash: `${round}` }), ...entries(20)])),
    store => [store.append(alpha, text(1))],
    store => [store.append(alpha, text(2)), store.append(beta, text(3)), store.append(gamma, text(4))],
    store => [store.append(beta, metaRecord({ schemaHash: `${round} two` })), store.append(beta, text(5))],
    store => [store.append(gamma, round === 0 ? binaryEntry(seeded(round).bytes(1_000_001)) : text(9))],
    store => [store.delete(alpha), store.append(gamma, text(6))],
    store => [store.append(alpha, metaRecord()), store.append(alpha, text(7))],
    store => [store.append(beta, text(8))],
  ]
}

/** Runs the writes twice, with a checkpoint after each time: the second time the log is written over from its start. */
async function record(path: string, durability: Durability): Promise<Stretch[]> {
  const store = await openSqliteStore(path, { durability })
  const other = new DatabaseSync(path)
  const moment = async (): Promise<Moment> => ({
    database: readFileSync(path),
    log: readFileSync(`${path}-wal`),
    state: await stateOf(store),
  })
  const stretches: Stretch[] = []
  for (let round = 0; round < 2; round++) {
    other.exec("PRAGMA wal_checkpoint(RESTART)")
    const moments = [await moment()]
    for (const group of groups(round)) {
      await Promise.all(group(store))
      moments.push(await moment())
    }
    other.exec("PRAGMA wal_checkpoint(RESTART)")
    stretches.push({ moments, afterCheckpoint: await moment() })
  }
  other.close()
  await store.close()
  return stretches
}

/** Where the frames of the log's present generation end: behind them may be what was written before a restart. */
function endOf(log: Buffer): number {
  const salts = log.subarray(16, 24)
  let end = HEADER
  while (end + FRAME <= log.length && log.subarray(end + 8, end + 16).equals(salts)) end += FRAME
  return end
}

/** Where the frames begin that were written since `before`: a log that was begun anew has another header. */
function startOf(before: Buffer, after: Buffer): number {
  return after.subarray(0, HEADER).equals(before.subarray(0, HEADER)) ? endOf(before) : HEADER
}

/** The log when of what was written since `before` only the bytes up to `length` reached the disk. */
function torn(before: Buffer, after: Buffer, length: number): Buffer {
  return Buffer.concat([after.subarray(0, length), before.subarray(length)])
}

/** Every boundary between frames from `from` to `to`, and places within headers and pages of frames. */
function cuts(from: number, to: number): number[] {
  const all: number[] = []
  if (from === HEADER) all.push(0, 7, 31)
  for (let at = from; at < to; at += FRAME) {
    all.push(at)
    // Within the hundreds of frames of a large record one kind of tear each is enough.
    const frame = (at - HEADER) / FRAME
    const tears = [at + 13, at + 24, at + 24 + PAGE / 2, at + FRAME - 1]
    all.push(...(to - from > 100 * FRAME ? tears.filter((_, i) => i === frame % 16) : tears))
  }
  return [...all, to]
}

/** The log when some frames did not reach the disk although later ones did; the first of them is where it ends. */
function holed(before: Buffer, after: Buffer, from: number, to: number, random: Random) {
  const log = Buffer.from(after)
  let first = to
  for (let holes = random.int(1, 3); holes > 0; holes--) {
    const frame = HEADER + FRAME * random.int((from - HEADER) / FRAME, (to - HEADER) / FRAME - 1)
    // There is what was there before, or nothing.
    log.fill(0, frame, frame + FRAME)
    before.subarray(frame, frame + FRAME).copy(log, frame)
    first = Math.min(first, frame)
  }
  return { log, first }
}

describe.each(["full", "normal"] as const)('power loss with durability "%s" (WRITE-5)', durability => {
  let dir: TempDir
  let stretches: Stretch[]
  let copies = 0

  beforeEach(async () => {
    dir = tempDir()
    stretches = await record(dir.file(), durability)
  })

  afterEach(() => dir.remove())

  /** What is found after the power comes back; the database must be whole and go on working. */
  async function after(database: Buffer, log: Buffer): Promise<string> {
    const path = dir.file("copy.db")
    writeFileSync(path, database)
    writeFileSync(`${path}-wal`, log)
    const connection = connect("node:sqlite", path)
    // This one loses no power any more.
    connection.exec("PRAGMA synchronous = OFF")
    const store = createSqliteStore(connection.adapter())
    const state = await stateOf(store)
    expect((await verifySqliteStore(store)).findings).toEqual([])
    losses++
    if (LONG !== undefined && losses % 1000 === 0) console.error(`sqlite-power-loss: ${losses} losses`)
    if (++copies % 10 === 0) await goesOn(store)
    await store.close()
    return state
  }

  async function goesOn(store: SqliteStore): Promise<void> {
    for (const docId of DOCS) {
      const before = await collect(store.loadAll(docId))
      await store.append(docId, metaRecord()).catch((error: unknown) => {
        throw new Error(`${docId}: ${isStoreError(error) ? error.code : error}`, { cause: error })
      })
      expect(await collect(store.loadAll(docId))).toEqual([...before, metaRecord()])
    }
    expect((await verifySqliteStore(store)).findings).toEqual([])
  }

  const momentsOf = (stretch: Stretch) =>
    stretch.moments.slice(1).map((moment, i) => ({ moment, before: stretch.moments[i] as Moment }))

  it("makes no checkpoint on its own during these writes, so that it is known what was synced", () => {
    for (const { moments, afterCheckpoint } of stretches) {
      for (const { database } of moments) expect(database.equals((moments[0] as Moment).database)).toBe(true)
      expect(afterCheckpoint.database.equals((moments[0] as Moment).database)).toBe(false)
    }
  })

  it("that leaves half a checkpoint in the database loses nothing: the log still has it all", async () => {
    const random = seeded(3)
    for (const { moments, afterCheckpoint } of stretches) {
      const last = moments.at(-1) as Moment
      for (let i = 0; i < 25; i++) {
        const database = Buffer.alloc(i % 2 === 0 ? afterCheckpoint.database.length : last.database.length)
        last.database.copy(database)
        for (let at = 0; at < database.length; at += PAGE) {
          // None of a page, all of it, or one half.
          const [from, to] = random.pick([
            [0, 0],
            [0, PAGE],
            [0, PAGE / 2],
            [PAGE / 2, PAGE],
          ] as const)
          afterCheckpoint.database.copy(database, at + from, at + from, at + to)
        }
        expect(await after(database, last.log)).toBe(last.state)
      }
    }
  })

  if (durability === "full") {
    it(
      "at any byte of a commit's frames loses nothing acknowledged and keeps all or nothing of that commit",
      async () => {
        for (const stretch of stretches) {
          for (const { moment, before } of momentsOf(stretch)) {
            const from = startOf(before.log, moment.log)
            const to = endOf(moment.log)
            for (const length of cuts(from, to)) {
              const state = await after(before.database, torn(before.log, moment.log, length))
              expect(
                state === (length === to ? moment.state : before.state),
                `cut at ${length} of ${from} to ${to}`,
              ).toBe(true)
            }
          }
        }
      },
      SLOW,
    )
  }

  it(
    "in which writes since the last sync were lost in any order leaves what some commit left, from the last synced on",
    async () => {
      const random = seeded(SEED)
      for (const stretch of stretches) {
        // With "full" a single commit is not synced yet, with "normal" all of them may be.
        const pairs = momentsOf(stretch)
        const first = stretch.moments[0] as Moment
        const last = stretch.moments.at(-1) as Moment
        const unsynced = durability === "full" ? pairs : [{ moment: last, before: first }]
        for (const { moment, before } of unsynced) {
          const from = startOf(before.log, moment.log)
          const to = endOf(moment.log)
          for (let i = 0; i < (durability === "full" ? 5 : 50) * TIMES; i++) {
            const { log, first: hole } = holed(before.log, moment.log, from, to, random)
            const state = stretch.moments.findLast((one, at) => at === 0 || endOf(one.log) <= hole)?.state
            const expected = durability === "full" ? before.state : state
            expect((await after(moment.database, log)) === expected, `hole at ${hole} of ${from} to ${to}`).toBe(true)
          }
        }
      }
    },
    SLOW,
  )

  if (durability === "normal") {
    it(
      "at any byte since the last sync loses only the last commits: what is left is what one of them left",
      async () => {
        for (const { moments } of stretches) {
          const first = moments[0] as Moment
          const last = moments.at(-1) as Moment
          const reached = new Set<string>()
          for (const length of cuts(startOf(first.log, last.log), endOf(last.log))) {
            const whole = moments.findLast((one, i) => i === 0 || endOf(one.log) <= length) as Moment
            const state = await after(first.database, torn(first.log, last.log, length))
            expect(state === whole.state, `cut at ${length}`).toBe(true)
            reached.add(state)
          }
          expect(reached.size).toBe(moments.length)
        }
      },
      SLOW,
    )
  }
})

const TRACER = "strace"
const hasTracer = spawnSync(TRACER, ["-V"]).status === 0

/** Whether each file has writes that were not synced. */
interface Unsynced {
  log: boolean
  database: boolean
}

/** Runs `child/traced-writer.mjs` and tells, at each event, what was not synced yet. */
function trace(
  path: string,
  durability: Durability,
  seen: (event: "acknowledged" | "checkpoint" | "restart", unsynced: Unsynced) => void,
) {
  const script = fileURLToPath(new URL("child/traced-writer.mjs", import.meta.url))
  const calls = ["-f", "-yy", "-e", "trace=pwrite64,write,fsync,fdatasync", "-o", `${path}.trace`]
  const { status, stderr } = spawnSync(TRACER, [...calls, process.execPath, script, path, durability], {
    encoding: "utf8",
  })
  expect(status, stderr).toBe(0)
  const unsynced: Unsynced = { log: false, database: false }
  for (const line of readFileSync(`${path}.trace`, "utf8").split("\n")) {
    if (line.includes('"acknowledged\\n"')) seen("acknowledged", unsynced)
    const file = line.includes(`<${path}-wal>`) ? "log" : line.includes(`<${path}>`) ? "database" : null
    if (file === null) continue
    if (/ f(data)?sync\(/.test(line)) unsynced[file] = false
    else {
      if (file === "database") seen("checkpoint", unsynced)
      else if (/, 32, 0\) /.test(line)) seen("restart", unsynced)
      unsynced[file] = true
    }
  }
}

describe.skipIf(!hasTracer)("the system calls of a writing process, seen by strace", () => {
  let dir: TempDir

  beforeEach(() => {
    dir = tempDir()
  })

  afterEach(() => dir.remove())

  it.each(["full", "normal"] as const)(
    'with durability "%s" sync in the order that the tests above suppose',
    durability => {
      const counts = { acknowledged: 0, unsynced: 0, checkpoint: 0, restart: 0 }
      trace(dir.file(), durability, (event, unsynced) => {
        counts[event]++
        if (event === "acknowledged" && unsynced.log) counts.unsynced++
        // A checkpoint may destroy pages of the database, so the log must have them; a restart of the log the other way round.
        if (event === "checkpoint") expect(unsynced.log).toBe(false)
        if (event === "restart") expect(unsynced.database).toBe(false)
      })
      expect(counts.acknowledged).toBeGreaterThan(30)
      expect(counts.checkpoint).toBeGreaterThan(0)
      expect(counts.restart).toBeGreaterThan(2)
      if (durability === "full") expect(counts.unsynced).toBe(0)
      else expect(counts.unsynced).toBeGreaterThan(0)
    },
  )
})
