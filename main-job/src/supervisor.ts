import { setTimeout } from "node:timers/promises"
import { Editor } from "./editor.js"
import { finalText, textAfter } from "./edits.js"
import { JobError } from "./errors.js"
import type { Input } from "./inputs.js"
import { Ledger } from "./ledger.js"
import { startLocalWriter } from "./local-writer.js"
import type { Place } from "./open-store.js"
import type { Progress } from "./progress.js"
import type { Found } from "./typist.js"
import type { WriterHandle } from "./writer-handle.js"
import { startWriterProcess } from "./writer-process.js"

/** What the job did, for the table. */
export interface Result {
  readonly place: string
  readonly documents: number
  /** All edits of all documents. */
  readonly edits: number
  /** Those that were there before; the others were typed in `typingMs`. */
  readonly editsBefore: number
  readonly typingMs: number
  /** What happened in the middle; `null` when nothing was left to type. */
  readonly kill: Kill | null
  readonly reloadMs: number
  readonly bytesOnDisk: number | null
}

export interface Kill {
  /** Whether a process was killed, or only a store left without closing it. */
  readonly process: boolean
  /** Edits acknowledged until then, and edits found in the store after it; both of all documents together. */
  readonly acknowledged: number
  readonly found: number
}

/**
 * The writer that will be killed gets this much of what is to be typed: a small input would else be finished before
 * the signal arrives.
 */
const FIRST_PART = 0.75
/** It is killed somewhere in this part, so that runs differ in where they are cut … */
const KILL_BETWEEN = [0.4, 0.6] as const
/** … and up to this much later, in milliseconds: else it would always be hit just after an acknowledgement. */
const LATEST_KILL = 10

/**
 * The whole job: a first writer types until it is killed, a second one finds what was stored and finishes, then
 * everything is read again. Throws a `JobError` as soon as the store does not have what it should.
 */
export async function runJob(place: Place, inputs: readonly Input[], progress: Progress): Promise<Result> {
  const edits = inputs.reduce((sum, input) => sum + input.edits, 0)
  const ledger = new Ledger(inputs.length)
  const acknowledge = (index: number, count: number) => {
    ledger.set(index, count)
    progress.update(ledger.total)
  }
  const start = () =>
    place.shared ? startWriterProcess(place.spec, inputs, acknowledge) : startLocalWriter(place, inputs, acknowledge)

  let writer = await start()
  checkBefore(inputs, writer.found, place)
  enter(writer.found, ledger)
  const editsBefore = ledger.total
  progress.say(`Typing into ${place.name}`)
  let typingMs = 0
  let kill: Kill | null = null
  if (editsBefore < edits) {
    typingMs += await typeAndKill(writer, inputs, ledger, edits)
    const acknowledged = ledger.total
    writer = await start()
    checkAfterKill(inputs, writer.found, ledger)
    enter(writer.found, ledger)
    kill = { process: place.shared, acknowledged, found: ledger.total }
    const what = place.shared ? "Killed the writing process" : "Left the store without closing it"
    progress.say(`${what}; every acknowledged edit is there; going on`)
    typingMs += await timed(() => writer.type(inputs.map(input => input.edits)))
  }
  await writer.close()

  const reloadMs = await timed(() => checkReloaded(place, inputs))
  const bytesOnDisk = await place.bytesOnDisk()
  return { place: place.name, documents: inputs.length, edits, editsBefore, typingMs, kill, reloadMs, bytesOnDisk }
}

/** Lets the writer type and kills it while it does. */
async function typeAndKill(
  writer: WriterHandle,
  inputs: readonly Input[],
  ledger: Ledger,
  edits: number,
): Promise<number> {
  const [from, to] = KILL_BETWEEN
  const share = from + (to - from) * Math.random()
  const middle = ledger.reach(ledger.total + Math.ceil((edits - ledger.total) * share))
  const until = inputs.map((input, index) => {
    const before = ledger.of(index)
    return before + Math.ceil((input.edits - before) * FIRST_PART)
  })
  return timed(async () => {
    await Promise.race([middle, writer.type(until).then(() => middle)])
    await setTimeout(LATEST_KILL * Math.random())
    await writer.kill()
  })
}

/** Takes what a writer found as the state it goes on from. */
function enter(found: readonly Found[], ledger: Ledger): void {
  found.forEach(({ edits }, index) => {
    ledger.set(index, edits)
  })
}

/** A store may have an earlier state of these documents, and nothing else under their ids. */
function checkBefore(inputs: readonly Input[], found: readonly Found[], place: Place): void {
  inputs.forEach((input, index) => {
    if (!isStateOf(input, found[index])) {
      throw new JobError(`${input.docId} in ${place.name} is not an earlier state of this file; nothing was changed`)
    }
  })
}

/**
 * Each document has every acknowledged edit, and is exactly what it was after some edit: nothing torn, nothing mixed.
 */
function checkAfterKill(inputs: readonly Input[], found: readonly Found[], ledger: Ledger): void {
  inputs.forEach((input, index) => {
    const edits = found[index]?.edits ?? 0
    const acknowledged = ledger.of(index)
    if (edits < acknowledged) {
      throw new JobError(`${input.docId}: ${acknowledged} edits were acknowledged, ${edits} are there after the kill`)
    }
    if (!isStateOf(input, found[index])) {
      throw new JobError(`${input.docId}: the text after the kill is not what it was after edit ${edits}`)
    }
  })
}

function isStateOf({ edits, script }: Input, found: Found | undefined): boolean {
  return found !== undefined && found.edits <= edits && found.text === textAfter(script, found.edits)
}

/** Opens the place once more and reads everything. */
async function checkReloaded(place: Place, inputs: readonly Input[]): Promise<void> {
  const store = await place.open()
  try {
    for (const { docId, script } of inputs) {
      const { text } = await Editor.open(store, docId)
      if (text !== finalText(script)) throw new JobError(`${docId}: the text read back is not the text typed`)
    }
  } finally {
    await store.close()
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
