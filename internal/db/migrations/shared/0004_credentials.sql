-- Owned by package identity.
-- Tokens and keys are kept as SHA-256 of 32 random bytes: nothing here lets
-- anybody in. A login begins a family of refresh tokens; each use replaces the
-- token by the next of its family, and using one twice ends the family.
-- +goose Up
CREATE TABLE token_families (
	id         TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id),
	account_id TEXT REFERENCES accounts (id),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	ended_at   BIGINT,
	end_reason TEXT
);
CREATE INDEX token_families_by_user ON token_families (user_id);

CREATE TABLE refresh_tokens (
	hash       TEXT PRIMARY KEY,
	family_id  TEXT NOT NULL REFERENCES token_families (id),
	created_at BIGINT NOT NULL,
	used_at    BIGINT
);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);

CREATE TABLE api_keys (
	account_id   TEXT NOT NULL REFERENCES accounts (id),
	id           TEXT NOT NULL,
	name         TEXT NOT NULL,
	hash         TEXT NOT NULL UNIQUE,
	hint         TEXT NOT NULL,
	scopes       TEXT NOT NULL,
	site_id      TEXT,
	created_by   TEXT NOT NULL,
	created_at   BIGINT NOT NULL,
	expires_at   BIGINT,
	revoked_at   BIGINT,
	last_used_at BIGINT,
	PRIMARY KEY (account_id, id)
);

-- Links that are good for one use: the first staff user, e-mail verification,
-- password reset.
CREATE TABLE one_time_tokens (
	hash       TEXT PRIMARY KEY,
	purpose    TEXT NOT NULL CHECK (purpose IN ('first_staff', 'verify_email', 'reset_password')),
	user_id    TEXT REFERENCES users (id),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT
);

-- +goose Down
DROP TABLE one_time_tokens;
DROP TABLE api_keys;
DROP TABLE refresh_tokens;
DROP TABLE token_families;
