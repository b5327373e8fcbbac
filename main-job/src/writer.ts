import type { Store } from "@holdfast/store-core"
import { oneLine } from "./errors.js"
import type { Input } from "./inputs.js"
import { findPlace } from "./open-store.js"
import { type Found, Typist } from "./typist.js"

/** From the parent: open the store and say what is there; then type up to these edit numbers; then close. */
export type Command =
  | { readonly kind: "open"; readonly spec: string; readonly inputs: readonly Input[] }
  | { readonly kind: "type"; readonly until: readonly number[] }
  | { readonly kind: "close" }

/** To the parent. `acknowledged` maps document numbers to how many of their edits are stored. */
export type Report =
  | { readonly kind: "found"; readonly found: readonly Found[] }
  | { readonly kind: "acknowledged"; readonly edits: ReadonlyMap<number, number> }
  | { readonly kind: "typed" }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly message: string }

/** The writing process: does what the parent says and ends when the parent does. */
export function runWriter(): void {
  const acknowledgements = new Acknowledgements()
  let store: Store | undefined
  let typist: Typist | undefined

  async function obey(command: Command): Promise<void> {
    switch (command.kind) {
      case "open":
        store = await findPlace(command.spec)?.open()
        if (store === undefined) throw new Error(`cannot open ${command.spec}`)
        typist = await Typist.open(store, command.inputs)
        return send({ kind: "found", found: typist.found })
      case "type":
        await typist?.type(command.until, (index, edits) => acknowledgements.add(index, edits))
        acknowledgements.send()
        return send({ kind: "typed" })
      case "close":
        await store?.close()
        return send({ kind: "closed" })
    }
  }

  process.on("message", (command: Command) => {
    obey(command).catch(error => send({ kind: "failed", message: oneLine(error) }))
  })
  // Without a parent nobody would ever end this process.
  process.on("disconnect", () => process.exit())
  // A Ctrl-C in a terminal goes to both processes; the parent decides, and takes this one with it.
  process.on("SIGINT", () => {})
}

/** Collects what one commit has acknowledged into one message. */
class Acknowledgements {
  #edits = new Map<number, number>()

  /**
   * Called once the store has acknowledged, never before: what is sent here is held against the store later. Sent as
   * soon as all promises of the commit have run, so that the parent knows of it before the next commit begins.
   */
  add(index: number, edits: number): void {
    if (this.#edits.size === 0) queueMicrotask(() => this.send())
    this.#edits.set(index, edits)
  }

  send(): void {
    if (this.#edits.size === 0) return
    send({ kind: "acknowledged", edits: this.#edits })
    this.#edits = new Map()
  }
}

function send(report: Report): void {
  // The parent may be gone; then "disconnect" ends this process, and there is nobody to tell about the failure.
  process.send?.(report, undefined, undefined, () => {})
}
