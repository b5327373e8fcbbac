/** The documents that the process to be killed writes. */
export const DOCS = ["alpha", "beta", "gamma", "delta"]

/**
 * The writes of one round, endless and the same for the same seed, so that the test knows what the process that it
 * killed had called. Every record carries the number of its write. A document's first write in a round is a replace.
 */
export function* randomWrites(seed) {
  let state = seed
  const random = below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
  const exists = new Map()
  for (let number = 0; ; number++) {
    const docId = DOCS[random(DOCS.length)]
    const dice = random(20)
    if (exists.get(docId) === undefined || dice === 0) {
      exists.set(docId, true)
      const records = Array.from({ length: random(30) }, (_, i) => entry(seed, number, i, random(2000)))
      yield { number, docId, kind: "replace", records: [meta(seed, number), ...records] }
    } else if (dice === 1) {
      exists.set(docId, false)
      yield { number, docId, kind: "delete", records: [] }
    } else if (exists.get(docId)) {
      // Some are larger than a piece, so that a record torn in the middle would show.
      const size = random(60) === 0 ? 1_500_000 : random(500)
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

/** A record in short: what it holds can be told apart by its number and its bytes. */
export function label(record) {
  if (record.kind === "meta") return `meta ${record.meta.schemaHash}`
  const { data } = record.payload
  return `${record.version} ${data.length} ${data.every(byte => byte === data[0]) ? data[0] : "torn"}`
}

/** Every document's records, in short. */
export async function contentsOf(store) {
  const contents = {}
  for (const docId of DOCS) contents[docId] = (await Array.fromAsync(store.loadAll(docId))).map(label)
  const ids = await Array.fromAsync(store.listDocIds())
  const expected = DOCS.filter(docId => contents[docId].length > 0).sort()
  if (ids.join() !== expected.join()) throw new Error(`listed ${ids}, but there are ${expected}`)
  return contents
}
