// Generates the clients the tests use, into a folder that is not committed.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const OUTPUT = join(import.meta.dirname, "..", "generated")

/** A second pair of models, under a host's own names. */
const OTHERS = {
  sqlite: /** @type {const} */ (["Int", ""]),
  postgresql: /** @type {const} */ (["BigInt", "@db.SmallInt"]),
}

/** @param {keyof typeof OTHERS} provider */
function schema(provider) {
  const [integer, small] = OTHERS[provider]
  return `generator client {
  provider = "prisma-client"
  output   = "./${provider}"
}

datasource db {
  provider = "${provider}"
}

model Note {
  id    Int    @id @default(autoincrement())
  title String @unique
}

model Text {
  number ${integer} @id @default(autoincrement()) @map("doc")
  name   String @unique @map("doc_id")
  about  String @map("data")
  @@map("other_meta")
}

model TextRow {
  text    ${integer} @map("doc")
  place   ${integer} @map("seq")
  sort    Int @map("kind") ${small}
  version String?
  origin  String? @map("lineage")
  json    String? @map("payload")
  bytes   Bytes? @map("blob")
  @@id([text, place])
  @@map("other_records")
}

model Misshapen {
  doc   ${integer} @id @default(autoincrement())
  docId Int @unique @map("doc_id")
  data  String
  @@map("misshapen_meta")
}

model Incomplete {
  doc   ${integer} @id @default(autoincrement())
  docId String @unique @map("doc_id")
  @@map("incomplete_meta")
}

model OddTable {
  doc   ${integer} @id @default(autoincrement())
  docId String @unique @map("doc_id")
  data  String
  @@map("odd-table")
}

`
}

/**
 * @param {keyof typeof OTHERS} provider
 * @param {string} fragment
 */
function generate(provider, fragment) {
  mkdirSync(OUTPUT, { recursive: true })
  const file = join(OUTPUT, `${provider}.prisma`)
  writeFileSync(file, schema(provider) + fragment)
  const cli = join(dirname(createRequire(import.meta.url).resolve("prisma/package.json")), "build", "index.js")
  // Generating needs no schema engine, but Prisma would download one; a program that is there keeps it from that.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" }
  const run = spawnSync(process.execPath, [cli, "generate", "--schema", file], { env, encoding: "utf8" })
  if (run.status !== 0) throw new Error(`prisma generate failed:\n${run.stdout}${run.stderr}`)
}

export function generateClients() {
  for (const provider of /** @type {const} */ (["sqlite", "postgresql"])) {
    const fragment = join(import.meta.dirname, "..", "..", "schema", `${provider}.prisma`)
    generate(provider, readFileSync(fragment, "utf8"))
  }
}

if (process.argv[1] === import.meta.filename) generateClients()
