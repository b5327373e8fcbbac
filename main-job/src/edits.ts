import { TextBuffer } from "./text-buffer.js"
import type { Trace } from "./trace.js"

/** One keystroke, counted in UTF-16 code units as Yjs does: delete, then insert, at one place. */
export interface Edit {
  readonly index: number
  readonly deleted: number
  readonly inserted: string
}

/**
 * How a document comes to be: typed from a text, or replayed from a recording. The same script gives the same edits.
 */
export type Script =
  | { readonly kind: "typed"; readonly text: string }
  | { readonly kind: "recorded"; readonly trace: Trace }

/** Every so many characters somebody hits the wrong key, notices and corrects it. */
const TYPO_EVERY = 50
const WRONG_KEYS = "etaoin"

/** The edits of a script, in order; made one at a time because a text has more edits than characters. */
export function editsOf(script: Script): Generator<Edit> {
  return script.kind === "typed" ? typing(script.text) : replay(script.trace)
}

/** What the document says after the first `count` edits. */
export function textAfter(script: Script, count: number): string {
  const buffer = new TextBuffer()
  let done = 0
  for (const { index, deleted, inserted } of editsOf(script)) {
    if (done === count) break
    buffer.splice(index, deleted, inserted.split(""))
    done += 1
  }
  return buffer.toString()
}

/** What the document says in the end. */
export function finalText(script: Script): string {
  return script.kind === "typed" ? script.text : script.trace.end
}

export function countEdits(script: Script): number {
  let count = 0
  for (const _ of editsOf(script)) count += 1
  return count
}

function* typing(text: string): Generator<Edit> {
  let index = 0
  let typed = 0
  // Iterating a string goes by code points: no edit leaves half of a surrogate pair behind, which Yjs could not store.
  for (const point of text) {
    typed += 1
    if (typed % TYPO_EVERY === 0) {
      yield { index, deleted: 0, inserted: WRONG_KEYS.charAt((typed / TYPO_EVERY) % WRONG_KEYS.length) }
      yield { index, deleted: 1, inserted: "" }
    }
    yield { index, deleted: 0, inserted: point }
    index += point.length
  }
}

/** Throws a `RangeError` for a patch outside the text. */
function* replay({ start, patches }: Trace): Generator<Edit> {
  const buffer = new TextBuffer()
  buffer.splice(0, 0, start)
  if (start !== "") yield { index: 0, deleted: 0, inserted: start }
  for (const [position, count, inserted] of patches) {
    if (position + count > buffer.length)
      throw new RangeError(`a patch at ${position} reaches beyond the end of the text`)
    const { index, deleted } = buffer.splice(position, count, inserted)
    // Yjs makes no update of a change that changes nothing, so it could not be counted or stored.
    if (deleted > 0 || inserted !== "") yield { index, deleted, inserted }
  }
}
