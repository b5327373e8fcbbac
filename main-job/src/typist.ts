import type { Store } from "@holdfast/store-core"
import { Editor } from "./editor.js"
import { editsOf } from "./edits.js"
import type { Input } from "./inputs.js"

/** What a document was when its store had just been opened. */
export interface Found {
  readonly edits: number
  readonly text: string
}

/** Reports that the first `edits` edits of document number `index` are stored. */
export type Acknowledge = (index: number, edits: number) => void

/** Edits of one document that may be on their way to the store at a time. */
const IN_FLIGHT = 64

/** Types all documents at once, each as fast as the store acknowledges. */
export class Typist {
  readonly found: readonly Found[]
  readonly #inputs: readonly Input[]
  readonly #editors: readonly Editor[]

  private constructor(inputs: readonly Input[], editors: readonly Editor[]) {
    this.#inputs = inputs
    this.#editors = editors
    this.found = editors.map(({ edits, text }) => ({ edits, text }))
  }

  /** Reads what the store has of the documents; writes nothing. */
  static async open(store: Store, inputs: readonly Input[]): Promise<Typist> {
    return new Typist(inputs, await Promise.all(inputs.map(input => Editor.open(store, input.docId))))
  }

  /**
   * Goes on typing each document up to its number in `until`, and resolves when all of that is stored. When `stop` is
   * aborted no further edit is made; those in flight are still waited for.
   */
  async type(until: readonly number[], acknowledge: Acknowledge, stop?: AbortSignal): Promise<void> {
    await Promise.all(
      this.#editors.map((editor, index) => {
        const input = this.#inputs[index]
        if (input === undefined) return undefined
        return typeOne(editor, input, until[index] ?? input.edits, edits => acknowledge(index, edits), stop)
      }),
    )
  }
}

async function typeOne(
  editor: Editor,
  input: Input,
  until: number,
  acknowledge: (edits: number) => void,
  stop: AbortSignal | undefined,
): Promise<void> {
  const alreadyThere = editor.edits
  const inFlight = new Set<Promise<void>>()
  let number = 0
  for (const edit of editsOf(input.script)) {
    number += 1
    if (number <= alreadyThere) continue
    if (number > until || stop?.aborted) break
    const edits = number
    const stored = editor.apply(edit).then(() => {
      // A failed edit stays in the set, so that waiting for the set throws it.
      inFlight.delete(stored)
      acknowledge(edits)
    })
    // It may be waited for much later; until then a failure must not count as unhandled.
    stored.catch(() => {})
    inFlight.add(stored)
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
}
