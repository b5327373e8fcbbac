import { compareUtf8, type DocId, isStoreError } from "@holdfast/store-core"
import {
  type BrokenStore,
  brokenBackend,
  brokenListing,
  brokenMethods,
  iterating,
  like,
  watched,
} from "./broken-store.js"

/** The page of ids behind `after`, in the order that `compare` makes. */
function pageAfter(
  ids: readonly DocId[],
  after: DocId | null,
  limit: number,
  compare: (a: DocId, b: DocId) => number = compareUtf8,
): readonly DocId[] {
  const behind = after === null ? [...ids] : ids.filter(id => compare(id, after) > 0)
  return behind.sort(compare).slice(0, limit)
}

const byUnits = (a: DocId, b: DocId) => (a < b ? -1 : Number(a > b))
const byAlphabet = new Intl.Collator("en").compare

export const listingStores: readonly BrokenStore[] = [
  {
    name: "a prefix ignores case",
    bug: "The prefix is given to LIKE, which in SQLite ignores the case of ASCII letters.",
    breaks: ["LIST-1"],
    damage: brokenListing((ids, prefix, after, limit) =>
      pageAfter(
        ids.filter(id => id.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase()),
        after,
        limit,
      ),
    ),
  },
  {
    name: "a prefix is a pattern",
    bug: "The prefix is given to LIKE, where a percent sign and an underscore stand for other characters.",
    breaks: ["LIST-1"],
    damage: brokenListing((ids, prefix, after, limit) => {
      return pageAfter(
        ids.filter(id => like(id, `${prefix}%`)),
        after,
        limit,
      )
    }),
  },
  {
    name: "a prefix ends at the next character",
    bug: "The end of the range is the prefix with its last unit plus one, which is wrong before a surrogate.",
    breaks: ["LIST-1"],
    slow: ["list-random-many"],
    damage: brokenListing((ids, prefix, after, limit) => {
      const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
      return pageAfter(
        ids.filter(id => id.startsWith(prefix) && (prefix === "" || id < end.toWellFormed())),
        after,
        limit,
      )
    }),
  },
  {
    name: "a long prefix is too complex",
    bug: "The prefix is given to LIKE, which in a Durable Object takes patterns of up to 50 bytes.",
    breaks: ["LIST-1"],
    damage: brokenBackend(backend => ({
      readIds(prefix, after, limit) {
        if (prefix.length > 50) throw new Error("LIKE or GLOB pattern too complex")
        return backend.readIds(prefix, after, limit)
      },
    })),
  },
  {
    name: "nothing to list is an error",
    bug: "A query that finds no row is reported as one that failed.",
    breaks: ["LIST-1"],
    also: ["DELETE-1", "DELETE-2", "LIST-4", "LOAD-1", "META-1", "SHARE-1", "SHARE-3"],
    damage: brokenBackend(backend => ({
      readIds(prefix, after, limit) {
        if (backend.readIds("", null, 1).length === 0) throw new Error("no rows in result set")
        return backend.readIds(prefix, after, limit)
      },
    })),
  },
  {
    name: "an id for each meta",
    bug: "Ids are taken from the rows of metadata, of which a document may have several.",
    breaks: ["LIST-1"],
    also: ["SHARE-1", "WRITE-2"],
    damage() {
      const several = new Set<DocId>()
      return brokenBackend(backend => ({
        commit: (operations, plan) =>
          backend.commit(operations, (all, states) => {
            const decisions = plan(all, states)
            decisions.forEach((decision, i) => {
              if (decision.kind === "append" && decision.meta !== null) several.add(all[i]?.docId ?? "")
            })
            return decisions
          }),
        readIds: (prefix, after, limit) =>
          backend.readIds(prefix, after, limit).flatMap(id => (several.has(id) ? [id, id] : [id])),
      }))()
    },
  },
  {
    name: "whoever was asked about is listed",
    bug: "A read of a document that does not exist leaves a row for it.",
    breaks: ["LIST-1"],
    also: ["DELETE-1", "META-1", "ORDER-2", "SHARE-1", "WRITE-2"],
    damage() {
      const asked = new Set<string>()
      return brokenBackend(backend => ({
        readMeta(docId) {
          asked.add(docId)
          return backend.readMeta(docId)
        },
        readIds(prefix, after, limit) {
          const ids = backend.readIds(prefix, after, limit)
          const more = [...asked].filter(id => id.startsWith(prefix) && !ids.includes(id))
          return after === null && ids.length < 100 ? [...ids, ...more].sort(compareUtf8) : ids
        },
      }))()
    },
  },
  {
    name: "deleted documents are listed",
    bug: "A delete removes the records and forgets the index of ids.",
    breaks: ["DELETE-1"],
    also: ["DELETE-2", "LIST-1", "ORDER-2", "SHARE-1", "WRITE-1", "WRITE-2", "WRITE-5"],
    damage() {
      const deleted = new Set<string>()
      return brokenBackend(backend => ({
        commit(operations, plan) {
          const outcomes = backend.commit(operations, plan)
          for (const { kind, docId } of operations) {
            if (kind === "delete") deleted.add(docId)
            else deleted.delete(docId)
          }
          return outcomes
        },
        readIds(prefix, after, limit) {
          const ids = backend.readIds(prefix, after, limit)
          const more = [...deleted].filter(id => id.startsWith(prefix) && !ids.includes(id))
          return after === null && ids.length + more.length < limit ? [...ids, ...more].sort(compareUtf8) : ids
        },
      }))()
    },
  },
  {
    name: "ids in UTF-16 order",
    bug: "Ids are sorted as JavaScript compares them, which puts U+10000 before U+FFFF.",
    breaks: ["LIST-2"],
    also: ["LIST-1"],
    damage: brokenListing((ids, prefix, after, limit) =>
      pageAfter(
        ids.filter(id => id.startsWith(prefix)),
        after,
        limit,
        byUnits,
      ),
    ),
  },
  {
    name: "ids in alphabetical order",
    bug: "Ids are sorted by the collation of the database, which puts a between A and b.",
    breaks: ["LIST-2"],
    also: ["LIST-1"],
    damage: brokenListing((ids, prefix, after, limit) =>
      pageAfter(
        ids.filter(id => id.startsWith(prefix)),
        after,
        limit,
        byAlphabet,
      ),
    ),
  },
  {
    name: "all ids at once",
    bug: "A listing asks for all ids and hands them out from memory.",
    breaks: ["LIST-3"],
    slow: ["list-is-streamed"],
    damage: brokenBackend(backend => ({
      readIds: (prefix, after) => backend.readIds(prefix, after, Number.MAX_SAFE_INTEGER),
    })),
  },
  {
    name: "an id is lost between pages",
    bug: "The next page of ids begins behind the id after the last one.",
    breaks: ["LIST-3"],
    also: ["LIST-1", "LIST-4", "LIST-6"],
    slow: ["list-random-many"],
    damage: brokenBackend(backend => ({
      readIds: (prefix, after, limit) =>
        after === null ? backend.readIds(prefix, after, limit) : backend.readIds(prefix, after, limit + 1).slice(1),
    })),
  },
  {
    name: "pages of ids by offset",
    bug: "The next page of ids is asked for by offset, which moves when ids before it come or go.",
    breaks: ["LIST-4"],
    damage() {
      const offsets = new Map<DocId, number>()
      return brokenListing((ids, prefix, after, limit) => {
        const from = after === null ? 0 : (offsets.get(prefix + after) ?? 0)
        const page = ids.filter(id => id.startsWith(prefix)).slice(from, from + limit)
        offsets.set(prefix + page.at(-1), from + page.length)
        return page
      })()
    },
  },
  {
    name: "any prefix goes",
    bug: "A prefix is not checked: one that no id can have lists nothing.",
    breaks: ["LIST-5"],
    also: ["ERROR-1", "ID-2"],
    damage: brokenMethods(store => ({
      listDocIds: prefix =>
        store.listDocIds(typeof prefix === "string" && !prefix.isWellFormed() ? "x".repeat(1024) : prefix),
    })),
  },
  {
    name: "a refused listing goes on",
    bug: "The prefix is checked by the first step; who asks again gets the first id behind it.",
    breaks: ["LIST-5", "ID-2"],
    damage: brokenMethods(store => ({
      listDocIds: prefix =>
        iterating(store.listDocIds(prefix), iterator => {
          let refused = false
          return {
            async next() {
              if (refused) return { done: false, value: prefix ?? "" }
              try {
                return await iterator.next()
              } catch (error) {
                refused = isStoreError(error, "STORE_INVALID_DOC_ID")
                throw error
              }
            },
          }
        }),
    })),
  },
  {
    name: "one position for all listings",
    bug: "A prepared statement is shared, so that a listing that begins ends the ones before it.",
    breaks: ["LIST-6"],
    damage() {
      let latest: object
      return brokenMethods(store => ({
        listDocIds: prefix =>
          iterating(store.listDocIds(prefix), iterator => {
            const mine = {}
            let begun = false
            return {
              next() {
                if (!begun) latest = mine
                begun = true
                return latest === mine ? iterator.next() : Promise.resolve({ done: true, value: undefined })
              },
            }
          }),
      }))()
    },
  },
  {
    name: "an unfinished listing holds the store open",
    bug: "The database cannot be closed while the statement of a listing is not finalised.",
    breaks: ["LIST-6"],
    also: ["CLOSE-1", "CLOSE-2", "LOAD-6"],
    slow: ["load-never-started-or-finished"],
    damage() {
      const open = new Set<object>()
      return brokenMethods(store => ({
        listDocIds(prefix) {
          const listing = {}
          return watched(
            store.listDocIds(prefix),
            () => void open.add(listing),
            () => void open.delete(listing),
          )
        },
        async close() {
          await store.close()
          if (open.size > 0) throw new Error("unable to close due to unfinalized statements")
        },
      }))()
    },
  },
  {
    name: "a listing that is left holds the database",
    bug: "Only the end of a listing gives its lock back, so a loop that was left by break stops the writers for ever.",
    breaks: ["LIST-6"],
    damage() {
      let left = false
      return brokenMethods(store => ({
        append: (docId, record) =>
          left ? Promise.reject(new Error("database table is locked")) : store.append(docId, record),
        listDocIds: prefix =>
          watched(
            store.listDocIds(prefix),
            () => {},
            how => {
              left ||= how === "left"
            },
          ),
      }))()
    },
  },
  {
    name: "errors end a listing",
    bug: "An error of a listing is logged, and what was listed until then is taken for all.",
    breaks: ["LIST-4"],
    also: ["GUARD-1", "LIST-3"],
    slow: ["list-is-streamed"],
    damage: brokenBackend(backend => ({
      readIds(prefix, after, limit) {
        try {
          return backend.readIds(prefix, after, limit)
        } catch {
          return []
        }
      },
    })),
  },
]
