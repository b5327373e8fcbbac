CREATE TABLE IF NOT EXISTS "holdfast_meta" (
  doc BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- never used twice
  doc_id TEXT COLLATE "C" NOT NULL UNIQUE, -- '' is the header of the store
  data TEXT NOT NULL -- JSON
);

CREATE TABLE IF NOT EXISTS "holdfast_records" (
  doc BIGINT NOT NULL, -- the number in the table of metadata
  seq BIGINT NOT NULL, -- contiguous, goes on after a replace
  kind SMALLINT NOT NULL, -- 1 first meta, 2 meta, 3 entirety, 4 since, 5 and 6 the same continued, 7 middle and 8 last piece
  version TEXT,
  lineage TEXT,
  payload TEXT, -- JSON, or
  blob BYTEA, -- bytes
  PRIMARY KEY (doc, seq)
);

-- Optional: appends one row by a plan that the server keeps, where the statement by itself would be planned anew each time.
-- Its body names the schema, so it does the same under every search_path. Without sequential scans, because a plan made
-- while the tables are small stays when they have grown.
DO $do$
BEGIN
  EXECUTE format('CREATE FUNCTION %1$s."holdfast_records_append"(bigint, bigint, smallint, text, text, text, bytea, xid, tid, oid, integer, regclass)
  RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = off AS %2$L', '"' || replace(current_schema(), '"', '""') || '"', format($body$
BEGIN
  INSERT INTO %1$s."holdfast_records" (doc, seq, kind, version, lineage, payload, blob)
  SELECT doc, $2, $3, $4, $5, $6, $7 FROM %1$s."holdfast_meta"
  WHERE ctid = $9 AND doc = $1 AND xmin = $8 AND tableoid = $10 AND pg_backend_pid() = $11 AND tableoid = $12 FOR NO KEY UPDATE SKIP LOCKED;
  RETURN FOUND;
END
$body$, '"' || replace(current_schema(), '"', '""') || '"'));
EXCEPTION WHEN duplicate_function OR unique_violation THEN
  NULL; -- it is there, or another session is making it
END
$do$;
