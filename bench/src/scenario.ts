/** One thing that is measured, side by side for several drivers. */
export interface Scenario {
  /** For `--only` and the results. */
  readonly name: string
  readonly title: string
  /** Of the values of a trial. */
  readonly unit: string
  /** Whether a greater value is better. */
  readonly better: "more" | "less"
  /** The names of the drivers, the limit to hold Holdfast against among them. */
  readonly drivers: readonly string[]
  /**
   * Makes what the trials of these drivers share, such as a filled database or a server; `shared` is an empty directory
   * for it. `--check` leaves out the drivers that no target names.
   */
  readonly prepare?: (shared: string, drivers: readonly string[]) => Promise<void>
  /** Stops what `prepare` has started. Called after the last trial, also when one failed. */
  readonly cleanUp?: () => Promise<void>
  /** Does the work with one driver in a fresh process. */
  readonly trial: (driver: string, place: Place) => Promise<TrialResult>
  readonly targets?: readonly Target[]
  /** Whether it works on recorded editing sessions; without `--trace` it is left out. */
  readonly needsTraces?: boolean
  /** How many trials each driver gets; the settings of the run when absent. */
  readonly repetitions?: number
  /** So many trials at least for the drivers of the targets, where trials are short and the target is near. */
  readonly minRepetitions?: number
  /**
   * Whether the trials of a repetition take turns of half a second, behind a time that `rate` does not measure, so that what else
   * the machine does for seconds strikes all of them alike. For round trips that `rate` repeats: between its turns a process
   * collects its garbage, which then goes unmeasured.
   */
  readonly inTurns?: boolean
  /** What the figures depend on, for the results: sizes, counts, durability. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** A value, or several by name; these are reported as drivers of their own, `driver: name`. */
export type TrialResult = number | Readonly<Record<string, number>>

export interface Place {
  /** An empty directory of the trial's own. */
  readonly directory: string
  /** What `prepare` has filled. Other trials use it too. */
  readonly shared: string
  /** Different in each repetition and the same for every driver in it. */
  readonly seed: number
  /** `--trace`: files with recorded editing sessions. */
  readonly traces: readonly string[]
}

/** What the median of `driver` has to keep: absolute, or divided by that of the best driver in `against`. */
export interface Target {
  readonly driver: string
  readonly against?: readonly string[]
  readonly atLeast?: number
  readonly atMost?: number
}

/** The drivers of the scenario that its targets name; a target may name one of several values of a driver. */
export function targetDrivers({ drivers, targets = [] }: Pick<Scenario, "drivers" | "targets">): string[] {
  const named = targets.flatMap(({ driver, against }) => [driver, ...(against ?? [])])
  return drivers.filter(driver => named.some(name => name === driver || name.startsWith(`${driver}: `)))
}
