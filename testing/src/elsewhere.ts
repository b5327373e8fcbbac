/** Where a rule is tested that no case can test on a `Store` alone. */
export interface ElsewhereTest {
  /** From the root of the repository. */
  readonly file: string
  /** As it stands in the file. */
  readonly title: string
}

/**
 * Rules without a case, and the tests of the packages that hold them instead. A rule that gets a case has to leave this
 * list; `npm run check:spec` looks at both.
 */
export const elsewhere: Readonly<Record<string, readonly ElsewhereTest[]>> = {}
