-- Owned by package prompt.
-- What models are told to do, for each kind of work, in every version that it
-- ever had. Of a kind without one the first is in the program.
-- +goose Up
CREATE TABLE prompts (
	kind       TEXT NOT NULL,
	version    BIGINT NOT NULL CHECK (version > 0),
	text       TEXT NOT NULL,
	actor      TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (kind, version)
);

-- +goose Down
DROP TABLE prompts;
