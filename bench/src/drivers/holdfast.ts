import { createSqliteStore, fromBetterSqlite3, fromNodeSqlite, type SqliteStore } from "@holdfast/sqlite-store"
import type { Store, StoreRecord } from "@holdfast/store-core"
import { type Binding, openBetterSqlite3, openNodeSqlite } from "./database.js"
import { type Driver, type Durability, pick } from "./driver.js"

export const META: StoreRecord = {
  kind: "meta",
  meta: {
    replicaType: ["bench", 1, 0],
    syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
    schemaHash: "7d0c0b2e5f4a41c3",
  },
}

export function openHoldfast(binding: Binding, path: string, durability: Durability): SqliteStore {
  return createSqliteStore(
    binding === "node:sqlite"
      ? fromNodeSqlite(openNodeSqlite(path, durability), { exclusive: true })
      : fromBetterSqlite3(openBetterSqlite3(path, durability), { exclusive: true }),
  )
}

/** A record of the size a sync engine sends. */
export function entry(data: Uint8Array, version: string): StoreRecord {
  return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version }
}

/** Any store of the contract, whatever is beneath. */
export function storeDriver(store: Store): Driver {
  return {
    async create(ids) {
      for (let at = 0; at < ids.length; at += 5000) {
        await Promise.all(ids.slice(at, at + 5000).map(id => store.append(id, META)))
      }
    },
    append: (id, data, version) => store.append(id, entry(data, version)),
    async appendToEach(ids, data, version) {
      await Promise.all(ids.map((id, at) => store.append(id, entry(pick(data, at), version))))
    },
    async load(id, visit) {
      let count = 0
      for await (const record of store.loadAll(id)) {
        count++
        if (visit !== undefined && record.kind === "entry") visit(record.payload.data as Uint8Array)
      }
      return count
    },
    close: () => store.close(),
  }
}
