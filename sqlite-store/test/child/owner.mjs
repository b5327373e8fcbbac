// One of several owners of a file: as a thread or a process it opens the store, says "ready", does what it is told and
// answers with what became of it.
import { DatabaseSync } from "node:sqlite"
import { parentPort } from "node:worker_threads"
import { createSqliteStore, fromBetterSqlite3, fromNodeSqlite } from "@holdfast/sqlite-store"
import { openSqliteStore } from "@holdfast/sqlite-store/open"
import Database from "better-sqlite3"

const send = message => (parentPort === null ? process.send(message) : parentPort.postMessage(message))
const meta = {
  kind: "meta",
  meta: {
    replicaType: ["text", 1, 0],
    syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "schema-1",
  },
}
const entry = version => ({ kind: "entry", payload: { kind: "since", encoding: "json", data: "{}" }, version })

function open(binding, path) {
  if (binding === "open") return openSqliteStore(path)
  if (binding === "node:sqlite") return createSqliteStore(fromNodeSqlite(new DatabaseSync(path)))
  return createSqliteStore(fromBetterSqlite3(new Database(path, { timeout: 10 })))
}

/** The settled calls as texts: "ok" or the error's code. */
async function outcomes(calls) {
  const settled = await Promise.allSettled(calls)
  return settled.map(one => (one.status === "fulfilled" ? "ok" : String(one.reason.code ?? one.reason)))
}

let store
let db

const jobs = {
  async open({ binding, path }) {
    store = await open(binding, path)
  },
  /** Appends `count` entries to each document, `batch` at a time; the version says who and which. */
  async append({ docs, count, batch, writer }) {
    const all = []
    for (let from = 0; from < count; from += batch) {
      const calls = []
      for (let i = from; i < Math.min(count, from + batch); i++) {
        for (const docId of docs) calls.push(store.append(docId, entry(`${writer}:${i}`)))
      }
      all.push(...(await outcomes(calls)))
    }
    return all
  },
  /** Creates the documents, then appends to each, over and over; the later ones are documents the store knows. */
  async create({ docs, count }) {
    const all = []
    for (let i = 0; i < count; i++) {
      all.push(...(await outcomes(docs.flatMap(docId => [store.append(docId, meta), store.append(docId, entry("0"))]))))
      for (let more = 1; more <= 3; more++) {
        all.push(...(await outcomes(docs.map(docId => store.append(docId, entry(`${more}`))))))
      }
    }
    return all
  },
  async delete({ docs, count }) {
    const all = []
    for (let i = 0; i < count; i++) all.push(...(await outcomes(docs.map(docId => store.delete(docId)))))
    return all
  },
  /** Takes the write lock and keeps it until the process ends. */
  async lock({ path }) {
    db = new DatabaseSync(path)
    db.exec("BEGIN IMMEDIATE; UPDATE holdfast_meta SET data = 'half done' WHERE doc_id <> ''")
  },
  async close() {
    await store.close()
  },
}

async function handle({ job, ...options }) {
  try {
    send({ result: await jobs[job](options) })
  } catch (error) {
    send({ error: `${error.code}: ${error.message}` })
  }
}

if (parentPort === null) process.on("message", handle)
else parentPort.on("message", handle)
send({ result: "ready" })
