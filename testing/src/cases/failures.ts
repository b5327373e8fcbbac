import type { Store } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok, rejects, storeError } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { untilNoFault } from "../fault.js"
import { entry, metaRecord } from "../fixtures.js"
import { callsWith, create, forEach, labels, META, names, started, untyped } from "./support.js"

/** A write of each kind to a document of `[META, "a"]`, and what the document is after it. */
const WRITES: readonly (readonly [string, (store: Store, docId: string) => Promise<void>, readonly string[]])[] = [
  ["append", (store, doc) => store.append(doc, entry("b")), [META, "a", "b"]],
  ["replace", (store, doc) => store.replace(doc, [metaRecord({ schemaHash: "two" }), entry("b")]), ["meta two", "b"]],
  ["delete", (store, doc) => store.delete(doc), []],
]

export const failureCases: readonly ConformanceCase[] = [
  {
    id: "failure-is-never-thrown",
    title: "no method throws synchronously, whatever it is given and whether or not the store is closed",
    rules: ["ORDER-5"],
    async run({ store }) {
      const settled: Promise<unknown>[] = []
      const call = (run: () => Promise<unknown>) => {
        let promise: Promise<unknown>
        try {
          promise = run()
        } catch (error) {
          throw new Error(`it threw instead of rejecting: ${String(error)}`, { cause: error })
        }
        settled.push(Promise.allSettled([promise]))
      }
      const values = [undefined, null, 1, "", "\0", "\ud800", "x".repeat(2000), Symbol("x"), {}, Object.create(null)]
      for (const when of ["open", "closed"]) {
        if (when === "closed") settled.push(store.close())
        for (const [i, value] of values.entries()) {
          const calls: (readonly [string, () => Promise<unknown>])[] = [
            ...callsWith(store, untyped(value)),
            ["append of it", () => store.append("doc", untyped(value))],
            ["replace by it", () => store.replace("doc", untyped(value))],
            ["replace by an array of it", () => store.replace("doc", [untyped(value)])],
            ["listDocIds", () => collect(store.listDocIds(untyped(value)))],
          ]
          await forEach(calls, async run => call(run)).catch((error: Error) => {
            throw new Error(`${when}, value ${i}, ${error.message}`, { cause: error })
          })
        }
      }
      await Promise.all(settled)
    },
  },
  {
    id: "failure-says-whether-stored",
    title: "a write that failed with the outcome none stored nothing, one with unknown all or nothing",
    rules: ["WRITE-3"],
    requires: ["fault"],
    async run({ store, parts }) {
      for (const [kind, write, after] of WRITES) {
        const doc = (call: number) => `${kind} ${call}`
        await create(store, doc(1), "a")
        await untilNoFault(
          parts.fault,
          call => write(store, doc(call)),
          async ({ call, struck, ...settled }) => {
            if (struck) await create(store, doc(call + 1), "a")
            if (settled.status === "fulfilled") return
            const stored = await labels(store, doc(call))
            const { outcome } = storeError(settled.reason)
            if (outcome === "none" || stored.join() !== after.join()) deepEqual(stored, [META, "a"], doc(call))
          },
        )
      }
    },
  },
  {
    id: "failure-is-over",
    title: "after a write that failed at its first call underneath, the same and other documents can be written",
    rules: ["WRITE-4"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await create(store, "other", "a")
      for (const [kind, write] of WRITES) {
        parts.fault.arm(1)
        await Promise.allSettled([write(store, "doc")])
        parts.fault.disarm()
        await store.append("other", entry(kind))
        await store.replace("doc", [metaRecord(), entry(kind)])
        await store.append("doc", entry("b"))
        deepEqual(await labels(store, "doc"), [META, kind, "b"], `after a failed ${kind}`)
      }
      deepEqual(await labels(store, "other"), [META, "a", "append", "replace", "delete"])
    },
  },
  {
    id: "failure-carries-its-cause",
    title: "an error that came from underneath is found among the causes of the one the caller gets",
    rules: ["ERROR-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      const fault = new Error("injected fault: the disk is on fire")
      const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
        ...WRITES.map(([kind, write]) => [kind, () => write(store, kind)] as const),
        ["currentMeta", () => store.currentMeta("append")],
        ["loadAll", () => labels(store, "replace")],
      ]
      for (const [kind] of WRITES) await create(store, kind, "a")
      await forEach(calls, async call => {
        parts.fault.arm(1, fault)
        const [settled] = await Promise.allSettled([call()])
        // A store may get over a fault, and then there is no error to look at.
        if (!parts.fault.disarm() || settled?.status !== "rejected") return
        const texts: string[] = []
        for (let error: unknown = settled.reason; error instanceof Error; error = error.cause) texts.push(error.message)
        ok(
          texts.slice(1).some(text => text.includes(fault.message)),
          `whether one of the causes is the fault: ${texts.slice(1).join(", ")}`,
        )
      })
    },
  },
  {
    id: "failure-of-a-load-is-not-its-end",
    title: "a load that failed rejects again when it is asked again, and never says that it has ended",
    rules: ["LOAD-3"],
    requires: ["fault"],
    async run({ store, parts }) {
      const texts = names("e", 7000)
      await store.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
      const iterator = await started(store.loadAll("doc"))
      parts.fault.arm(1)
      const read = async () => {
        for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
          // To the failure.
        }
      }
      const error = await rejects(read, ["STORE_BACKEND", "STORE_UNAVAILABLE", "STORE_CORRUPT"])
      equal(parts.fault.disarm(), true, "whether the store asked for more")
      for (let i = 0; i < 2; i++) await rejects(() => iterator.next(), error.code)
      deepEqual(await labels(store, "doc"), [META, ...texts])
    },
  },
]
