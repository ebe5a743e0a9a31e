-- Owned by package planner.
-- The pages that a search engine shows for a keyword, by their rank, where a
-- file knew them.
-- numbers_at is when the file was imported from which the numbers of a keyword
-- are: a file that came later knows better. It is NULL where a person typed
-- them, and then no file changes them, and 0 where there were none. volume_exact
-- is false of a volume that the file gave as a range only.
-- +goose Up
CREATE TABLE keyword_results (
	account_id TEXT NOT NULL,
	keyword_id TEXT NOT NULL,
	position   BIGINT NOT NULL CHECK (position BETWEEN 1 AND 100),
	url        TEXT NOT NULL,
	PRIMARY KEY (account_id, keyword_id, position),
	FOREIGN KEY (account_id, keyword_id) REFERENCES keywords (account_id, id)
);
ALTER TABLE keywords ADD COLUMN numbers_at BIGINT;
ALTER TABLE keywords ADD COLUMN volume_exact BOOLEAN NOT NULL DEFAULT TRUE;

-- +goose Down
ALTER TABLE keywords DROP COLUMN volume_exact;
ALTER TABLE keywords DROP COLUMN numbers_at;
DROP TABLE keyword_results;
