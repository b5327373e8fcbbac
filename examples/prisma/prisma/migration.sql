CREATE TABLE IF NOT EXISTS "Note" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "title" TEXT NOT NULL,
  "edits" INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS "holdfast_meta" (
  "doc" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "doc_id" TEXT NOT NULL,
  "data" TEXT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS "holdfast_meta_doc_id_key" ON "holdfast_meta"("doc_id");

CREATE TABLE IF NOT EXISTS "holdfast_records" (
  "doc" INTEGER NOT NULL,
  "seq" INTEGER NOT NULL,
  "kind" INTEGER NOT NULL,
  "version" TEXT,
  "lineage" TEXT,
  "payload" TEXT,
  "blob" BLOB,
  PRIMARY KEY ("doc", "seq")
);
