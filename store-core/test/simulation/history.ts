import type { DocId } from "@holdfast/store-core"
import { Random } from "../support/random.js"

/** The circumstances of a history. */
export interface Profile {
  /** How writers collide: on one lock for all, on a lock for each document, or on guesses found to be old. */
  readonly sharing: "one lock" | "locks" | "guesses"
  readonly processes: number
  /** How probable it is that a step of a call fails, and that an operation meets a lock of somebody unknown. */
  readonly failures: number
  readonly locks: number
  readonly waits: readonly ("none" | "microtask" | "turn" | "timer")[]
  readonly pageRecords: number
  readonly emptyPages: boolean
  readonly busyTimeout: number
  readonly readAhead: number
  readonly loadGuard: boolean
  /** By how many milliseconds the clock goes on when it is read. */
  readonly drift: number
}

/**
 * One thing that is done, `gap` milliseconds after the one before; null: at once, in the same tick. `name` is in what
 * the action writes, so that an action is the same with or without the others.
 */
export type Action = { readonly name: number; readonly gap: number | null; readonly process: number } & (
  | { readonly kind: "append" | "replace"; readonly docId: DocId; readonly records: readonly RecordKind[] }
  | { readonly kind: "delete" | "meta"; readonly docId: DocId }
  | { readonly kind: "load"; readonly docId: DocId; readonly reading: Reading }
  | { readonly kind: "list" }
  | { readonly kind: "close" | "crash" | "restart" }
)

/** `"other"` is metadata that clashes with the usual one. */
export type RecordKind = "entry" | "meta" | "other"

/** How a consumer reads a load. */
export interface Reading {
  readonly steps: number
  /** How many steps are asked for at a time. */
  readonly ahead: number
  /** Milliseconds between them. */
  readonly pause: number | null
  readonly breakOff: boolean
}

/** Everything that a run depends on. `luck` decides what the backend does to every call. */
export interface History {
  readonly luck: number
  readonly profile: Profile
  readonly actions: readonly Action[]
}

const IDS = ["a", "b", "c"]

export function createHistory(seed: number): History {
  const random = new Random(seed)
  const profile = createProfile(random)
  const length = 5 + random.below(40)
  const actions = Array.from({ length }, (_, name) => createAction(random, name, profile.processes))
  return { luck: random.below(1_000_000), profile, actions }
}

function createProfile(random: Random): Profile {
  return {
    sharing: random.pick(["one lock", "locks", "guesses"]),
    processes: random.pick([1, 1, 2, 3]),
    failures: random.pick([0, 0.05, 0.2]),
    locks: random.pick([0, 0, 0.2, 0.6]),
    waits: random.pick([
      ["none"],
      ["microtask"],
      ["turn"],
      ["none", "turn"],
      ["timer"],
      ["none", "microtask", "turn", "timer"],
    ] as const),
    pageRecords: random.pick([1, 2, 5]),
    emptyPages: random.chance(0.3),
    busyTimeout: random.pick([0, 2, 20, 200]),
    readAhead: random.pick([0, 400, 1_000_000]),
    loadGuard: random.chance(0.5),
    drift: random.pick([0, 0, 0.01, 1]),
  }
}

function createAction(random: Random, name: number, processes: number): Action {
  const common = { name, gap: random.chance(0.7) ? null : random.pick([0, 0, 1, 5]), process: random.below(processes) }
  const docId = random.pick(IDS)
  const record = (metaChance: number): RecordKind => {
    if (!random.chance(metaChance)) return "entry"
    return random.chance(0.85) ? "meta" : "other"
  }
  const dice = random.below(100)
  if (dice < 40) return { ...common, kind: "append", docId, records: [record(0.25)] }
  if (dice < 48) {
    const entries = Array.from({ length: random.below(8) }, () => record(0.1))
    return { ...common, kind: "replace", docId, records: [record(1), ...entries] }
  }
  if (dice < 56) return { ...common, kind: "delete", docId }
  if (dice < 64) return { ...common, kind: "meta", docId }
  if (dice < 88) {
    const pause = random.chance(0.3) ? random.below(4) : null
    const reading = { steps: random.pick([1, 2, 3, 100]), ahead: random.pick([1, 1, 2, 4]), pause }
    return { ...common, kind: "load", docId, reading: { ...reading, breakOff: random.chance(0.2) } }
  }
  if (dice < 94) return { ...common, kind: "list" }
  if (dice < 96) return { ...common, kind: "close" }
  return { ...common, kind: dice < 99 ? "crash" : "restart" }
}
