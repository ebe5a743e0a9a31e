-- Owned by package identity.
-- secret is sealed with a key that is not in the database: unlike a password
-- it has to be known in order to check a code. last_step is the time step of
-- the newest code that was taken; it and all before it are refused, so that a
-- code that was overheard opens nothing.
-- +goose Up
CREATE TABLE second_factors (
	user_id       TEXT PRIMARY KEY REFERENCES users (id),
	secret        BYTEA NOT NULL,
	last_step     BIGINT NOT NULL DEFAULT 0,
	failures      BIGINT NOT NULL DEFAULT 0,
	blocked_until BIGINT NOT NULL DEFAULT 0,
	created_at    BIGINT NOT NULL,
	confirmed_at  BIGINT
);

CREATE TABLE recovery_codes (
	user_id    TEXT NOT NULL REFERENCES users (id),
	hash       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	used_at    BIGINT,
	PRIMARY KEY (user_id, hash)
);

-- Who has given the right password and owes a code.
CREATE TABLE sign_in_challenges (
	hash       TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id),
	tries      BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT
);
CREATE INDEX sign_in_challenges_by_user ON sign_in_challenges (user_id);

-- +goose Down
DROP TABLE sign_in_challenges;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
