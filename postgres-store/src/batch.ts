import { isStoreError, type StoreError } from "@holdfast/store-core"

/**
 * Lets calls share round trips: what is called in one tick, or while enough batches are under way, goes into the next
 * batch.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = []
  private running = 0
  private scheduled = false
  private readonly read: (items: readonly Item[]) => Promise<readonly (Result | StoreError)[]>
  private readonly most: number
  private readonly atOnce: number

  /**
   * @param read Answers a batch, in its order; an error is the answer to one item.
   * @param most How many items a batch has at most.
   * @param atOnce How many batches are under way at once.
   */
  constructor(
    read: (items: readonly Item[]) => Promise<readonly (Result | StoreError)[]>,
    most: number,
    atOnce: number,
  ) {
    this.read = read
    this.most = most
    this.atOnce = atOnce
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.scheduled || this.running >= this.atOnce || this.waiting.length === 0) return
    this.scheduled = true
    soon(() => {
      this.scheduled = false
      while (this.running < this.atOnce && this.waiting.length > 0) void this.run(this.waiting.splice(0, this.most))
    })
  }

  private async run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.running++
    try {
      const results = await this.read(batch.map(({ item }) => item))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i] as Result | StoreError
        if (isStoreError(result)) reject(result)
        else resolve(result)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.running--
      this.schedule()
    }
  }
}

/**
 * After the turn of the event loop: calls that the engine spreads over callbacks of one turn are then in one batch also
 * when the database answers without leaving the process.
 */
export const soon: (run: () => void) => unknown =
  (globalThis as { setImmediate?: (run: () => void) => unknown }).setImmediate ?? queueMicrotask

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}
