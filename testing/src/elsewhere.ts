/**
 * Rules that no case can test on a `Store` alone, and the tests of the packages that hold them instead: the file, from the
 * root of the repository, and the title as it stands there. A rule that gets a case has to leave this list;
 * `npm run check:spec` looks at both.
 */
export const elsewhere: Readonly<Record<string, readonly { readonly file: string; readonly title: string }[]>> = {
  "CLOSE-5": [{ file: "sqlite-store/test/lent.test.ts", title: "the connection given to a store over %s (CLOSE-5)" }],
  "OBSERVE-1": [{ file: "store-core/test/observe.test.ts", title: "OBSERVE-1 one event for every call" }],
  "OBSERVE-2": [{ file: "store-core/test/observe.test.ts", title: "OBSERVE-2 what an event measures" }],
  "OBSERVE-3": [
    { file: "store-core/test/observe.test.ts", title: "OBSERVE-3 the numbers of the memory store" },
    { file: "sqlite-store/test/observe.test.ts", title: "OBSERVE-3 the numbers of stored rows, over %s" },
    { file: "postgres-store/test/observe.test.ts", title: "OBSERVE-3 the numbers of stored rows, on %s" },
    { file: "prisma-store/test/observe.test.ts", title: "OBSERVE-3 the numbers of stored rows, on %s" },
  ],
  "OBSERVE-4": [
    { file: "store-core/test/observe.test.ts", title: "OBSERVE-4 what the observer does is nobody else's concern" },
    { file: "sqlite-store/test/observe.test.ts", title: "OBSERVE-4 an observer may call the store and transact" },
  ],
  "OBSERVE-5": [{ file: "store-core/test/observe.test.ts", title: "OBSERVE-5 without the option" }],
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
