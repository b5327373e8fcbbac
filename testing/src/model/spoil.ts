import type { StoreMeta, StoreRecord } from "@holdfast/store-core"

/** Changes a record that was given away or received: by RECORD-6 nobody else may notice. */
export function spoil(record: StoreRecord | undefined): void {
  if (record?.kind === "meta") spoilMeta(record.meta)
  else if (record?.payload.data instanceof Uint8Array) record.payload.data.fill(0xee)
  else if (record !== undefined) Object.assign(record.payload, { data: "spoiled", lineage: "spoiled" })
}

export function spoilMeta(meta: StoreMeta): void {
  Object.assign(meta.replicaType, ["spoiled", 0, 0])
  Object.assign(meta.syncMode, { writerModel: "spoiled" })
  Object.assign(meta, { schemaHash: "spoiled" })
}
