// `npm run soak:load -w @holdfast/sqlite-store`: many users for HOLDFAST_LOAD_MINUTES, on a disk that takes long to sync
// and on a database that answers late. Needs --expose-gc.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { createSqliteStore, fromBetterSqlite3, fromNodeSqlite, verifySqliteStore } from "@holdfast/sqlite-store"
import { ENGINE, EngineStore } from "@holdfast/store-core"
import Database from "better-sqlite3"
import { writeSoakReport } from "../../../scripts/soak-report.mjs"
import { describe, findGrowth, sample } from "./load-samples.mjs"
import { User } from "./load-users.mjs"

const MINUTES = Number(process.env.HOLDFAST_LOAD_MINUTES ?? 10)
const SEED = Number(process.env.HOLDFAST_SEED ?? 1)
/** With less time there are too few samples to say that something grows. */
const isSoak = MINUTES >= 0.5
const SAMPLES = isSoak ? 60 : 8

const SETTINGS = [
  "journal_mode = WAL",
  "synchronous = FULL",
  "wal_autocheckpoint = 4000",
  "journal_size_limit = 33554432",
]

const FOLD = "wal_checkpoint(RESTART)"

/** Every commit takes milliseconds more, in which nothing else runs, as on a disk that syncs slowly. */
function onSlowDisk(path) {
  const db = new Database(path)
  for (const setting of SETTINGS) db.pragma(setting)
  const adapter = fromBetterSqlite3(db)
  const waiting = new Int32Array(new SharedArrayBuffer(4))
  const slow = Object.create(adapter, {
    // Without it every write opens a transaction, so that each commit is counted.
    commitsAlone: { value: false },
    transaction: {
      value: work => {
        const result = adapter.transaction(work)
        Atomics.wait(waiting, 0, 0, 4)
        return result
      },
    },
  })
  const store = createSqliteStore(slow)
  return { store, foldLog: () => db.pragma(FOLD), verify: () => verifySqliteStore(store) }
}

/** Half of the delay before the database does what it was asked to, half before it is heard of. */
function answeringLate(path) {
  const db = new DatabaseSync(path)
  for (const setting of SETTINGS) db.exec(`PRAGMA ${setting}`)
  const inner = createSqliteStore(fromNodeSqlite(db, { exclusive: true }))
  const { backend } = inner[ENGINE]
  const late = name => ({
    value: async (...given) => {
      await sleep(25)
      const result = backend[name](...given)
      await sleep(25)
      return result
    },
  })
  const methods = ["commit", "readPage", "readMeta", "readIds"]
  const wrapped = Object.create(backend, Object.fromEntries(methods.map(name => [name, late(name)])))
  return {
    store: new EngineStore(wrapped),
    foldLog: () => db.exec(`PRAGMA ${FOLD}`),
    verify: () => verifySqliteStore(inner),
  }
}

const PARTS = [
  { name: "slow disk", open: onSlowDisk, users: 50, pause: 40 },
  { name: "late answers", open: answeringLate, users: 100, pause: 5 },
]

async function run({ name, open, users: count, pause }, milliseconds) {
  const directory = mkdtempSync(join(tmpdir(), "soak-load-"))
  const path = join(directory, "store.db")
  try {
    const { store, foldLog, verify } = open(path)
    const users = Array.from({ length: isSoak ? count : 10 }, (_, i) => new User(i, SEED * 1000 + i))
    await Promise.all(users.map(user => user.begin(store)))
    // What the users begin with goes into the database now; else the file would only begin to grow later.
    foldLog()
    const end = performance.now() + milliseconds
    const isOver = () => performance.now() >= end
    const working = Promise.all(users.map(user => user.work(store, isOver, pause)))
    const samples = await watch(name, path, milliseconds, working)
    await working
    await Promise.all(users.map(user => user.verify(store)))
    const { documents, findings } = await verify()
    if (findings.length > 0) throw new Error(`${name}: ${findings.map(finding => finding.message).join("; ")}`)
    const expected = users.reduce((sum, user) => sum + user.expected.size, 0)
    if (documents !== expected) throw new Error(`${name}: ${documents} documents, not ${expected}`)
    await store.close()
    await reopen(path, users)
    const growth = isSoak ? findGrowth(samples) : []
    if (growth.length > 0) throw new Error(`${name}: ${growth.join("; ")}`)
    const sum = key => users.reduce((total, user) => total + user[key], 0)
    return { calls: sum("calls"), documents, "records compared": sum("loaded"), ...describe(samples) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function watch(name, path, milliseconds, working) {
  const samples = []
  for (let i = 1; i <= SAMPLES; i++) {
    // A user who found something wrong ends it at once.
    await Promise.race([working, sleep(milliseconds / SAMPLES)])
    samples.push(sample(path))
    if (i % 15 === 0) console.error(`load, ${name}: ${Math.round((i / SAMPLES) * 100)} %`)
  }
  return samples
}

async function reopen(path, users) {
  const store = createSqliteStore(fromNodeSqlite(new DatabaseSync(path)))
  for (const user of users) await user.verify(store)
  await store.close()
}

const started = performance.now()
const figures = { minutes: MINUTES }
for (const part of PARTS) {
  const found = await run(part, (MINUTES * 60_000) / PARTS.length)
  for (const [label, value] of Object.entries(found)) figures[`${part.name}: ${label}`] = value
}
if (isSoak) {
  writeSoakReport({
    name: "load",
    what: "Users that append, compact, load, list and delete without end, on a disk that syncs slowly and on a database that answers 50 ms late; memory, files and handles have to stay flat, and every record is compared.",
    figures,
    seed: String(SEED),
    repeat: `HOLDFAST_LOAD_MINUTES=${MINUTES} HOLDFAST_SEED=${SEED} npm run soak:load -w @holdfast/sqlite-store`,
    seconds: Math.round((performance.now() - started) / 1000),
  })
} else console.log(JSON.stringify(figures))
