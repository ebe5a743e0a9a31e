-- Owned by package replay.
-- The answer to a request that carried an Idempotency-Key, written in the
-- transaction of its effect. Kept for ever, sealed with a key that is not in
-- the database, since an answer may hold a token.
-- +goose Up
CREATE TABLE replay_answers (
	owner      TEXT NOT NULL,
	key_hash   TEXT NOT NULL,
	route      TEXT NOT NULL,
	body_hash  TEXT NOT NULL,
	answer     BYTEA,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (owner, key_hash)
);

-- +goose Down
DROP TABLE replay_answers;
