/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Different payloads of one size, so that nothing can be gained by seeing the same one again. */
export function payloads(size: number, random: () => number): Uint8Array[] {
  return Array.from({ length: size > 100_000 ? 4 : 64 }, () => Uint8Array.from({ length: size }, () => random() * 256))
}

/** Ids of 36 characters, as random UUIDs are, in an order of their own. */
export function documentIds(count: number, random: () => number): string[] {
  const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("")
  return Array.from({ length: count }, () => `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`)
}
