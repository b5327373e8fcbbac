import type { StoreRecord } from "@holdfast/store-core"
import { quote } from "../assert.js"
import { binaryEntry, entry, metaRecord, type Random, seeded } from "../fixtures.js"

/** A record as a sequence has it: what it takes to make it, again and again, and to print it. */
export type RecordSpec =
  | { readonly kind: "meta"; readonly hash: string; readonly minor: number; readonly clash?: "name" | "major" | "mode" }
  | { readonly kind: "text"; readonly text: string; readonly lineage?: string }
  | { readonly kind: "bytes"; readonly bytes: readonly number[] }
  | { readonly kind: "invalid" }

/** One step of a sequence. `id` is an id, or a prefix, without what keeps the sequences on one store apart. */
export type Step =
  | WriteStep
  | { readonly op: "currentMeta"; readonly id: string; readonly awaited: boolean }
  | { readonly op: "load" | "list"; readonly id: string; readonly iteration: number }
  | { readonly op: "next" | "rest" | "leave"; readonly iteration: number; readonly awaited: boolean }
  | { readonly op: "settle" | "turn" | "reopen" }

export type WriteStep =
  | { readonly op: "append"; readonly id: string; readonly record: RecordSpec; readonly awaited: boolean }
  | { readonly op: "replace"; readonly id: string; readonly records: readonly RecordSpec[]; readonly awaited: boolean }
  | { readonly op: "delete"; readonly id: string; readonly awaited: boolean }

/** Ids that are prefixes of each other, differ in case, or sort otherwise in UTF-16; one is not valid. */
const IDS = ["a", "A", "a%", "a/b", "a_", "\uffff", "\u{10000}"]
const INVALID_ID = "a\ud800"
const PREFIXES = ["", "", "a", "a%", "A", "\u{10000}", INVALID_ID]

/** The sequence that belongs to a seed. */
export function generate(seed: number, operations: number, canReopen: boolean): Step[] {
  const random = seeded(seed)
  const ids = [random.pick(IDS), random.pick(IDS), random.pick(IDS)]
  const awaiting = random.pick([0, 0.3, 0.9])
  const open: number[] = []
  const steps: Step[] = []
  while (steps.length < operations) {
    const awaited = random.chance(awaiting)
    const id = random.chance(0.02) ? INVALID_ID : random.pick(ids)
    const iterating = open.length > 0 && random.chance(0.45)
    if (iterating) steps.push(iterationStep(random, open, awaited))
    else if (steps.length < ids.length && random.chance(0.7)) {
      steps.push({ op: "append", id, record: goodMeta(random), awaited })
    } else {
      const step = callStep(random, id, steps.length, awaited, canReopen)
      if (step.op === "load" || step.op === "list") open.push(step.iteration)
      steps.push(step)
    }
  }
  return steps
}

function iterationStep(random: Random, open: number[], awaited: boolean): Step {
  const iteration = random.pick(open)
  const op = random.chance(0.75) ? "next" : random.pick(["rest", "rest", "leave"] as const)
  if (op !== "next") open.splice(open.indexOf(iteration), 1)
  return { op, iteration, awaited }
}

function callStep(random: Random, id: string, iteration: number, awaited: boolean, canReopen: boolean): Step {
  const dice = random.int(1, 100)
  if (dice <= 40) return { op: "append", id, record: recordSpec(random), awaited }
  if (dice <= 53) return { op: "replace", id, records: batch(random), awaited }
  if (dice <= 60) return { op: "delete", id, awaited }
  if (dice <= 70) return { op: "currentMeta", id, awaited }
  if (dice <= 82) return { op: "load", id, iteration }
  if (dice <= 89) return { op: "list", id: random.pick(PREFIXES), iteration }
  if (dice <= 93) return { op: "settle" }
  if (dice <= 97 || !canReopen) return { op: "turn" }
  return { op: "reopen" }
}

