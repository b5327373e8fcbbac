import type { Scenario } from "../scenario.js"

/** So many transactions of each: enough for a figure, few enough for a store that takes long for each. */
const TRANSACTIONS = 5000

/** What a Yjs server does: stores every update when it comes, awaited, and later makes the document of them again. */
export const traces: Scenario = {
  name: "traces",
  title: `Yjs updates of recorded editing sessions, ${TRANSACTIONS} transactions of each: awaited appends, and loads into a document`,
  unit: "per s",
  better: "more",
  drivers: ["holdfast", "raw", "classic-level", "lmdb", "automerge-nodefs", "y-leveldb"],
  trial: async (name, place) => (await import("../editing.js")).storeRecordings(name, place, TRANSACTIONS),
  needsTraces: true,
  settings: { transactions: TRANSACTIONS, durability: "normal" },
}
