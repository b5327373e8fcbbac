-- A store of format 1.0. Never changed: every later version has to open it and find the same documents.
PRAGMA encoding = 'UTF-8';
CREATE TABLE "holdfast_meta" (
  doc INTEGER PRIMARY KEY AUTOINCREMENT,
  doc_id TEXT NOT NULL UNIQUE, -- '' is the header of the store
  data TEXT NOT NULL -- JSON
);
CREATE TABLE "holdfast_records" (
  doc INTEGER NOT NULL, -- the number in the table of metadata
  seq INTEGER NOT NULL, -- contiguous; goes on after a replace
  kind INTEGER NOT NULL, -- 1 first meta, 2 meta, 3 entirety, 4 since, 5 and 6 the same continued, 7 middle and 8 last piece
  version TEXT,
  lineage TEXT,
  payload TEXT, -- JSON, or
  blob BLOB, -- bytes
  PRIMARY KEY (doc, seq)
);

INSERT INTO holdfast_meta VALUES (1, '', '{"format":"1.0","created":"2026-01-02T03:04:05.678Z"}');

-- Every kind of record that is one row, empty values, and metadata that changed.
INSERT INTO holdfast_meta VALUES (2, 'notes/Zürich', '{"replicaType":["text",1,2],"syncMode":{"writerModel":"concurrent","delivery":"delta-capable","durability":"persistent"},"schemaHash":"second"}');
INSERT INTO holdfast_records VALUES
  (2, 1, 1, NULL, NULL, '{"replicaType":["text",1,0],"syncMode":{"writerModel":"concurrent","delivery":"delta-capable","durability":"persistent"},"schemaHash":"first"}', NULL),
  (2, 2, 3, 'v1', NULL, '{"title":"Zürich 🏔"}', NULL),
  (2, 3, 4, '', 'line', '', NULL),
  (2, 4, 2, NULL, NULL, '{"replicaType":["text",1,2],"syncMode":{"writerModel":"concurrent","delivery":"delta-capable","durability":"persistent"},"schemaHash":"second"}', NULL),
  (2, 5, 3, 'v2', '', NULL, x''),
  (2, 6, 4, '9007199254740993', NULL, NULL, x'0001feff');

-- Replaced: the numbers go on. Its records are in pieces, of bytes and of text. Number 3 was a document now deleted.
INSERT INTO holdfast_meta VALUES (4, 'replaced', '{"replicaType":["list",3,0],"syncMode":{"writerModel":"serialized","delivery":"snapshot-only","durability":"transient"},"schemaHash":""}');
INSERT INTO holdfast_records VALUES
  (4, 8, 1, NULL, NULL, '{"replicaType":["list",3,0],"syncMode":{"writerModel":"serialized","delivery":"snapshot-only","durability":"transient"},"schemaHash":""}', NULL),
  (4, 9, 5, 'pieces', 'line', NULL, x'010203'),
  (4, 10, 7, NULL, NULL, NULL, x'04'),
  (4, 11, 8, NULL, NULL, NULL, x'0506'),
  (4, 12, 6, 'text', NULL, 'half ', NULL),
  (4, 13, 8, NULL, NULL, 'and half 🏔', NULL);

UPDATE sqlite_sequence SET seq = 4 WHERE name = 'holdfast_meta';
