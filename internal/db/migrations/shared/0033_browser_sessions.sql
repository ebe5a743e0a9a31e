-- Owned by package identity.
-- What a browser keeps in its cookie, as SHA-256 of 32 random
-- bytes: nothing here lets anybody in. A session is a family of tokens like any
-- other; whatever ends that ends this.
-- +goose Up
CREATE TABLE browser_sessions (
	hash       TEXT PRIMARY KEY,
	family_id  TEXT NOT NULL UNIQUE REFERENCES token_families (id),
	created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE browser_sessions;
