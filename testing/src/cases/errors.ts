import type { Store, StoreErrorCode } from "@holdfast/store-core"
import { collect, equal, ok, rejects } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import { create, forEach, labels, untyped } from "./support.js"

const DOC = "rooms/42"
const { syncMode } = meta()

/** Calls on an existing document that are refused, by what is wrong with them. */
const REFUSALS: readonly (readonly [string, { code: StoreErrorCode; call: (store: Store) => Promise<unknown> }])[] = [
  ["invalid record", { code: "STORE_INVALID_RECORD", call: store => store.append(DOC, untyped({ kind: "x" })) }],
  ["invalid batch", { code: "STORE_INVALID_RECORD", call: store => store.replace(DOC, untyped(null)) }],
  [
    "too large",
    { code: "STORE_RECORD_TOO_LARGE", call: store => store.append(DOC, entry("x", { lineage: "l".repeat(70_000) })) },
  ],
  ["empty batch", { code: "STORE_META_MISSING", call: store => store.replace(DOC, []) }],
  [
    "entry without meta",
    { code: "STORE_META_MISSING", call: store => store.delete(DOC).then(() => store.append(DOC, entry("x"))) },
  ],
  [
    "another identity",
    { code: "STORE_META_MISMATCH", call: store => store.append(DOC, metaRecord({ replicaType: ["text", 2, 0] })) },
  ],
  [
    "another sync mode",
    {
      code: "STORE_META_MISMATCH",
      call: store => store.replace(DOC, [metaRecord({ syncMode: { ...syncMode, delivery: "snapshot-only" } })]),
    },
  ],
]

export const errorCases: readonly ConformanceCase[] = [
  {
    id: "error-shape",
    title: "a refused call rejects with a whole StoreError: code, backend, document, retryable and outcome",
    rules: ["ERROR-1"],
    async run({ store }) {
      const backends = new Set<string>()
      await forEach(REFUSALS, async ({ code, call }) => {
        await create(store, DOC, "a")
        const error = await rejects(() => call(store), code, { docId: DOC, outcome: "none", retryable: false })
        ok(error instanceof Error && typeof error.stack === "string", "it is an Error with a stack")
        backends.add(error.backend)
        await store.delete(DOC)
      })
      equal(backends.size, 1, "number of backends the errors name")
    },
  },
  {
    id: "error-names-document-and-remedy",
    title: "the message of a refused call names the document and says more than the code",
    rules: ["ERROR-2"],
    async run({ store }) {
      await forEach(REFUSALS, async ({ code, call }) => {
        await create(store, DOC, "a")
        const { message } = await rejects(() => call(store), code, { messageIncludes: DOC })
        ok(message.replace(DOC, "").length >= 30, `the message says what is wrong and what to do: ${message}`)
        await store.delete(DOC)
      })
    },
  },
  {
    id: "error-of-invalid-ids",
    title: "an invalid id or prefix rejects with a whole StoreError that says so, however long the id",
    rules: ["ERROR-1"],
    async run({ store }) {
      for (const id of ["", "\0", "\ud800", "x".repeat(5_000_000), null, 1, Symbol("id"), Object.create(null)]) {
        const doc = untyped<string>(id)
        const calls = [
          () => store.append(doc, metaRecord()),
          () => collect(store.loadAll(doc)),
          () => store.delete(doc),
        ]
        for (const call of calls) {
          const error = await rejects(call, "STORE_INVALID_DOC_ID", { outcome: "none", retryable: false })
          ok(error.message.length < 2000, "the message is short")
        }
        if (id !== "") await rejects(() => collect(store.listDocIds(doc)), "STORE_INVALID_DOC_ID", { outcome: "none" })
      }
    },
  },
  {
    id: "error-of-closed-store",
    title: "a closed store's error says so and that nothing was stored",
    rules: ["ERROR-1"],
    async run({ store }) {
      await create(store, DOC)
      await store.close()
      await rejects(store.append(DOC, entry("x")), "STORE_CLOSED", { outcome: "none", retryable: false })
      await rejects(labels(store, DOC), "STORE_CLOSED", { outcome: "none", retryable: false })
      await rejects(() => collect(store.listDocIds()), "STORE_CLOSED", { outcome: "none", retryable: false })
    },
  },
  {
    id: "error-names-strange-documents",
    title: "an error about a document with a strange or long id carries the id whole and keeps its message short",
    rules: ["ERROR-2"],
    async run({ store }) {
      for (const id of ["a\nb", "\u202eabc", "\u{1f600}", '"quoted"', "x".repeat(1024), "%s %d"]) {
        const { message } = await rejects(store.append(id, entry("x")), "STORE_META_MISSING", { docId: id })
        ok(message.length < 1500, `the message is short: ${message.length}`)
        ok(!message.includes("\n"), "the message is one line")
      }
    },
  },
]