function recordSpec(random: Random): RecordSpec {
  const dice = random.int(1, 100)
  if (dice <= 20) return goodMeta(random)
  if (dice <= 27) return { ...goodMeta(random), clash: random.pick(["name", "major", "mode"]) }
  if (dice <= 30) return { kind: "invalid" }
  if (dice <= 60) return { kind: "bytes", bytes: Array.from(random.bytes(random.int(0, 4))) }
  const text = random.text(random.int(0, 4))
  return random.chance(0.3) ? { kind: "text", text, lineage: random.text(2) } : { kind: "text", text }
}

function goodMeta(random: Random): RecordSpec & { kind: "meta" } {
  return { kind: "meta", hash: random.text(random.int(0, 3)), minor: random.int(0, 2) }
}

/** Mostly one that begins with metadata, as it has to. */
function batch(random: Random): RecordSpec[] {
  const records = Array.from({ length: random.int(0, 4) }, () => recordSpec(random))
  // An invalid record behind a wrong first one would be two faults at once, of which the rules do not say which wins.
  if (random.chance(0.1)) return records.filter(record => record.kind !== "invalid")
  return [goodMeta(random), ...records]
}

/** Makes the record; nobody else has it. */
export function makeRecord(spec: RecordSpec): StoreRecord {
  switch (spec.kind) {
    case "meta":
      return makeMeta(spec)
    case "text":
      return entry(spec.text, spec.lineage === undefined ? {} : { lineage: spec.lineage })
    case "bytes":
      return binaryEntry(Uint8Array.from(spec.bytes))
    case "invalid":
      return entry("\0")
  }
}

function makeMeta({ hash, minor, clash }: RecordSpec & { kind: "meta" }): StoreRecord {
  const record = metaRecord({
    schemaHash: hash,
    replicaType: [clash === "name" ? "other" : "text", clash === "major" ? 9 : 1, minor],
  })
  if (clash !== "mode") return record
  return metaRecord({ ...record.meta, syncMode: { ...record.meta.syncMode, writerModel: "serialized" } })
}

/** The step as a line of code. */
export function printStep(step: Step, base: string): string {
  if ("record" in step) return call(step, base, printRecord(step.record))
  if ("records" in step) return call(step, base, `[${step.records.map(printRecord).join(", ")}]`)
  switch (step.op) {
    case "load":
      return `const i${step.iteration} = store.loadAll(${id(step, base)})[Symbol.asyncIterator]()`
    case "list":
      return `const i${step.iteration} = store.listDocIds(${id(step, base)})[Symbol.asyncIterator]()`
    case "next":
    case "rest":
    case "leave": {
      const method = { next: "next()", rest: "next() … to the end", leave: "return()" }[step.op]
      return `${step.awaited ? "await " : ""}i${step.iteration}.${method}`
    }
    case "settle":
      return "await everything called so far"
    case "turn":
      return "await one turn of the event loop"
    case "reopen":
      return "await store.close(); store = await reopen()"
    default:
      return call(step, base)
  }
}

function call(step: Step & { id: string; awaited: boolean }, base: string, argument?: string): string {
  const rest = argument === undefined ? "" : `, ${argument}`
  return `${step.awaited ? "await " : ""}store.${step.op}(${id(step, base)}${rest})`
}

function id(step: { id: string }, base: string): string {
  return quote(base + step.id)
}

function printRecord(spec: RecordSpec): string {
  switch (spec.kind) {
    case "meta": {
      const clash = spec.clash === undefined ? "" : `, another ${spec.clash}`
      return `meta(hash ${quote(spec.hash)}, minor ${spec.minor}${clash})`
    }
    case "text":
      return `entry(${quote(spec.text)}${spec.lineage === undefined ? "" : `, lineage ${quote(spec.lineage)}`})`
    case "bytes":
      return `entry(bytes [${spec.bytes.join(", ")}])`
    case "invalid":
      return 'entry("\\0")'
  }
}
