import { collect, deepEqual, equal, ok, rejects, within } from "../assert.js"
import type { ConformanceCase } from "../case.js"
import { metaRecord } from "../fixtures.js"
import { createAll, iterate, names, rest, sortedIds, started, upTo } from "./support.js"

export const listIterationCases: readonly ConformanceCase[] = [
  {
    id: "list-pages",
    title: "thousands of ids are listed over several pages, in order and each once, under a prefix too",
    rules: ["LIST-3"],
    async run({ store }) {
      const ids = [...names("a/", 1000), ...names("b/", 3000), ...names("c/", 1000)]
      await createAll(store, ids)
      deepEqual(await collect(store.listDocIds()), ids)
      deepEqual(await collect(store.listDocIds("b/")), names("b/", 3000))
    },
  },
  {
    id: "list-is-streamed",
    title: "a listing of 10,000 ids asks for the later ones only when the consumer gets there",
    rules: ["LIST-3"],
    requires: ["fault"],
    slow: true,
    async run({ store, parts }) {
      const ids = names("doc", 10_000)
      await createAll(store, ids)
      const iterator = await started(store.listDocIds())
      const seen = ids.slice(0, 1)
      parts.fault.arm(1)
      await rejects(async () => {
        for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) seen.push(step.value)
      }, ["STORE_BACKEND", "STORE_UNAVAILABLE"])
      equal(parts.fault.disarm(), true, "whether the store asked for more")
      ok(seen.length < ids.length, "the first ids came before the last were read")
      deepEqual(seen, ids.slice(0, seen.length), "ids before the failure")
      equal((await collect(store.listDocIds())).length, ids.length, "number of ids afterwards")
    },
  },
  {
    id: "list-during-changes",
    title: "ids that exist throughout a listing appear exactly once, in order, whatever else comes and goes",
    rules: ["LIST-4"],
    async run({ store }) {
      const ids = names("doc", 4000)
      await createAll(store, ids)
      const deleted = new Set<string>()
      const created = new Set<string>()
      const seen: string[] = []
      for await (const id of upTo(10_000, store.listDocIds())) {
        if (seen.push(id) % 250 !== 0) continue
        const at = seen.length
        for (const gone of [ids[at - 1], ids[at], ids[at + 300], ids[at - 200], ids[3999 - at]]) {
          if (gone === undefined) continue
          deleted.add(gone)
          await store.delete(gone)
        }
        for (const fresh of [`${id}+`, `a${at}`, `z${at}`, `${ids[Math.min(at + 600, 3999)]}+`]) {
          created.add(fresh)
          await store.append(fresh, metaRecord())
        }
      }
      deepEqual(seen, sortedIds(new Set(seen)), "each id once, in order")
      const lasting = ids.filter(id => !deleted.has(id))
      deepEqual(
        seen.filter(id => !deleted.has(id) && !created.has(id)),
        lasting,
        "the ids that existed throughout",
      )
      deepEqual(await collect(store.listDocIds()), sortedIds([...lasting, ...created]), "afterwards")
    },
  },
  {
    id: "list-under-recreation",
    title: "an id whose document is replaced, or deleted and created again, is listed at most once",
    rules: ["LIST-4"],
    async run({ store }) {
      const ids = names("doc", 3000)
      await createAll(store, ids)
      const seen: string[] = []
      for await (const id of upTo(10_000, store.listDocIds())) {
        if (seen.push(id) % 500 !== 1) continue
        await store.replace(id, [metaRecord()])
        await Promise.all([store.delete("doc02999"), store.append("doc02999", metaRecord())])
      }
      deepEqual(seen, ids)
    },
  },
  {
    id: "list-all-deleted-meanwhile",
    title: "a listing ends when everything it has not reached is deleted",
    rules: ["LIST-4"],
    async run({ store }) {
      const ids = names("doc", 3000)
      await createAll(store, ids)
      const iterator = await started(store.listDocIds())
      await Promise.all(ids.map(id => store.delete(id)))
      const left = await within(rest(iterator), 20_000, "the rest of the listing")
      deepEqual(left, ids.slice(1, 1 + left.length), "ids read before they were deleted")
      ok(left.length < ids.length, "the listing ended")
      deepEqual(await collect(store.listDocIds()), [])
    },
  },
  {
    id: "list-interleaved",
    title: "listings interleaved step by step, of one iterable or several, are all complete",
    rules: ["LIST-6"],
    async run({ store }) {
      const ids = [...names("a", 2100), ...names("b", 2100)]
      await createAll(store, ids)
      const all = store.listDocIds()
      const listings = [all, all, store.listDocIds("a"), store.listDocIds("b")].map(i => ({
        it: iterate(i),
        seen: [""],
      }))
      for (let step = 0; step <= ids.length; step++) {
        for (const { it, seen } of listings) seen.push((await it.next()).value ?? "end")
      }
      const seen = listings.map(listing => listing.seen.slice(1).filter(id => id !== "end"))
      deepEqual(seen, [ids, ids, names("a", 2100), names("b", 2100)])
    },
  },
  {
    id: "list-steps-not-awaited",
    title: "steps of a listing asked for without awaiting any are answered in order",
    rules: ["LIST-6"],
    async run({ store }) {
      const ids = names("doc", 2500)
      await createAll(store, ids)
      const iterator = iterate(store.listDocIds())
      const steps = await Promise.all(Array.from({ length: 2510 }, () => iterator.next()))
      deepEqual(
        steps.flatMap(step => (step.done === true ? [] : [step.value])),
        ids,
      )
    },
  },
  {
    id: "list-left-early",
    title: "after listings left by break, throw or return, writes and close work",
    rules: ["LIST-6"],
    async run({ store }) {
      await createAll(store, names("doc", 3000))
      for (const at of [1, 2, 1000, 2999]) {
        let seen = 0
        for await (const _ of store.listDocIds()) if (++seen === at) break
        const loop = async () => {
          for await (const id of store.listDocIds()) throw new Error(id)
        }
        equal(await loop().catch((error: Error) => error.message), "doc00000", "what the loop threw")
        await (await started(store.listDocIds())).return?.()
      }
      await within(Promise.all([store.append("x", metaRecord()), store.delete("doc00000")]), 20_000, "writes")
      deepEqual(await collect(store.listDocIds("x")), ["x"])
      await within(store.close(), 20_000, "close")
    },
  },
]
