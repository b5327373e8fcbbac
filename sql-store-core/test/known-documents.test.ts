import { expect, test } from "vitest"
import { KnownDocuments } from "../src/known-documents.js"

test("what was set is there until it is deleted", () => {
  const known = new KnownDocuments<number>()
  known.set("a", 1)
  known.set("a", 2)
  expect(known.get("a")).toBe(2)
  known.delete("a")
  expect(known.get("a")).toBeUndefined()
})

test("the documents that came first are forgotten first", () => {
  const known = new KnownDocuments<number>(2)
  for (const [at, docId] of ["a", "b", "a", "c"].entries()) known.set(docId, at)
  expect(["a", "b", "c"].map(docId => known.get(docId))).toEqual([undefined, 1, 3])
})

test("some 20,000 documents are kept when nothing else is said", () => {
  const known = new KnownDocuments<number>()
  for (let i = 0; i <= 20_000; i++) known.set(String(i), i)
  expect([known.get("0"), known.get("1")]).toEqual([undefined, 1])
})
