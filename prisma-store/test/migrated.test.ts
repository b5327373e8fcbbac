import { createPostgresStore, fromPool } from "@holdfast/postgres-store"
import { createSqliteStore, fromBetterSqlite3 } from "@holdfast/sqlite-store"
import { collect, entry, metaRecord, rejects } from "@holdfast/testing"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { createPrismaStore } from "../src/index.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const database = await createDatabase()

/** The statements that Prisma Migrate writes for the fragments. Its engine is not in the package, so they are kept here. */
const SQLITE = `CREATE TABLE "holdfast_meta" ("doc" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "doc_id" TEXT NOT NULL, "data" TEXT NOT NULL);
CREATE TABLE "holdfast_records" ("doc" INTEGER NOT NULL, "seq" INTEGER NOT NULL, "kind" INTEGER NOT NULL, "version" TEXT, "lineage" TEXT, "payload" TEXT, "blob" BLOB, PRIMARY KEY ("doc", "seq"));
CREATE UNIQUE INDEX "holdfast_meta_doc_id_key" ON "holdfast_meta"("doc_id");`

const POSTGRES = `CREATE TABLE "holdfast_meta" ("doc" BIGSERIAL NOT NULL, "doc_id" TEXT NOT NULL, "data" TEXT NOT NULL, CONSTRAINT "holdfast_meta_pkey" PRIMARY KEY ("doc"));
CREATE TABLE "holdfast_records" ("doc" BIGINT NOT NULL, "seq" BIGINT NOT NULL, "kind" SMALLINT NOT NULL, "version" TEXT, "lineage" TEXT, "payload" TEXT, "blob" BYTEA, CONSTRAINT "holdfast_records_pkey" PRIMARY KEY ("doc","seq"));
CREATE UNIQUE INDEX "holdfast_meta_doc_id_key" ON "holdfast_meta"("doc_id");`

describe("tables made by a migration", () => {
  it("on SQLite get their header, and open in sqlite-store too", async () => {
    const place = new SqlitePlace()
    await place.own(undefined, db => db.exec(SQLITE))
    const store = await createPrismaStore({ client: place.client() })
    await store.append("a", metaRecord())
    await store.append("a", entry("1"))
    const native = createSqliteStore(fromBetterSqlite3(new Database(place.path())))
    expect((await collect(native.loadAll("a"))).length).toBe(2)
    await native.close()
    await place.dispose()
  })

  it("on PostgreSQL need the collation of bytes, and open in postgres-store with it", async () => {
    const place = new PostgresPlace(database)
    const schema = await place.create()
    await place.sql(
      `SET search_path = ${schema}; DROP TABLE holdfast_meta; DROP TABLE holdfast_records; ${POSTGRES}; SET search_path = public`,
    )
    const client = place.client(schema)
    const error = await rejects(createPrismaStore({ client }), "STORE_FORMAT_UNSUPPORTED", {
      messageIncludes: ["doc_id", 'COLLATE "C"'],
    })
    const repair = /What repairs it: (.*)$/.exec(error.message)?.[1] ?? ""
    await place.sql(`SET search_path = ${schema}; ${repair}; SET search_path = public`)
    const store = await createPrismaStore({ client, schema })
    await store.append("a", metaRecord())
    await store.append("a", entry("1"))
    const native = await createPostgresStore(fromPool(database.admin), { schema })
    expect((await collect(native.loadAll("a"))).length).toBe(2)
    await native.close()
    await place.dispose()
  })
})
