import type { Db } from "../drivers/database.js"
import { openDatabase } from "../drivers/database.js"
import { openHoldfast } from "../drivers/holdfast.js"
import { database, OTHERS, openDriver, SQLITE } from "../drivers/open.js"
import { type Contents, filledDirectory, filledIds, fillFor, pickDocument } from "../fill.js"
import { PEERS } from "../peers.js"
import { seeded } from "../random.js"
import type { Place, Scenario, Target } from "../scenario.js"
import { type Duration, each, rate, SHORT } from "../timing.js"

const LARGE: Contents = { documents: 1, withRecords: 1, records: 20_000, bytes: 200 }
const SMALL: Contents = { documents: 100_000, withRecords: 1000, records: 100, bytes: 200 }

/**
 * Whoever keeps all records of a load at once fills the heap for a second before V8 collects what is old, which takes
 * twice as long as a load: in less time it would depend on chance whether that is measured.
 */
const COLLECTED: Duration = { warm: 1000, measured: 1000 }

/** A file for each record: filling that many takes longer than the whole run. */
const NOT_A_FILE_EACH = OTHERS.filter(other => other !== "automerge-nodefs")

export const reads: readonly Scenario[] = [
  {
    name: "load-large",
    title: `loadAll of ${LARGE.records} records of 200 B, against all() mapped to the same records`,
    unit: "records/s",
    better: "more",
    drivers: [...SQLITE, ...OTHERS],
    prepare: (shared, drivers) => fillFor(shared, drivers, LARGE),
    trial: (name, place) => loads(name, place, LARGE, 1, name in PEERS ? SHORT : COLLECTED),
    targets: bothBindings(0.75),
    minRepetitions: 5,
    settings: { ...LARGE },
  },
  {
    name: "load-small",
    title: `loadAll of a document of 100 records among ${SMALL.documents}, against the SELECT`,
    unit: "records/s",
    better: "more",
    drivers: [...SQLITE, ...NOT_A_FILE_EACH],
    prepare: (shared, drivers) => fillFor(shared, drivers, SMALL),
    trial: (name, place) => loads(name, place, SMALL, 32, SHORT),
    targets: bothBindings(0.5),
    minRepetitions: 5,
    settings: { ...SMALL },
  },
  {
    name: "current-meta",
    title: "currentMeta, against get and JSON.parse",
    unit: "calls/s",
    better: "more",
    drivers: [...SQLITE],
    prepare: (shared, drivers) => fillFor(shared, drivers, { ...SMALL, records: 0 }),
    trial: metas,
    targets: bothBindings(0.75),
    settings: { documents: SMALL.documents },
  },
  {
    name: "list",
    title: `listDocIds of ${SMALL.documents} ids of 36 characters, against the SELECT`,
    unit: "ids/s",
    better: "more",
    drivers: [...SQLITE],
    prepare: (shared, drivers) => fillFor(shared, drivers, { ...SMALL, records: 0 }),
    trial: listings,
    targets: bothBindings(0.6),
    settings: { documents: SMALL.documents },
  },
]

function bothBindings(atLeast: number): Target[] {
  return [
    { driver: "holdfast", against: ["raw"], atLeast },
    { driver: "holdfast node:sqlite", against: ["raw node:sqlite"], atLeast },
  ]
}

async function loads(
  name: string,
  place: Place,
  contents: Contents,
  perStep: number,
  duration: Duration,
): Promise<number> {
  const driver = await openDriver(name, filledDirectory(place.shared, name), "normal")
  const ids = filledIds(contents)
  const random = seeded(place.seed)
  const result = await rate(async () => {
    let records = 0
    for (let i = 0; i < perStep; i++) {
      const loaded = driver.load(pickDocument(ids, contents, random))
      records += typeof loaded === "number" ? loaded : await loaded
    }
    return records
  }, duration)
  await driver.close()
  return result
}

async function metas(name: string, place: Place): Promise<number> {
  const ids = filledIds(SMALL)
  const random = seeded(place.seed)
  const pickId = () => pickDocument(ids, SMALL, random)
  const { store, db } = openFilled(name, place)
  if (store !== null) {
    const result = await rate(() => each(64, () => store.currentMeta(pickId())))
    await store.close()
    return result
  }
  const get = db.prepare("SELECT data FROM holdfast_meta WHERE doc_id = ?")
  const result = await rate(() => each(64, () => JSON.parse((get.get(pickId()) as { data: string }).data)))
  db.close()
  return result
}

async function listings(name: string, place: Place): Promise<number> {
  const { store, db } = openFilled(name, place)
  if (store !== null) {
    const result = await rate(async () => {
      let count = 0
      for await (const _ of store.listDocIds()) count++
      return count
    })
    await store.close()
    return result
  }
  const select = db.prepare("SELECT doc_id AS id FROM holdfast_meta WHERE doc_id > '' ORDER BY doc_id")
  const result = await rate(() => (select.all() as { id: string }[]).length)
  db.close()
  return result
}

type Filled =
  | { readonly store: ReturnType<typeof openHoldfast>; readonly db: null }
  | { readonly store: null; readonly db: Db }

function openFilled(name: string, place: Place): Filled {
  const path = database(filledDirectory(place.shared, name))
  const binding = name.endsWith("node:sqlite") ? "node:sqlite" : "better-sqlite3"
  return name.startsWith("holdfast")
    ? { store: openHoldfast(binding, path, "normal"), db: null }
    : { store: null, db: openDatabase(binding, path, "normal") }
}
