/**
 * Rules that no case can test on a `Store` alone, and the tests of the packages that hold them instead: the file, from the
 * root of the repository, and the title as it stands there. A rule that gets a case has to leave this list;
 * `npm run check:spec` looks at both.
 */
export const elsewhere: Readonly<Record<string, readonly { readonly file: string; readonly title: string }[]>> = {
  "CLOSE-5": [{ file: "sqlite-store/test/lent.test.ts", title: "the connection given to a store over %s (CLOSE-5)" }],
  "OPEN-1": [{ file: "sql-store-core/test/format-gate.test.ts", title: "what is opened or created (OPEN-1)" }],
  "OPEN-2": [{ file: "sql-store-core/test/format-gate.test.ts", title: "what is refused, saying why (OPEN-2)" }],
  "OPEN-3": [
    { file: "sql-store-core/test/table-names.test.ts", title: "unknown options name the right spelling (OPEN-3)" },
  ],
  "SHARE-4": [
    { file: "sqlite-store/test/conditions.test.ts", title: "inside a transaction of the host (SHARE-4)" },
    {
      file: "sqlite-store/test/transact.test.ts",
      title: "is refused inside a transaction of the host, which is left as it is (SHARE-4)",
    },
  ],
}
