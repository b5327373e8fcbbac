import { isStoreError, type StoreError } from "@holdfast/store-core"

/**
 * Answers items, in their order; an error is the answer to one of them, and so is a promise, for which the others do not wait.
 *
 * @param answered To be called when the database has answered and what it brought is still to be taken apart: meanwhile it can
 * work on the next batch.
 */
type Read<Item, Result> = (
  items: readonly Item[],
  answered: () => void,
) => Promise<readonly (Result | StoreError | Promise<Result>)[]>

/**
 * Lets calls share round trips: what is called in one tick, or while enough batches are under way, goes into the next
 * batch. A full one does not wait for the end of the tick.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = []
  private running = 0
  private scheduled = false
  private readonly read: Read<Item, Result>
  private readonly most: number
  private readonly atOnce: number

  /**
   * @param most How many items a batch has at most.
   * @param atOnce How many batches wait for the database at once.
   */
  constructor(read: Read<Item, Result>, most: number, atOnce: number) {
    this.read = read
    this.most = most
    this.atOnce = atOnce
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject })
      if (this.waiting.length >= this.most) this.start()
      else this.startSoon()
    })
  }

  private startSoon(): void {
    if (this.scheduled || this.running >= this.atOnce) return
    this.scheduled = true
    soon(() => {
      this.scheduled = false
      this.start()
    })
  }

  private start(): void {
    while (this.running < this.atOnce && this.waiting.length > 0) void this.run(this.waiting.splice(0, this.most))
  }

  private async run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.running++
    let isAnswered = false
    const answered = () => {
      if (isAnswered) return
      isAnswered = true
      this.running--
      this.start()
    }
    try {
      const results = await this.read(
        batch.map(({ item }) => item),
        answered,
      )
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i] as Result | StoreError | Promise<Result>
        if (isStoreError(result)) reject(result)
        else resolve(result)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      answered()
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
  readonly resolve: (result: Result | Promise<Result>) => void
  readonly reject: (error: unknown) => void
}
