/** What people take instead, and what it does otherwise, which explains where it is ahead. */
export const PEERS: Readonly<Record<string, string>> = {
  naive:
    "The plain way of writing such a store: prepares a statement for each call, looks the document and its last number up, and commits each append by itself.",
  "classic-level":
    "LevelDB writes a batch to its log and a table in memory, and sorts it into files later on a thread of its own. Only one process can open it; nothing but keys in order is kept for the application to query.",
  "y-leveldb": "The Yjs provider on LevelDB: a key for each update.",
  lmdb: "A memory-mapped tree of pages: commits run on a thread of their own, and reading is a look into mapped memory without a statement or a copy by the engine.",
  "automerge-nodefs":
    "A file for each chunk, written without waiting for the disk. It opens all files of a load at once, which fails for the largest.",
  "emmett-postgresql":
    "An event store: every append calls a function in the database that checks the stream's version; payloads are JSON.",
}

/** Other ways to lay out the same rows in SQLite, and what each is good at. */
export const LAYOUTS: Readonly<Record<string, string>> = {
  textbook:
    "One table without a rowid, ordered by the document's id and the number, written by hand: records of one document lie together, so loads read few pages and groups write many.",
  clustered: "The same, ordered by the document's number instead of its id.",
  packed: "Document and number in one integer, the key of the table: rows lie as in clustered.",
}
