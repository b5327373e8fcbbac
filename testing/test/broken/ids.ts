import { type BrokenStore, brokenIds, brokenMethods, like } from "./broken-store.js"

export const idStores: readonly BrokenStore[] = [
  {
    name: "ids end at U+0000",
    bug: "The driver hands ids over as C strings, so what follows U+0000 is gone.",
    breaks: ["ID-2"],
    also: ["LIST-5"],
    damage: brokenIds(docId => (typeof docId === "string" && docId[0] !== "\0" ? (docId.split("\0")[0] ?? "") : docId)),
  },
  {
    name: "lone surrogates become U+FFFD",
    bug: "Ids are encoded without a check, so every unpaired surrogate is the same replacement character.",
    breaks: ["ID-2"],
    also: ["ERROR-1", "LIST-5"],
    damage: brokenIds(docId => (typeof docId === "string" ? docId.toWellFormed() : docId)),
  },
  {
    name: "ids of any type",
    bug: "Ids are put into a template string, so a number, null or an object is an id too.",
    breaks: ["ID-2"],
    also: ["ERROR-1"],
    damage: brokenIds(docId => (Object(docId) === docId || typeof docId === "symbol" ? docId : String(docId))),
  },
  {
    name: "long ids are cut",
    bug: "The id column has a length, and the database cuts what is longer.",
    breaks: ["ID-2"],
    also: ["ERROR-1", "LIST-5"],
    damage: brokenIds(docId => (typeof docId === "string" && docId.length > 1024 ? docId.slice(0, 1024) : docId)),
  },
  {
    name: "ids compare without case",
    bug: "The id column has a collation that ignores case.",
    breaks: ["ID-1"],
    also: ["LIST-1", "LIST-2"],
    damage: brokenIds(docId => (typeof docId === "string" ? docId.toLowerCase() : docId)),
  },
  {
    name: "ids compare without trailing spaces",
    bug: "The id column pads, so that an id and the same id with a space are one.",
    breaks: ["ID-1"],
    also: ["LIST-1"],
    damage: brokenIds(docId => (typeof docId === "string" ? docId.trimEnd() || docId : docId)),
  },
  {
    name: "ids are normalised",
    bug: "The file system or the collation takes two normal forms of one letter for one name.",
    breaks: ["ID-1"],
    also: ["LIST-1", "LIST-2"],
    damage: brokenIds(docId => (typeof docId === "string" ? docId.normalize("NFC") : docId)),
  },
  {
    name: "only the start of an id counts",
    bug: "The unique index covers the first 767 bytes of an id.",
    breaks: ["ID-1"],
    also: ["ERROR-2", "LIST-1"],
    damage: brokenIds(docId => (typeof docId === "string" && docId.length <= 1024 ? docId.slice(0, 767) : docId)),
  },
  {
    name: "reserved ids",
    bug: "The store keeps rows of its own among the documents and refuses their names.",
    breaks: ["ID-1"],
    damage: brokenIds(docId => (typeof docId === "string" && /^(header|format|meta)$/.test(docId) ? "" : docId)),
  },
  {
    name: "wildcards in delete",
    bug: "A document's rows are removed with LIKE, so an id with an underscore takes its neighbours along.",
    breaks: ["ID-1"],
    damage: brokenMethods(store => ({
      async delete(docId) {
        await store.delete(docId)
        if (!/[_%]/.test(docId)) return
        for await (const id of store.listDocIds()) if (like(id, docId)) await store.delete(id)
      },
    })),
  },
  {
    name: "the database checks ids",
    bug: "An invalid id is noticed only when the database refuses it.",
    breaks: ["ID-2"],
    also: ["LIST-5"],
    damage: brokenMethods(store => ({
      async delete(docId) {
        if (typeof docId !== "string" || docId.includes("\0")) for await (const _ of store.listDocIds()) break
        return store.delete(docId)
      },
    })),
  },
]
