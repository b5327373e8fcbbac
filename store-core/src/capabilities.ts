/** What a store can do beyond the rules that hold everywhere. Where one is absent, the suite tests what is still promised. */
export interface StoreCapabilities {
  /** What was acknowledged survives the process. */
  readonly durable: boolean
  /** Several Store instances may write the same data at the same time. */
  readonly multiWriter: boolean
}
