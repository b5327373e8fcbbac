/**
 * A text that is edited near where it was edited last, as people do: two stacks that meet at the cursor. Splicing one
 * string would copy all of it for each keystroke.
 *
 * Its units are whatever the caller counts in, code points or UTF-16 code units.
 */
export class TextBuffer {
  readonly #before: string[] = []
  /** What follows the cursor, last unit first. */
  readonly #after: string[] = []
  /** UTF-16 length of what is before the cursor, kept so that a position in code points converts without a scan. */
  #beforeLength = 0

  get length(): number {
    return this.#before.length + this.#after.length
  }

  /**
   * Removes `count` units at `position` and puts `units` there. Returns the place and size of the removed part in
   * UTF-16 code units. The caller has checked that the part exists.
   */
  splice(position: number, count: number, units: Iterable<string>): { index: number; deleted: number } {
    this.#moveTo(position)
    const index = this.#beforeLength
    let deleted = 0
    for (const unit of this.#after.splice(this.#after.length - count, count)) deleted += unit.length
    for (const unit of units) this.#push(unit)
    return { index, deleted }
  }

  toString(): string {
    return this.#before.join("") + this.#after.toReversed().join("")
  }

  #moveTo(position: number): void {
    while (this.#before.length > position) {
      const unit = this.#before.pop() ?? ""
      this.#beforeLength -= unit.length
      this.#after.push(unit)
    }
    while (this.#before.length < position) this.#push(this.#after.pop() ?? "")
  }

  #push(unit: string): void {
    this.#before.push(unit)
    this.#beforeLength += unit.length
  }
}
