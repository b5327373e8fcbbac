import type { Store } from "@holdfast/store-core"
import { entry, metaRecord } from "@holdfast/testing"
import { describe, expect, it } from "vitest"
import { createPostgresStore, fromPool } from "../src/index.js"
import { createDatabase } from "./support/database.js"
import { codeOf, create, freshSchema, texts } from "./support/fixtures.js"

const database = await createDatabase()

/**
 * A store that knows where A, B and C end, although another one has replaced B and C since: of a group, A is written by
 * one statement and B and C by another, in which a row of B fails.
 *
 * @param times How often it fails. Sequences are not rolled back.
 */
async function known(state: string, times: number): Promise<Store> {
  const schema = await freshSchema(database)
  const open = () =>
    createPostgresStore(fromPool(database.pool({ max: 1 })), { schema, createTables: true, busyTimeout: 200 })
  const [store, other] = [await open(), await open()]
  for (const doc of ["A", "B", "C"]) {
    await create(store, doc)
    await store.append(doc, entry(`${doc}0`))
  }
  for (const doc of ["B", "C"]) await other.replace(doc, [metaRecord(), entry(`${doc}0`)])
  await database.admin.query(`CREATE SEQUENCE ${schema}.fails;
    CREATE FUNCTION ${schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.doc = (SELECT doc FROM ${schema}.holdfast_meta WHERE doc_id = 'B') AND nextval('${schema}.fails') <= ${times} THEN
        RAISE EXCEPTION 'fails' USING ERRCODE = '${state}';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER fails BEFORE INSERT ON ${schema}.holdfast_records FOR EACH ROW EXECUTE FUNCTION ${schema}.fail()`)
  return store
}

const appendAll = (store: Store) => Promise.all(["A", "B", "C"].map(doc => codeOf(store.append(doc, entry(`${doc}1`)))))

describe("a group of which a part is stored when the rest fails (WRITE-1, WRITE-3, ORDER-1)", () => {
  it.each(["40001", "23505", "55P03"])("%s once: all are stored, each once", async state => {
    const store = await known(state, 1)
    expect(await appendAll(store)).toEqual(["ok", "ok", "ok"])
    for (const doc of ["A", "B", "C"]) expect(await texts(store, doc)).toEqual([`${doc}0`, `${doc}1`])
  })

  it.each([
    ["40001", "STORE_CONFLICT"],
    ["23505", "STORE_CONFLICT"],
    ["55P03", "STORE_BUSY"],
    ["57014", "STORE_TIMEOUT"],
    ["P0001", "STORE_BACKEND"],
  ])("%s always: only that document's append rejects, with %s", async (state, code) => {
    const store = await known(state, 1_000_000)
    expect(await appendAll(store)).toEqual(["ok", code, "ok"])
    expect(await texts(store, "A")).toEqual(["A0", "A1"])
    expect(await texts(store, "B")).toEqual(["B0"])
    expect(await texts(store, "C")).toEqual(["C0", "C1"])
  })

  it("a connection that ends: what is stored is acknowledged, the rest says that nobody knows", async () => {
    const store = await known("57P01", 1)
    expect(await appendAll(store)).toEqual(["ok", "STORE_UNAVAILABLE", "STORE_UNAVAILABLE"])
    expect(await texts(store, "A")).toEqual(["A0", "A1"])
    for (const doc of ["B", "C"]) expect(await texts(store, doc)).toEqual([`${doc}0`])
  })
})
