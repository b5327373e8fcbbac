import { binaryEntry, collect, entry, metaRecord } from "@holdfast/testing"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { type Answer, PgRequest } from "../src/adapters/pg-request.js"
import { createPostgresStore, fromClient, type PgQuery } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { freshSchema } from "./support/fixtures.js"

const database = await createDatabase()

/** The `query` of a client as one that submits itself is handed to it. */
type Query = (query: PgQuery, answer: Answer) => unknown

describe("a query that submits itself", () => {
  it("ERROR-1 what cannot be sent is rejected, and the client goes on", async () => {
    const client = await database.client()
    const query = client.query.bind(client) as unknown as Query
    const sent = new Promise((resolve, reject) => {
      const request = new PgRequest("SELECT $1", [Symbol("no text") as never], undefined)
      query(request, error => (error ? reject(error) : resolve(0)))
    })
    await expect(sent).rejects.toThrow(TypeError)
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }])
  })

  it.each([false, true])("RECORD-1 preparedStatements: %s, among queries of the host on one client", async prepared => {
    const schema = await freshSchema(database)
    const client = await database.client()
    const store = await createPostgresStore(fromClient(client, { preparedStatements: prepared }), {
      schema,
      createTables: true,
    })
    await store.append("doc", metaRecord())
    for (let i = 0; i < 5; i++) {
      const both = [
        store.append("doc", entry(`${i}`)),
        client.query({ name: "host", text: "SELECT $1::int AS n", values: [i] }),
      ]
      expect((await Promise.all(both))[1]).toMatchObject({ rows: [{ n: i }] })
    }
    const loaded = await collect(store.loadAll("doc"))
    expect(loaded).toEqual([metaRecord(), ...[0, 1, 2, 3, 4].map(i => entry(`${i}`))])
  })

  it("RECORD-1 a client that sends without waiting for answers", async () => {
    const schema = await freshSchema(database)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    Object.assign(client, { pipeline: true })
    try {
      const store = await createPostgresStore(fromClient(client, { preparedStatements: true }), {
        schema,
        createTables: true,
      })
      const records = [metaRecord(), binaryEntry(new Uint8Array(5000).fill(255)), entry("a")]
      await Promise.all(["a", "b", "c"].map(id => store.replace(id, records)))
      await Promise.all(["a", "b", "c"].map(id => store.append(id, entry("b"))))
      for (const id of ["a", "b", "c"]) expect(await collect(store.loadAll(id))).toEqual([...records, entry("b")])
    } finally {
      await client.end()
    }
  })
})
