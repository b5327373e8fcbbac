import type { StoreErrorCode } from "@holdfast/store-core"
import { entry, metaRecord, rejects } from "@holdfast/testing"
import Database from "better-sqlite3"
import { afterAll, describe, expect, it } from "vitest"
import { createDatabase } from "../../postgres-store/test/support/database.js"
import { DriverError, fromPostgres, ofPrisma, toStoreError } from "../src/errors.js"
import { createPrismaStore } from "../src/index.js"
import { Prisma } from "./generated/sqlite/client.js"
import { PostgresPlace } from "./support/postgres.js"
import { SqlitePlace } from "./support/sqlite.js"

const database = await createDatabase()
const sqlite = new SqlitePlace()
const postgres = new PostgresPlace(database)
afterAll(async () => {
  await sqlite.dispose()
  await postgres.dispose()
})

/** As Prisma throws it. */
function known(code: string, message = "what happened", meta?: Record<string, unknown>) {
  const text = `\nInvalid \`prisma.$executeRawUnsafe()\` invocation:\n\n\n${message}`
  return new Prisma.PrismaClientKnownRequestError(text, { code, clientVersion: "7", ...(meta && { meta }) })
}

/** As Prisma throws it for a raw statement, with what the driver adapter said. */
function raw(cause: Record<string, unknown>) {
  return known("P2010", "Raw query failed", { driverAdapterError: { name: "DriverAdapterError", cause } })
}

const CODES: readonly (readonly [string, string, StoreErrorCode])[] = [
  ["P1001", "Can't reach database server", "STORE_UNAVAILABLE"],
  ["P1008", "Operations timed out", "STORE_BUSY"],
  ["P1010", "User was denied access", "STORE_PERMISSION"],
  ["P1017", "Server has closed the connection", "STORE_UNAVAILABLE"],
  ["P2002", "Unique constraint failed", "STORE_CONFLICT"],
  ["P2021", "The table does not exist", "STORE_FORMAT_UNSUPPORTED"],
  ["P2024", "Timed out fetching a new connection", "STORE_UNAVAILABLE"],
  ["P2028", "Transaction API error: Unable to start a transaction in the given time.", "STORE_BUSY"],
  ["P2028", "Transaction API error: A query cannot be executed on an expired transaction.", "STORE_TIMEOUT"],
  ["P2028", "Transaction API error: A query cannot be executed on a committed transaction.", "STORE_IN_TRANSACTION"],
  ["P2034", "Transaction failed due to a write conflict", "STORE_CONFLICT"],
  ["P2999", "something new", "STORE_BACKEND"],
]

describe("ERROR-1 errors of Prisma", () => {
  it.each(CODES)("%s %s is %s with the original as cause", (code, message, expected) => {
    const error = known(code, message)
    const mapped = toStoreError(error)
    expect(mapped.code).toBe(expected)
    expect(mapped.cause).toBe(error)
    expect(mapped.message).toContain(message.replace(/\.$/, ""))
    expect(mapped.message).not.toContain("Invalid `prisma")
  })

  it.each([
    ["SQLITE_BUSY_SNAPSHOT", "SocketTimeout", "STORE_BUSY"],
    ["SQLITE_CONSTRAINT_PRIMARYKEY", "UniqueConstraintViolation", "STORE_CONFLICT"],
    ["SQLITE_CONSTRAINT_NOTNULL", "NullConstraintViolation", "STORE_CONFLICT"],
    ["SQLITE_READONLY", "sqlite", "STORE_READ_ONLY"],
    ["SQLITE_FULL", "sqlite", "STORE_FULL"],
    ["SQLITE_CORRUPT", "sqlite", "STORE_CORRUPT"],
    ["UNKNOWN_SQLITE_ERROR_261", "SocketTimeout", "STORE_BUSY"],
  ] as const)("%s of SQLite is mapped", (originalCode, kind, expected) => {
    const error = raw({ originalCode, originalMessage: "said by SQLite", kind })
    const mapped = toStoreError(error)
    expect(mapped.code).toBe(expected)
    expect(mapped.cause).toBe(error)
    expect(mapped.message).toContain("said by SQLite")
  })

  it("WRITE-3 a lost connection leaves it open whether a write is stored", () => {
    expect(toStoreError(known("P1017")).outcome).toBe("unknown")
    expect(toStoreError(raw({ originalCode: "SQLITE_IOERR_FSYNC", originalMessage: "disk I/O error" })).outcome).toBe(
      "unknown",
    )
  })

  it("of PostgreSQL keep the SQLSTATE or the system's code for the store's own mapping", () => {
    const error = raw({
      originalCode: "40001",
      originalMessage: "could not serialize",
      kind: "TransactionWriteConflict",
    })
    const driver = ofPrisma(error)
    expect(driver).toBeInstanceOf(DriverError)
    expect(driver.code).toBe("40001")
    expect(driver.cause).toBe(error)
    expect(ofPrisma(raw({ kind: "ConnectionClosed" })).code).toBe("ECONNRESET")
    expect(ofPrisma(raw({ kind: "DatabaseNotReachable" })).code).toBe("ECONNREFUSED")
    expect(fromPostgres(toStoreError(driver)).cause).toBe(error)
  })
})

