import type { Store } from "@holdfast/store-core"
import { collect, deepEqual, equal, ok, rejects, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { entry, meta, metaRecord } from "../fixtures.js"
import type { FaultSeam } from "../harness.js"
import { create, labels, META, names, outcomes, rest, started } from "./support.js"

/** Makes a read fail in the store: at the first call underneath, or at the first that the store does not get over. */
async function failRead(fault: FaultSeam, read: () => Promise<unknown>): Promise<void> {
  for (let call = 1; call <= 100; call++) {
    fault.arm(call)
    const failed = await read().then(
      () => false,
      () => true,
    )
    ok(fault.disarm(), `a fault at call ${call} strikes the read`)
    if (failed) return
  }
  throw new Error("no fault makes the read fail")
}

const failLoad = (store: Store, fault: FaultSeam, doc: string) => failRead(fault, () => collect(store.loadAll(doc)))

async function checkGuarded(store: Store, doc: string): Promise<void> {
  const expected = { docId: doc, outcome: "none" } as const
  await rejects(store.append(doc, entry("guarded")), "STORE_LOAD_FAILED", expected)
  await rejects(store.append(doc, metaRecord({ schemaHash: "guarded" })), "STORE_LOAD_FAILED", expected)
  await rejects(store.replace(doc, [metaRecord()]), "STORE_LOAD_FAILED", expected)
}

async function checkFree(store: Store, doc: string): Promise<void> {
  await store.append(doc, entry("free"))
  equal((await labels(store, doc)).at(-1), "free", "the last record")
  await store.replace(doc, [metaRecord(), entry("free")])
  deepEqual(await labels(store, doc), [META, "free"])
}

export const guardCases: readonly ConformanceCase[] = [
  {
    id: "guard-after-failed-load",
    title: "after a load failed in the store, appends and replaces of the document reject and store nothing",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await failLoad(store, parts.fault, "doc")
      await checkGuarded(store, "doc")
      await checkGuarded(store, "doc")
      deepEqual(await labels(store, "doc"), [META, "a"])
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-after-failed-current-meta",
    title: "after currentMeta failed in the store, appends and replaces of the document reject",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await failRead(parts.fault, () => store.currentMeta("doc"))
      await checkGuarded(store, "doc")
      deepEqual(await labels(store, "doc"), [META, "a"])
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-before-creation",
    title:
      "a failed load of a document that does not exist guards it too, until a load has shown that it does not exist",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await failLoad(store, parts.fault, "doc")
      await rejects(store.append("doc", metaRecord()), "STORE_LOAD_FAILED", { docId: "doc" })
      await rejects(store.replace("doc", [metaRecord()]), "STORE_LOAD_FAILED", { docId: "doc" })
      deepEqual(await labels(store, "doc"), [])
      await create(store, "doc", "a")
    },
  },
  {
    id: "guard-after-failure-in-the-middle",
    title: "a load that failed behind its first page sets the guard, in whichever call it failed",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      const texts = names("e", 7000)
      await store.replace("doc", [metaRecord(), ...texts.map(text => entry(text))])
      const iterator = await started(store.loadAll("doc"))
      await failRead(parts.fault, async () => {
        for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
          // To the end or to the failure.
        }
      })
      await checkGuarded(store, "doc")
      deepEqual(await labels(store, "doc"), [META, ...texts])
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-lifted-by-a-whole-load-only",
    title: "only a load that has completed lifts the guard: not one that was left, nor a currentMeta",
    rules: ["GUARD-2"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a", "b")
      await failLoad(store, parts.fault, "doc")
      deepEqual(await store.currentMeta("doc"), meta())
      await checkGuarded(store, "doc")
      for await (const _ of store.loadAll("doc")) break
      await checkGuarded(store, "doc")
      await started(store.loadAll("doc"))
      await checkGuarded(store, "doc")
      await collect(store.loadAll("doc"))
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-lifted-by-delete",
    title: "a guarded document can be deleted, and that lifts the guard",
    rules: ["GUARD-2"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await failLoad(store, parts.fault, "doc")
      await Promise.all([store.delete("doc"), store.append("doc", metaRecord()), store.append("doc", entry("b"))])
      deepEqual(await labels(store, "doc"), [META, "b"])
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-is-per-document",
    title: "a guarded document holds up no other one, and refused calls disturb none in the same tick",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await Promise.all([create(store, "doc", "a"), create(store, "other", "b")])
      await failLoad(store, parts.fault, "doc")
      const codes = await outcomes([
        store.append("other", entry("c")),
        store.append("doc", entry("x")),
        store.append("other", entry("d")),
        store.replace("doc", [metaRecord()]),
        store.append("third", metaRecord()),
        collect(store.listDocIds()),
        store.currentMeta("doc"),
      ])
      deepEqual(codes, ["ok", "STORE_LOAD_FAILED", "ok", "STORE_LOAD_FAILED", "ok", "ok", "ok"])
      deepEqual(await labels(store, "other"), [META, "b", "c", "d"])
      deepEqual(await labels(store, "doc"), [META, "a"])
    },
  },
  {
    id: "guard-refuses-whole-ticks",
    title: "guarded calls made in one tick are all refused, each on its own, and hold up nothing after them",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await failLoad(store, parts.fault, "doc")
      const calls = names("e", 20).map(text => store.append("doc", entry(text)))
      calls.push(store.replace("doc", [metaRecord()]), store.append("other", metaRecord()))
      const refused = Array<string>(21).fill("STORE_LOAD_FAILED")
      deepEqual(await within(outcomes(calls), 20_000, "guarded calls"), [...refused, "ok"])
      const mixed = [store.append("doc", entry("b")), labels(store, "doc")]
      const behind = await within(outcomes(mixed), 20_000, "a load behind a guarded call")
      deepEqual(behind, ["STORE_LOAD_FAILED", "ok"])
      await store.append("doc", entry("d"))
      await within(store.close(), 20_000, "close")
    },
  },
  {
    id: "guard-not-set-by-own-removal",
    title: "a load the store's own replace overtook sets no guard, also when another replace was refused meanwhile",
    rules: ["GUARD-3"],
    requires: ["configured"],
    async run({ parts }) {
      const store = await parts.configured({ readAhead: 0 })
      await store.replace("doc", [metaRecord(), ...names("e", 10_000).map(text => entry(text))])
      const load = await started(store.loadAll("doc"))
      await store.replace("doc", [metaRecord(), entry("new")])
      await rejects(store.replace("doc", [metaRecord({ replicaType: ["other", 1, 0] })]), "STORE_META_MISMATCH")
      const [code] = await outcomes([rest(load)])
      ok(code === "ok" || code === "STORE_LOAD_SUPERSEDED", `${code} is what may become of the load`)
      await store.append("doc", entry("more"))
      deepEqual(await labels(store, "doc"), [META, "new", "more"])
      await store.close()
    },
  },
  {
    id: "guard-is-per-store",
    title: "a load that failed in one store does not guard the document in another",
    rules: ["GUARD-1"],
    requires: ["fault", "second"],
    async run({ store, parts }) {
      const second = await parts.second()
      await create(store, "doc", "a")
      await failLoad(store, parts.fault, "doc")
      await second.append("doc", entry("b"))
      await checkGuarded(store, "doc")
      deepEqual(await labels(store, "doc"), [META, "a", "b"])
    },
  },
  {
    id: "guard-corrupt",
    title: "a document whose stored records make no sense fails to load, refuses appends, and a replace repairs it",
    rules: ["GUARD-1", "GUARD-2"],
    requires: ["corrupt"],
    async run({ store, parts }) {
      await create(store, "doc", ...names("e", 10))
      await create(store, "other", "a")
      await parts.corrupt("doc")
      await rejects(() => collect(store.loadAll("doc")), "STORE_CORRUPT", { docId: "doc", messageIncludes: "doc" })
      await rejects(store.append("doc", entry("x")), "STORE_LOAD_FAILED", { docId: "doc", outcome: "none" })
      await store.append("other", entry("b"))
      await store.replace("doc", [metaRecord(), entry("repaired")])
      await store.append("doc", entry("more"))
      deepEqual(await labels(store, "doc"), [META, "repaired", "more"])
      deepEqual(await labels(store, "other"), [META, "a", "b"])
    },
  },
  {
    id: "guard-corrupt-delete",
    title: "a document whose stored records make no sense can be deleted and created again",
    rules: ["GUARD-2"],
    requires: ["corrupt"],
    async run({ store, parts }) {
      await create(store, "doc", ...names("e", 10))
      await parts.corrupt("doc")
      await rejects(() => collect(store.loadAll("doc")), "STORE_CORRUPT", { docId: "doc" })
      await store.delete("doc")
      await create(store, "doc", "b")
      deepEqual(await labels(store, "doc"), [META, "b"])
    },
  },
  {
    id: "guard-not-set-by-the-consumer",
    title: "breaking off a load, throwing in its loop or asking for an invalid id does not set the guard",
    rules: ["GUARD-3"],
    async run({ store }) {
      await create(store, "doc", "a", "b")
      for await (const _ of store.loadAll("doc")) break
      const thrown = async () => {
        for await (const record of store.loadAll("doc")) throw new Error(record.kind)
      }
      equal(await thrown().catch((error: Error) => error.message), "meta", "what the loop threw")
      await (await started(store.loadAll("doc"))).return?.()
      await started(store.loadAll("doc"))
      await rejects(() => collect(store.loadAll("\0")), "STORE_INVALID_DOC_ID")
      await rejects(() => store.currentMeta(""), "STORE_INVALID_DOC_ID")
      await checkFree(store, "doc")
    },
  },
  {
    id: "guard-not-set-by-failed-writes",
    title: "writes and listings that failed do not set the guard",
    rules: ["GUARD-1"],
    requires: ["fault"],
    async run({ store, parts }) {
      await create(store, "doc", "a")
      await rejects(store.append("doc", metaRecord({ replicaType: ["other", 1, 0] })), "STORE_META_MISMATCH")
      await rejects(store.append("new", entry("x")), "STORE_META_MISSING")
      await failRead(parts.fault, () => collect(store.listDocIds()))
      await failRead(parts.fault, () => store.append("doc", entry("b")))
      await store.append("doc", entry("c"))
      await create(store, "new")
      equal((await labels(store, "doc")).at(-1), "c", "the last record")
    },
  },
  {
    id: "guard-off",
    title: "with loadGuard false a failed load or currentMeta refuses nothing",
    rules: ["GUARD-4"],
    requires: ["configured", "fault"],
    async run({ parts }) {
      const store = await parts.configured({ loadGuard: false })
      await create(store, "doc", "a")
      await failLoad(store, parts.fault, "doc")
      await store.append("doc", entry("b"))
      await failRead(parts.fault, () => store.currentMeta("doc"))
      await store.append("doc", entry("c"))
      await failLoad(store, parts.fault, "doc")
      await store.replace("doc", [metaRecord(), entry("d")])
      deepEqual(await labels(store, "doc"), [META, "d"])
      await store.close()
    },
  },
]
