import { readFileSync } from "node:fs"
import { metaRecord, rejects } from "@holdfast/testing"
import { afterEach, describe, expect, it } from "vitest"
import { createPrismaStore, type PrismaClientLike, schemaFragment } from "../src/index.js"
import { SqlitePlace } from "./support/sqlite.js"

const places: SqlitePlace[] = []
afterEach(async () => {
  for (const place of places.splice(0)) await place.dispose()
})

async function created(): Promise<SqlitePlace> {
  const place = new SqlitePlace()
  places.push(place)
  await place.create()
  return place
}

const FORMAT = "STORE_FORMAT_UNSUPPORTED"

describe("models", () => {
  it.each(["sqlite", "postgresql"] as const)("the fragment for %s is the same as text and as file", provider => {
    const file = readFileSync(new URL(`../schema/${provider}.prisma`, import.meta.url), "utf8")
    expect(schemaFragment(provider)).toBe(file)
  })

  it("a missing model is refused, naming it and the text to paste", async () => {
    const client = (await created()).client()
    const opening = createPrismaStore({ client, models: { meta: "Nothing" } })
    const messageIncludes = ["Nothing", "models.meta", "model Nothing {", '@@map("holdfast_meta")', "@id @default"]
    await rejects(opening, FORMAT, { messageIncludes })
  })

  it("a missing field is refused, naming model, field and the line to paste", async () => {
    const client = (await created()).client()
    const opening = createPrismaStore({ client, models: { meta: "Incomplete" } })
    await rejects(opening, FORMAT, { messageIncludes: ["Incomplete", '"data"', "data String"] })
  })

  it("a field of another type is refused, naming model, field and the line to paste", async () => {
    const client = (await created()).client()
    const opening = createPrismaStore({ client, models: { meta: "Misshapen" } })
    const messageIncludes = ["Misshapen", "docId", "type Int", 'docId String @unique @map("doc_id")']
    await rejects(opening, FORMAT, { messageIncludes })
  })

  it("a table whose name no backend could have is refused, naming the model", async () => {
    const client = (await created()).client()
    const opening = createPrismaStore({ client, models: { meta: "OddTable" } })
    await rejects(opening, FORMAT, { messageIncludes: ["@@map of model OddTable", "odd-table"] })
  })

  it("what is no client, an unknown option and a schema on SQLite are mistakes of the program", async () => {
    const client = (await created()).client()
    const none = {} as PrismaClientLike
    await expect(createPrismaStore({ client: none })).rejects.toThrow(TypeError)
    await expect(createPrismaStore({ client, ...{ model: {} } })).rejects.toThrow(/Did you mean "models"/)
    await expect(createPrismaStore({ client, models: { meta: "X", ...{ record: "Y" } } })).rejects.toThrow(
      /Did you mean "records"/,
    )
    await expect(createPrismaStore({ client, schema: "app" })).rejects.toThrow(/SQLite has no schemas/)
  })

  it("an extended client is a client", async () => {
    const client = (await created()).client().$extends({ model: { $allModels: { hello: () => "hello" } } })
    const store = await createPrismaStore({ client })
    await store.append("a", metaRecord())
    expect(await store.currentMeta("a")).not.toBeNull()
  })
})

describe("tables", () => {
  const open = async (sql: string) => {
    const place = await created()
    await place.own(undefined, db => db.exec(sql))
    return createPrismaStore({ client: place.client() })
  }

  it("missing tables are refused and not created", async () => {
    const opening = open("DROP TABLE holdfast_meta; DROP TABLE holdfast_records")
    await rejects(opening, FORMAT, { messageIncludes: ["holdfast_meta", "prisma migrate"] })
  })

  it("a column that is missing, of another type or nullable is refused, naming table and column", async () => {
    const dropped = open("ALTER TABLE holdfast_records DROP COLUMN lineage")
    await rejects(dropped, FORMAT, { messageIncludes: ["lineage", "holdfast_records"] })
    const loose = open(
      "DROP TABLE holdfast_meta; CREATE TABLE holdfast_meta (doc INTEGER PRIMARY KEY, doc_id TEXT, data TEXT NOT NULL)",
    )
    await rejects(loose, FORMAT, { messageIncludes: ["doc_id", "allows NULL"] })
  })

  const meta = (doc: string, id: string) =>
    `DROP TABLE holdfast_meta; CREATE TABLE holdfast_meta (doc ${doc}, doc_id TEXT NOT NULL${id}, data TEXT NOT NULL)`

  it("ids that are not unique and numbers that may be used twice are refused, with the text to paste", async () => {
    const twice = open(meta("INTEGER PRIMARY KEY AUTOINCREMENT", ""))
    await rejects(twice, FORMAT, { messageIncludes: ["doc_id", "@unique"] })
    const reused = open(meta("INTEGER PRIMARY KEY", " UNIQUE"))
    await rejects(reused, FORMAT, { messageIncludes: ['"doc"', "@default(autoincrement())"] })
  })

  it("tables with rows and no header, and of another major format, are refused", async () => {
    const unknown = open("UPDATE holdfast_meta SET doc_id = 'a'")
    await rejects(unknown, FORMAT, { messageIncludes: "no header" })
    const newer = open("UPDATE holdfast_meta SET data = replace(data, '1.0', '2.0')")
    await rejects(newer, FORMAT, { messageIncludes: "format 2.0" })
  })
})
