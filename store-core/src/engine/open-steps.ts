/** Counts the steps of iterations that are under way, which `close` waits for. */
export class OpenSteps {
  private count = 0
  private readonly waiting: (() => void)[] = []

  begin(): void {
    this.count++
  }

  end(): void {
    this.count--
    if (this.count === 0) for (const tell of this.waiting.splice(0)) tell()
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.count > 0) await new Promise<void>(resolve => this.waiting.push(resolve))
  }
}
