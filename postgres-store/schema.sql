CREATE TABLE IF NOT EXISTS "holdfast_meta" (
  doc BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never used twice
  doc_id TEXT COLLATE "C" NOT NULL UNIQUE, -- '' is the header of the store
  data TEXT NOT NULL -- JSON
);

CREATE TABLE IF NOT EXISTS "holdfast_records" (
  doc BIGINT NOT NULL, -- the number in the table of metadata
  seq BIGINT NOT NULL, -- contiguous; goes on after a replace
  kind SMALLINT NOT NULL, -- 1 first meta, 2 meta, 3 entirety, 4 since, 5 and 6 the same continued, 7 middle and 8 last piece
  version TEXT,
  lineage TEXT,
  payload TEXT, -- JSON, or
  blob BYTEA, -- bytes
  PRIMARY KEY (doc, seq)
);
