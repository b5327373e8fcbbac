import { readFileSync } from "node:fs"
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3"
import { PrismaClient } from "./generated/client.ts"

const url = `file:${process.env.NOTES_DB ?? "notes.db"}`

// The store goes on trying without blocking; SQLite's own wait, 5 seconds by default, would block the event loop.
export const prisma = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url, timeout: 50 }) })

await prisma.$queryRawUnsafe("PRAGMA journal_mode = WAL")

// An application runs its migrations with Prisma Migrate; the example brings the statements, so that it needs no server.
const migration = readFileSync(new URL("../prisma/migration.sql", import.meta.url), "utf8")
for (const statement of migration.split(";")) {
  if (statement.trim() !== "") await prisma.$executeRawUnsafe(statement)
}
