import { metaRecord } from "@holdfast/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openSqliteStore } from "../src/open.js"
import { BINDINGS, type Connection, connect } from "./support/connection.js"
import { type TempDir, tempDir } from "./support/temp.js"

describe("two connections in one process, on one file", () => {
  let dir: TempDir
  let connections: Connection[]

  beforeEach(async () => {
    dir = tempDir()
    connections = []
    const store = await openSqliteStore(dir.file())
    await store.append("doc", metaRecord())
    await store.close()
  })

  afterEach(() => {
    for (const connection of connections) connection.close()
    dir.remove()
  })

  function begin(binding: (typeof BINDINGS)[number]): void {
    const connection = connect(binding, dir.file())
    connections.push(connection)
    connection.exec("BEGIN IMMEDIATE")
  }

  it.each(BINDINGS)("of one library, %s: only one holds the write lock", binding => {
    begin(binding)
    expect(() => begin(binding)).toThrow(/locked/)
  })

  it.runIf(process.platform === "linux")("of two libraries: both hold the write lock, so neither is safe", () => {
    begin("better-sqlite3")
    begin("node:sqlite")
  })
})
