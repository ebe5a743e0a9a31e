-- Owned by package ai.
-- The endpoint of models that an account has of its own, with its key, sealed.
-- +goose Up
CREATE TABLE ai_own (
	account_id TEXT PRIMARY KEY REFERENCES accounts (id),
	vendor     TEXT NOT NULL,
	base_url   TEXT NOT NULL,
	model      TEXT NOT NULL,
	embeddings TEXT NOT NULL,
	key_sealed BYTEA NOT NULL,
	hint       TEXT NOT NULL,
	trouble    TEXT NOT NULL DEFAULT '',
	checked_at BIGINT,
	updated_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE ai_own;
