/** What a store can do beyond the rules that hold everywhere. Where one is absent, the suite tests what is still promised. */
export interface StoreCapabilities {
  /**
   * What was acknowledged lasts as long as the place it was stored in: a file survives the process. A SQLite database in
   * memory is durable in this sense only for as long as its connection, or what was exported of it, lasts.
   */
  readonly durable: boolean
  /** Several Store instances may write the same data at the same time. */
  readonly multiWriter: boolean
}
