// #region app
import { createPrismaStore } from "@holdfast/prisma-store"
import type { StoreMeta } from "@holdfast/store-core"
import { prisma } from "./database.ts"

const meta: StoreMeta = {
  replicaType: ["yjs", 1, 0],
  syncMode: { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" },
  schemaHash: "v1",
}

const documents = await createPrismaStore({ client: prisma })

/** The row and the document are there together or not at all. */
async function createNote(id: string, title: string): Promise<void> {
  await prisma.$transaction(async tx => {
    const inside = await createPrismaStore({ client: tx })
    await tx.note.create({ data: { id, title } })
    await inside.append(id, { kind: "meta", meta })
  })
}

/** Outside a transaction an append is one commit, and appends called together share it. */
async function edit(id: string, update: Uint8Array): Promise<void> {
  const payload = { kind: "since", encoding: "binary", data: update } as const
  await documents.append(id, { kind: "entry", payload, version: "1" })
}
// #endregion app

const id = `note/${await prisma.note.count()}`
await createNote(id, "Groceries")
await Promise.all([edit(id, new Uint8Array([1])), edit(id, new Uint8Array([2]))])

try {
  await createNote(id, "Twice")
} catch {
  console.log("A note with an id that is taken leaves nothing behind.")
}

for await (const record of documents.loadAll(id)) {
  const data = record.kind === "entry" ? record.payload.data : record.meta.replicaType[0]
  console.log(`${id}: ${record.kind} ${String(data)}`)
}
await documents.close()
await prisma.$disconnect()
