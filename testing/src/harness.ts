import type { Store } from "@holdfast/store-core"

/** Makes one place of data, empty and shared with no other case. Called once per case, and more often by some. */
export type StoreFactory = () => Subject | Store | Promise<Subject | Store>

/**
 * A store under test on a place of data of its own, and what else can be done with that place. Only `store` is needed;
 * cases that require a part that is missing are reported as not run, with the part's name.
 */
export interface Subject {
  readonly store: Store

  /** Opens a Store on the same data after the ones before were closed or abandoned, as after a restart of the process. */
  reopen?(): Store | Promise<Store>

  /** Opens another Store on the same data while the first stays open: another connection, instance or process. */
  second?(): Store | Promise<Store>

  /** Opens a Store in the same database under other table names (or whatever keeps two stores apart there). */
  isolated?(): Store | Promise<Store>

  /** Opens a Store with these options on fresh data. For stores made of the engine of `@holdfast/store-core`. */
  configured?(options: SubjectOptions): Store | Promise<Store>

  /** Makes the store's calls to what is underneath it fail. */
  readonly fault?: FaultSeam

  /** Makes the next read of the document find nonsense in place of one of its records: a wrong kind, a missing row. */
  corrupt?(docId: string): void | Promise<void>

  /** Counts the commits made so far. */
  commits?(): number

  /** Releases the place: called after the case, whatever happened, with stores possibly still open. */
  dispose?(): void | Promise<void>
}

/** The options every store of the engine has; see `EngineOptions` in `@holdfast/store-core`. */
export interface SubjectOptions {
  readonly readAhead?: number
  readonly loadGuard?: boolean
}

/** The parts a case may require. */
export type SubjectPart =
  | "reopen"
  | "second"
  | "isolated"
  | "configured"
  | "fault"
  | "corrupt"
  | "commits"
  | "durable"
  | "multiWriter"

/**
 * Where faults go in: every call the store makes to what is underneath (statement, step of an iteration, begin, commit,
 * file write) passes the seam. A synchronous seam throws, an asynchronous one rejects.
 */
export interface FaultSeam {
  /** The `call`-th call from now fails, once, with `error` (default: an `Error` the store cannot know). */
  arm(call: number, error?: Error): void
  /** Takes the fault back if it has not struck; says whether it has. */
  disarm(): boolean
}
