/** How many edits of each document the store has acknowledged. */
export class Ledger {
  readonly #edits: number[]
  #total = 0
  #threshold = Number.POSITIVE_INFINITY
  #reached: () => void = () => {}

  constructor(documents: number) {
    this.#edits = new Array<number>(documents).fill(0)
  }

  /** Of all documents together. */
  get total(): number {
    return this.#total
  }

  of(index: number): number {
    return this.#edits[index] ?? 0
  }

  /** The first `edits` edits of document number `index` are stored. */
  set(index: number, edits: number): void {
    this.#total += edits - this.of(index)
    this.#edits[index] = edits
    if (this.#total >= this.#threshold) this.#reached()
  }

  /** Resolves once the total is at least this. */
  reach(total: number): Promise<void> {
    return new Promise(resolve => {
      this.#threshold = total
      this.#reached = resolve
    })
  }
}
