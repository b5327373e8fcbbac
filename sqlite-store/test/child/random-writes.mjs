/** The documents that a process to be killed writes, and those of a second one beside it. */
export const DOCS = [
  ["alpha", "beta", "gamma", "delta"],
  ["epsilon", "zeta", "eta", "theta"],
]

/**
 * The writes of one round, endless and the same for the same seed, so that the test knows what the process that it
 * killed had called. Every record carries the number of its write. A document's first write in a round is a replace.
 */
export function* randomWrites(seed, docs) {
  let state = seed
  const random = below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
  const exists = new Map()
  for (let number = 0; ; number++) {
    const docId = docs[random(docs.length)]
    const dice = random(20)
    if (exists.get(docId) === undefined || dice === 0) {
      exists.set(docId, true)
      const count = random(30)
      const records = Array.from({ length: count }, (_, i) => entry(seed, number, i, random(2000)))
      yield { number, docId, kind: "replace", records: [meta(seed, number), ...records] }
    } else if (dice === 1) {
      exists.set(docId, false)
      yield { number, docId, kind: "delete", records: [] }
    } else if (exists.get(docId)) {
      // Some are larger than a piece, so that a record torn in the middle would show.
      const size = random(40) === 0 ? 1_500_000 : random(500)
      yield { number, docId, kind: "append", records: [entry(seed, number, 0, size)] }
    } else {
      exists.set(docId, true)
      yield { number, docId, kind: "append", records: [meta(seed, number)] }
    }
  }
}

function meta(seed, number) {
  const syncMode = { writerModel: "concurrent", delivery: "delta-capable", durability: "persistent" }
  return { kind: "meta", meta: { replicaType: ["text", 1, 0], syncMode, schemaHash: `${seed}/${number}` } }
}

function entry(seed, number, index, size) {
  const data = new Uint8Array(size).fill(number)
  return { kind: "entry", payload: { kind: "since", encoding: "binary", data }, version: `${seed}/${number}/${index}` }
}
