import type { DurableObjectState } from "@cloudflare/workers-types"
import {
  binaryEntry,
  checkSqliteAdapter,
  collect,
  contentHash,
  deepEqual,
  entry,
  equal,
  metaRecord,
  ok,
  rejects,
  seeded,
} from "@holdfast/testing"
import { createSqliteStore, fromDurableObject, type SqliteStore, transact } from "../../src/index.js"

type InsideTest = (ctx: DurableObjectState, store: SqliteStore) => Promise<void>

const tests: Readonly<Record<string, InsideTest>> = {
  "RECORD-5 a record of 50 MB of bytes comes back equal, by append and by replace": async (_ctx, store) => {
    const bytes = new Uint8Array(50_000_000)
    const random = seeded(1)
    for (let i = 0; i < bytes.length; i += 997) bytes[i] = random.int(0, 255)
    await store.append("doc", metaRecord())
    await store.append("doc", binaryEntry(bytes))
    await expectData(store, contentHash(bytes), bytes.length)
    await store.replace("doc", [metaRecord(), binaryEntry(bytes)])
    await expectData(store, contentHash(bytes), bytes.length)
  },

  "RECORD-5 a record of 3 MB of JSON comes back equal": async (_ctx, store) => {
    const text = JSON.stringify({ text: "añ€😀".repeat(300_000) })
    ok(new TextEncoder().encode(text).length > 3_000_000, "more than 3 MB")
    await store.append("doc", metaRecord())
    await store.append("doc", entry(text))
    await expectData(store, contentHash(text), text.length)
  },

  "LIST-1 a listing with a prefix of 500 bytes yields what begins with it": async (_ctx, store) => {
    const prefix = "é%_*".repeat(100)
    equal(new TextEncoder().encode(prefix).length, 500, "bytes")
    const ids = [prefix, `${prefix}a`, `${prefix}😀`]
    for (const id of [...ids, prefix.slice(0, -1), `${prefix.slice(0, -1)}+`]) await store.append(id, metaRecord())
    deepEqual(await collect(store.listDocIds(prefix)), ids)
  },

  "deleteAll() under a store makes its calls reject with a code, and another store starts anew": async (ctx, store) => {
    await store.append("doc", metaRecord())
    await store.append("doc", entry(1))
    await ctx.storage.deleteAll()
    const expected = { messageIncludes: "deleteAll()" }
    await rejects(store.append("doc", entry(2)), "STORE_FORMAT_UNSUPPORTED", expected)
    await rejects(store.append("other", metaRecord()), "STORE_FORMAT_UNSUPPORTED", expected)
    await rejects(store.currentMeta("doc"), "STORE_FORMAT_UNSUPPORTED", expected)
    await rejects(() => collect(store.loadAll("doc")), "STORE_FORMAT_UNSUPPORTED", expected)
    await rejects(() => collect(store.listDocIds()), "STORE_FORMAT_UNSUPPORTED", expected)
    await store.close()
    const another = createSqliteStore(fromDurableObject(ctx))
    deepEqual(await collect(another.listDocIds()), [])
    await another.append("doc", metaRecord())
    deepEqual(await collect(another.loadAll("doc")), [metaRecord()])
  },

  "CLOSE-1 closing a store leaves the storage as it is for another one": async (ctx, store) => {
    await store.append("doc", metaRecord())
    await store.close()
    await store.close()
    await rejects(store.currentMeta("doc"), "STORE_CLOSED")
    deepEqual(await collect(createSqliteStore(fromDurableObject(ctx)).loadAll("doc")), [metaRecord()])
  },

  "WRITE-1 a write called inside the host's transactionSync is stored, also when that rolls back": async (
    ctx,
    store,
  ) => {
    ctx.storage.sql.exec("CREATE TABLE host (a)")
    await store.append("doc", metaRecord())
    const calls: Promise<void>[] = []
    const write = (n: number, fail: boolean) =>
      ctx.storage.transactionSync(() => {
        ctx.storage.sql.exec("INSERT INTO host VALUES (?)", n)
        calls.push(store.append("doc", entry(n)))
        if (fail) throw new Error("rolled back")
      })
    write(1, false)
    throws(() => write(2, true), "rolled back")
    await Promise.all(calls)
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(1), entry(2)])
    deepEqual(ctx.storage.sql.exec("SELECT a FROM host").toArray(), [{ a: 1 }])
  },

  "transact writes rows of the application and records in one commit, or neither": async (ctx, store) => {
    ctx.storage.sql.exec("CREATE TABLE host (a)")
    await store.append("doc", metaRecord())
    const write = (n: number, fail: boolean) =>
      transact(store, tx => {
        ctx.storage.sql.exec("INSERT INTO host VALUES (?)", n)
        tx.append("doc", entry(n))
        if (fail) throw new Error("rolled back")
        return n
      })
    equal(write(1, false), 1, "result")
    throws(() => write(2, true), "rolled back")
    await store.append("doc", entry(3))
    deepEqual(await collect(store.loadAll("doc")), [metaRecord(), entry(1), entry(3)])
    deepEqual(ctx.storage.sql.exec("SELECT a FROM host").toArray(), [{ a: 1 }])
  },

  "fromDurableObject is a sound adapter": async ctx => {
    const findings = await checkSqliteAdapter(() => fromDurableObject(ctx))
    deepEqual(
      findings.filter(finding => !finding.ok),
      [],
    )
  },

  "two stores under other table names share an object": async (ctx, store) => {
    const tables = { meta: "app_meta", records: "app_records" }
    const other = createSqliteStore(fromDurableObject(ctx), { tables })
    await store.append("doc", metaRecord())
    deepEqual(await collect(other.listDocIds()), [])
  },
}

/** By title. Each runs in an object of its own, with a store on its storage. */
export const insideTests: Readonly<Record<string, (ctx: DurableObjectState) => Promise<void>>> = Object.fromEntries(
  Object.entries(tests).map(([title, test]) => [title, ctx => test(ctx, createSqliteStore(fromDurableObject(ctx)))]),
)

async function expectData(store: SqliteStore, hash: string, length: number): Promise<void> {
  const [, record, more] = await collect(store.loadAll("doc"))
  if (record?.kind !== "entry") throw new Error("the second record is no entry")
  equal(record.payload.data.length, length, "length")
  equal(contentHash(record.payload.data), hash, "hash")
  equal(more, undefined, "a third record")
}

function throws(run: () => unknown, message: string): void {
  try {
    run()
  } catch (error) {
    equal((error as Error).message, message, "message")
    return
  }
  throw new Error("did not throw")
}