describe("ERROR-1 real failures", () => {
  it("a database locked by somebody else is busy, and works again after", async () => {
    await sqlite.create("locked.db")
    const store = await createPrismaStore({ client: sqlite.client("locked.db"), busyTimeout: 50 })
    await store.append("a", metaRecord())
    const holder = new Database(sqlite.path("locked.db"))
    holder.exec("BEGIN IMMEDIATE")
    await rejects(store.append("a", entry("1")), "STORE_BUSY", { docId: "a" })
    holder.exec("ROLLBACK")
    holder.close()
    await store.append("a", entry("2"))
  })

  it("tables dropped under the store are named", async () => {
    await sqlite.create("dropped.db")
    const store = await createPrismaStore({ client: sqlite.client("dropped.db") })
    await sqlite.own("dropped.db", db => db.exec("DROP TABLE holdfast_records"))
    await rejects(store.append("a", metaRecord()), "STORE_FORMAT_UNSUPPORTED", { messageIncludes: "holdfast_records" })

    const schema = await postgres.create()
    const other = await createPrismaStore({ client: postgres.client(schema) })
    await postgres.sql(`DROP TABLE ${schema}.holdfast_records`)
    const error = await rejects(other.append("a", metaRecord()), "STORE_FORMAT_UNSUPPORTED")
    expect(error.backend).toBe("prisma")
    expect((error.cause as { code?: string }).code).toBe("P2010")
  })

  it("WRITE-3 a connection lost under a write leaves it open whether it is stored", async () => {
    const schema = await postgres.create()
    const store = await createPrismaStore({ client: postgres.client(schema) })
    await store.append("a", metaRecord())
    const sleep = `CREATE FUNCTION ${schema}.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(20); RETURN NEW; END'`
    await postgres.sql(
      `${sleep}; CREATE TRIGGER slow BEFORE INSERT ON ${schema}.holdfast_records EXECUTE FUNCTION ${schema}.slow()`,
    )
    const lost = rejects(store.append("a", entry("1")), "STORE_UNAVAILABLE", { outcome: "unknown", docId: "a" })
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`
    await expect.poll(async () => (await postgres.sql(end)).rowCount, { timeout: 10_000 }).toBe(1)
    await lost
  })

  it("connections ended by the server are lost for one call at most", async () => {
    const store = await createPrismaStore({ client: postgres.client(await postgres.create()) })
    await store.append("a", metaRecord())
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
    await postgres.sql(end)
    await store.append("a", entry("1")).catch(() => {})
    await store.append("a", entry("2"))
    expect(await store.currentMeta("a")).not.toBeNull()
  })
})
