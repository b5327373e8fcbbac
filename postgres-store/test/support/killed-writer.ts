import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { DocId, StoreRecord } from "@holdfast/store-core"
import { expect } from "vitest"
import { DOCS, label, randomWrites } from "../child/random-writes.mjs"

const SCRIPT = fileURLToPath(new URL("../child/crash-writer.mjs", import.meta.url))

/** Every document's records, in short. */
export type Contents = Readonly<Record<DocId, readonly string[]>>

export const NOTHING: Contents = Object.fromEntries(DOCS.map(docId => [docId, []]))

/** A write as `child/random-writes.mjs` makes it. */
interface Write {
  readonly number: number
  readonly docId: DocId
  readonly kind: "append" | "replace" | "delete"
  readonly records: readonly StoreRecord[]
}

/**
 * Lets a process open the store and write until it is killed, so many milliseconds later; without a seed it only opens.
 * Resolves with what it said of the documents and the numbers of the writes it had acknowledged.
 */
export async function runWriter(place: string, options: object, seed?: number, milliseconds = 0) {
  const argv = [SCRIPT, place, JSON.stringify(options), ...(seed === undefined ? [] : [String(seed)])]
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (!said.includes("\n") && text.includes("\n")) setTimeout(() => child.kill("SIGKILL"), milliseconds)
    said += text
  })
  const [, signal] = (await once(child, "close")) as [number | null, string | null]
  expect(said).not.toContain("failed")
  if (seed !== undefined) expect(signal, said.slice(-300)).toBe("SIGKILL")
  // Killed while it wrote a line, the process had acknowledged that write all the same.
  const [first, ...lines] = said.split("\n").slice(0, -1)
  return { first: first ?? "", acknowledged: new Set(lines.map(Number)) }
}

/** Every document is what it was after one of its writes, and that is none before the last acknowledged one. */
export function expectNothingLost(
  before: Contents,
  seed: number,
  acknowledged: ReadonlySet<number>,
  after: Contents,
  what: string,
): void {
  const writes = writesOf(seed, acknowledged)
  for (const docId of DOCS) {
    const own = writes.filter(write => write.docId === docId)
    const mustHave = own.findLastIndex(write => acknowledged.has(write.number)) + 1
    const states = statesAfter(before[docId] ?? [], own)
    const found = JSON.stringify(after[docId])
    const at = states.findIndex((state, i) => i >= mustHave && JSON.stringify(state) === found)
    expect(at, `${what}: ${docId} is what it was after ${mustHave} or more of its writes`).not.toBe(-1)
  }
}

/** The document's contents after each of the writes, beginning with what it was before them. */
function statesAfter(before: readonly string[], writes: readonly Write[]): string[][] {
  const states = [[...before]]
  for (const { kind, records } of writes) {
    const added = records.map(label)
    if (kind === "delete") states.push([])
    else if (kind === "replace") states.push(added)
    else states.push([...(states.at(-1) ?? []), ...added])
  }
  return states
}

/** The writes of a round that the process may have called: those up to a few dozen after the last acknowledged. */
function writesOf(seed: number, acknowledged: ReadonlySet<number>): Write[] {
  const last = Math.max(0, ...acknowledged)
  const writes: Write[] = []
  for (const write of randomWrites(seed) as Iterable<Write>) {
    if (write.number > last + 100) break
    writes.push(write)
  }
  return writes
}
