import { StoreError } from "../errors.js"
import type { DocId } from "../store.js"
import { compareUtf8 } from "../text.js"
import { nextTurn } from "./event-loop.js"
import type { LoadContext } from "./loads.js"
import type { PageSource } from "./paged-iterator.js"

/** How many ids a page of a listing has; at 1,024 bytes an id that is 1 MiB. */
const PAGE_IDS = 1000

/** One listing: ids in ascending order, each page after the last id of the one before. */
export class Listing implements PageSource<DocId> {
  private after: DocId | null = null
  private complete = false
  private readonly context: Omit<LoadContext, "guard" | "open">
  private readonly prefix: string

  constructor(context: Omit<LoadContext, "guard" | "open">, prefix: string) {
    this.context = context
    this.prefix = prefix
  }

  stopped(): Error | null {
    return this.context.closed()
  }

  // Stryker disable next-line BlockStatement: the next page, of which there is none, says so too
  reachesEnd(): boolean {
    return this.complete
  }

  async fetch(): Promise<readonly DocId[] | null> {
    if (this.complete) return null
    try {
      if (this.after === null) await this.context.scheduler.settled()
      // Stryker disable next-line ConditionalExpression: a turn too many only takes longer
      if (this.context.scheduler.stretch.isOverForPage()) await nextTurn()
      const { backend, retry } = this.context
      const ids = await retry.call(() => backend.readIds(this.prefix, this.after, PAGE_IDS))
      const [first] = ids
      if (first !== undefined && this.after !== null && compareUtf8(first, this.after) <= 0)
        throw outOfOrder(backend.name)
      this.complete = ids.length < PAGE_IDS
      this.after = ids.at(-1) ?? this.after
      return ids
    } catch (error) {
      throw this.context.describe(error, undefined)
    }
  }

  release(): void {}
}

/** A damaged index may give the same ids again and again; the listing would never end. */
function outOfOrder(backend: string): StoreError {
  const message =
    "The database lists its ids out of order, so its index is damaged. Restore a backup or rebuild the index."
  return new StoreError("STORE_CORRUPT", message, { backend })
}
